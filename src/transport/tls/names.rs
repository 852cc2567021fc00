//! The contexts of one server, by the names that clients ask for (RFC 6066 §3).

use std::sync::{Arc, PoisonError, RwLock};

use super::context::TlsContext;

/// See the module. JavaScript changes them at run time, while I/O threads choose.
#[derive(Debug)]
pub struct TlsContexts(RwLock<State>);

#[derive(Debug)]
struct State {
    standard: Arc<TlsContext>,
    /// Patterns of names with their contexts.
    named: Vec<(Box<str>, Arc<TlsContext>)>,
    /// JavaScript chooses.
    asks: bool,
}

/// The context for a client.
#[derive(Debug)]
pub enum Choice {
    /// This one.
    Context(Arc<TlsContext>),
    /// JavaScript has to choose by the name.
    Ask,
}

impl TlsContexts {
    /// The contexts of a server that has one. With `asks`, JavaScript chooses for each client that
    /// asks for a name.
    pub fn new(standard: Arc<TlsContext>, asks: bool) -> Self {
        Self(RwLock::new(State { standard, named: Vec::new(), asks }))
    }

    /// Replaces the context for clients that ask for no name, or for none of those that were added.
    pub fn set_standard(&self, standard: Arc<TlsContext>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).standard = standard;
    }

    /// Adds a context for names of this pattern, as Node's `server.addContext()`: each `*` stands
    /// for any characters except dots. Later ones come first.
    pub fn add(&self, pattern: &str, context: Arc<TlsContext>) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        state.named.insert(0, (pattern.to_ascii_lowercase().into(), context));
    }

    /// Chooses a context for a client that asks for this name.
    pub fn choose(&self, name: Option<&str>) -> Choice {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(name) = name else { return Choice::Context(state.standard.clone()) };
        if state.asks {
            return Choice::Ask;
        }
        let name = name.to_ascii_lowercase();
        let named = state.named.iter().find(|(pattern, _)| matches(pattern.as_bytes(), name.as_bytes()));
        Choice::Context(named.map_or(&state.standard, |(_, context)| context).clone())
    }
}

/// Whether a name is of a pattern. Goes back only to the last `*`, so the time is bounded by the
/// product of the lengths.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut of) = (0, 0);
    let mut star = None;
    while at < name.len() {
        match pattern.get(of) {
            Some(b'*') => {
                star = Some((of, at));
                of += 1;
            }
            Some(&byte) if byte == name[at] => {
                at += 1;
                of += 1;
            }
            _ => match star {
                Some((start, taken)) if name[taken] != b'.' => {
                    star = Some((start, taken + 1));
                    (at, of) = (taken + 1, start + 1);
                }
                _ => return false,
            },
        }
    }
    pattern[of..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_but_dots() {
        let cases = [
            ("example.com", "example.com", true),
            ("example.com", "a.example.com", false),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "a.b.example.com", false),
            ("*.example.com", ".example.com", true),
            ("*.example.com", "example.com", false),
            ("a*z.*", "abz.com", true),
            ("a*z.*", "az.", true),
            ("a*z.*", "a.z.com", false),
            ("*", "localhost", true),
            ("*", "a.b", false),
            ("*.*", "a.b", true),
            ("", "", true),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }
}
