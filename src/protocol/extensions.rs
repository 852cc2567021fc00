//! The header `Sec-WebSocket-Extensions` (RFC 6455 §9.1).

use std::borrow::Cow;

/// A member of the header: an extension that a client offers, or that a server has accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// The name as it is spelt in the header.
    pub name: &'a str,
    /// All parameters in the header's order, with duplicates.
    pub parameters: Vec<Parameter<'a>>,
}

/// A parameter of an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// The name as it is spelt in the header.
    pub name: &'a str,
    /// A token. It may have been quoted.
    pub value: Option<Cow<'a, str>>,
}

/// The header does not follow its grammar. Its receiver fails the connection (RFC 6455 §9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedExtensions;

/// The members of the header. The values of several headers are joined by commas before. White
/// space may be between any two words (RFC 2616 §2.1, which the grammar refers to). Members may be
/// empty.
pub fn parse_extensions(header: &str) -> Result<Vec<Extension<'_>>, MalformedExtensions> {
    let mut rest = Reader(header);
    let mut extensions = Vec::new();
    loop {
        rest.skip_space();
        if rest.0.is_empty() {
            return Ok(extensions);
        }
        if rest.take(b',') {
            continue;
        }
        extensions.push(rest.extension()?);
        if !rest.0.is_empty() && !rest.take(b',') {
            return Err(MalformedExtensions);
        }
    }
}

/// What is still to be read.
struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn extension(&mut self) -> Result<Extension<'a>, MalformedExtensions> {
        let name = self.token()?;
        let mut parameters = Vec::new();
        self.skip_space();
        while self.take(b';') {
            self.skip_space();
            parameters.push(self.parameter()?);
            self.skip_space();
        }
        Ok(Extension { name, parameters })
    }

    fn parameter(&mut self) -> Result<Parameter<'a>, MalformedExtensions> {
        let name = self.token()?;
        self.skip_space();
        if !self.take(b'=') {
            return Ok(Parameter { name, value: None });
        }
        self.skip_space();
        let value = if self.take(b'"') { self.rest_of_quoted()? } else { Cow::Borrowed(self.token()?) };
        Ok(Parameter { name, value: Some(value) })
    }

    fn token(&mut self) -> Result<&'a str, MalformedExtensions> {
        match self.token_characters() {
            "" => Err(MalformedExtensions),
            token => Ok(token),
        }
    }

    /// A quoted string must be a token once its quotes and backslashes are gone.
    fn rest_of_quoted(&mut self) -> Result<Cow<'a, str>, MalformedExtensions> {
        let mut value = Cow::Borrowed(self.token_characters());
        while self.take(b'\\') {
            let escaped = self.0.bytes().next().filter(|&byte| is_token_character(byte)).ok_or(MalformedExtensions)?;
            self.0 = &self.0[1..];
            value.to_mut().push(char::from(escaped));
            value.to_mut().push_str(self.token_characters());
        }
        if self.take(b'"') && !value.is_empty() { Ok(value) } else { Err(MalformedExtensions) }
    }

    /// All parameters that follow. There may be none.
    fn token_characters(&mut self) -> &'a str {
        let end = self.0.bytes().position(|byte| !is_token_character(byte)).unwrap_or(self.0.len());
        let (characters, rest) = self.0.split_at(end);
        self.0 = rest;
        characters
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.0.as_bytes().first() == Some(&byte);
        if is_there {
            self.0 = &self.0[1..];
        }
        is_there
    }

    fn skip_space(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t']);
    }
}

/// RFC 9110 §5.6.2.
fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The header in one spelling: `name; parameter; parameter=value, …`.
    fn respelt(header: &str) -> Option<String> {
        let of_parameter = |parameter: &Parameter| match &parameter.value {
            None => format!("; {}", parameter.name),
            Some(value) => format!("; {}={value}", parameter.name),
        };
        let extensions = parse_extensions(header).ok()?;
        let members = extensions.iter().map(|extension| {
            extension.name.to_owned() + &extension.parameters.iter().map(of_parameter).collect::<String>()
        });
        Some(members.collect::<Vec<_>>().join(", "))
    }

    #[test]
    fn what_follows_the_grammar() {
        for (header, means) in [
            ("", ""),
            (" \t ", ""),
            (",", ""),
            (", ,\t,", ""),
            ("foo", "foo"),
            ("  foo\t", "foo"),
            ("foo,bar", "foo, bar"),
            (",foo, ,bar,", "foo, bar"),
            ("foo, foo", "foo, foo"),
            ("Foo; Bar=Baz", "Foo; Bar=Baz"),
            ("foo;a;b=1;c", "foo; a; b=1; c"),
            ("foo ; a ; b = 1\t;\tc , bar", "foo; a; b=1; c, bar"),
            ("foo; a=1; a=2; a", "foo; a=1; a=2; a"),
            ("foo; a=\"1\"", "foo; a=1"),
            ("foo; a = \"10\" ; b", "foo; a=10; b"),
            (r#"foo; a="\1\0""#, "foo; a=10"),
            (r#"foo; a="x\y\z", bar"#, "foo; a=xyz, bar"),
            ("!#$%&'*+-.^_`|~; 09AZaz=!", "!#$%&'*+-.^_`|~; 09AZaz=!"),
        ] {
            assert_eq!(respelt(header).as_deref(), Some(means), "{header:?}");
        }
    }

    #[test]
    fn what_does_not() {
        for header in [
            ";",
            "=",
            "\"",
            "\"foo\"",
            "foo;",
            "foo; ",
            "foo;,bar",
            "foo;;a",
            "; a",
            "foo; a=",
            "foo; a=;b",
            "foo; =1",
            "foo; a==1",
            "foo; a=1 2",
            "foo; a b",
            "foo bar",
            "foo=1",
            "foo; a=1=2",
            "foo; a=\"",
            "foo; a=\"\"",
            "foo; a=\"1",
            "foo; a=\"1\"2",
            "foo; a=1\"2\"",
            "foo; a=\"1 2\"",
            "foo; a=\"1,2\"",
            "foo; a=\" 1\"",
            r#"foo; a="\""#,
            r#"foo; a="\"""#,
            r#"foo; a="\ ""#,
            r#"foo; a="1\"#,
            r#"foo; a="\é""#,
            r"foo; a=\1",
            "fo/o",
            "föo",
            "foo; a=ö",
            "foo; a=\"ö\"",
            "foo\u{a0}; a",
            "foo\r\n bar",
            "foo\0",
            "foo (bar)",
        ] {
            assert_eq!(respelt(header), None, "{header:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_is_too_much(header in "([a-z0-9,;=\"\\\\ \t]|\\PC){0,40}") {
            if let Some(means) = respelt(&header) {
                prop_assert_eq!(respelt(&means), Some(means.clone()), "it is in its own spelling already");
            }
        }
    }
}
