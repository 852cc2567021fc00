use std::collections::HashMap;
use std::error::Error;
use std::str::FromStr;
use std::time::Duration;

/// The arguments behind the mode: `--name value` pairs, and behind `--` a command to run.
pub struct Options {
    values: HashMap<String, String>,
    pub command: Vec<String>,
}

impl Options {
    pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut values = HashMap::new();
        while let Some(name) = args.next() {
            if name == "--" {
                return Ok(Self { values, command: args.collect() });
            }
            let name = name.strip_prefix("--").ok_or_else(|| format!("{name} is not a --name"))?;
            let value = args.next().ok_or_else(|| format!("--{name} has no value"))?;
            values.insert(name.to_owned(), value);
        }
        Ok(Self { values, command: Vec::new() })
    }

    pub fn optional(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    pub fn required<T>(&self, name: &str) -> Result<T, Box<dyn Error>>
    where
        T: FromStr,
        T::Err: Error + 'static,
    {
        Ok(self.optional(name).ok_or_else(|| format!("--{name} is missing"))?.parse()?)
    }

    pub fn milliseconds(&self, name: &str) -> Result<Duration, Box<dyn Error>> {
        Ok(Duration::from_millis(self.required(name)?))
    }
}
