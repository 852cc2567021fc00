//! How texts reach the application.

use std::borrow::Cow;

use super::event::Event;
use super::utf8::Utf8Stream;
use super::violation::Violation;

/// How texts reach the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextRules {
    /// Whether they must be UTF-8.
    pub checks_utf8: bool,
    /// Whether they are [`Event::TextBytes`].
    pub as_bytes: bool,
}

impl TextRules {
    /// The event of a text that was checked, if it is to be checked. `ascii` is the result.
    pub(super) fn event(self, payload: Cow<'_, [u8]>, ascii: bool) -> Event<'_> {
        if self.as_bytes {
            Event::TextBytes(payload)
        } else if self.checks_utf8 {
            Event::Text { payload, ascii }
        } else {
            readable(payload)
        }
    }

    /// The event of a text that was not checked yet.
    pub(super) fn judge(self, payload: Cow<'_, [u8]>) -> Result<Event<'_>, Violation> {
        let mut text = Utf8Stream::new();
        let ascii =
            self.checks_utf8 && text.push(&payload).and_then(|()| text.finish()).map_err(|_| Violation::InvalidUtf8)?;
        Ok(self.event(payload, ascii))
    }
}

/// Replaces what is not UTF-8 by U+FFFD, as JavaScript's decoders do.
fn readable(payload: Cow<'_, [u8]>) -> Event<'_> {
    let replaced = match String::from_utf8_lossy(&payload) {
        Cow::Borrowed(text) => Err(text.is_ascii()),
        Cow::Owned(text) => Ok(text.into_bytes()),
    };
    match replaced {
        Ok(replaced) => Event::Text { payload: Cow::Owned(replaced), ascii: false },
        Err(ascii) => Event::Text { payload, ascii },
    }
}
