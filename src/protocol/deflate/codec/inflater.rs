//! Inflates messages.

use std::cell::Cell;
use std::fmt;

use zlib_rs::{Inflate, InflateFlush, Status};

use super::history::History;
use super::tail::TAIL;

/// An empty final block. If a stream ends with it, the stream was whole: its end was the beginning
/// of a block, on a byte.
const END: [u8; 2] = [0x03, 0x00];

/// Messages up to this size cost at most one allocation.
const FIRST_ROOM: usize = 1 << 10;

/// The first guess for the size of a message is at most this. Then it doubles.
const MOST_FIRST_ROOM: usize = 64 << 10;

/// A message may have one final block for each so many bytes, because each costs a copy of the
/// window.
const BYTES_PER_FINAL_BLOCK: usize = 1 << 10;

/// zlib says this if it meets an error in its fast loop, instead of what is wrong.
const IN_FAST_LOOP: &str = "repeated call with bad state";

/// zlib's fast loop needs more input than this.
const TOO_SHORT_FOR_FAST_LOOP: usize = 14;

/// zlib's words for a stream that ends in the middle of a block.
const INCOMPLETE: &str = "unexpected end of file";

thread_local! {
    /// The state that all connections of this thread use in turn; `None` while one uses it.
    static SHARED: Cell<Option<Inflate>> = const { Cell::new(None) };
}

/// Why a message can't be inflated. Do not use the inflater again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InflateError {
    /// It is no DEFLATE data, or incomplete, or refers to bytes that never were. The words are
    /// zlib's, where zlib has some.
    Corrupt(&'static str),
    /// It is longer than the limit.
    TooLarge,
}

impl fmt::Display for InflateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Corrupt(words) => words,
            Self::TooLarge => "message too large",
        })
    }
}

impl std::error::Error for InflateError {}

/// Inflates the messages of one peer.
///
/// A thread has one zlib state for all its inflaters. The inflater itself keeps the bytes to which
/// the peer's next message may refer: none without context, otherwise the last bytes that were
/// received, up to the window, which is 32 KiB for 15 bits.
#[derive(Debug)]
pub struct Inflater {
    history: Option<History>,
}

impl Inflater {
    /// Bytes of the zlib state that a thread keeps for all its inflaters.
    pub const STATE_SIZE: usize = 47_680;

    /// `window_bits` (8 to 15) is the peer's largest window. `keeps_context` says whether its
    /// messages may refer to earlier ones.
    pub fn new(window_bits: u8, keeps_context: bool) -> Self {
        Self { history: keeps_context.then(|| History::new(1 << window_bits.clamp(8, 15))) }
    }

    /// Inflates the payload, and appends the message to `output`. It may have at most `limit`
    /// bytes.
    ///
    /// Bytes beyond the limit cost neither memory nor time. After an error nothing is appended, but
    /// memory may be reserved.
    pub fn inflate(&mut self, payload: &[u8], limit: usize, output: &mut Vec<u8>) -> Result<(), InflateError> {
        // An empty message is a zero byte (RFC 7692 §7.2.3.6). An empty payload can only mean the
        // same.
        if matches!(payload, [] | [0]) {
            return Ok(());
        }
        let inflate = SHARED.try_with(Cell::take).ok().flatten().unwrap_or_else(|| Inflate::new(false, 15));
        let start = output.len();
        let mut message = Message {
            inflate,
            history: self.history.as_ref(),
            output,
            start,
            limit,
            finals: 0,
            len: payload.len(),
            most_input: usize::MAX,
        };
        let mut result = message.run(payload);
        if result == Err(InflateError::Corrupt(IN_FAST_LOOP)) {
            result = message.run_slowly(payload);
        }
        // This fails only on a thread that is ending.
        let _ = SHARED.try_with(|shared| shared.set(Some(message.inflate)));
        match (result, &mut self.history) {
            (Err(_), _) => output.truncate(start),
            (Ok(()), Some(history)) => history.push(&output[start..]),
            (Ok(()), None) => {}
        }
        result
    }

    /// Bytes of this inflater on the heap.
    pub fn heap_size(&self) -> usize {
        self.history.as_ref().map_or(0, History::heap_size)
    }
}

/// Where a call of zlib stopped.
enum Stop {
    /// It has taken all of its input.
    Hungry,
    /// After a final block. So many bytes of the input are unread.
    Ended(usize),
}

/// One message that is being inflated.
struct Message<'m> {
    inflate: Inflate,
    history: Option<&'m History>,
    output: &'m mut Vec<u8>,
    /// Where the message begins in the output.
    start: usize,
    limit: usize,
    /// How many final blocks there were.
    finals: usize,
    /// Of the payload.
    len: usize,
    /// Most bytes of input for one call of zlib.
    most_input: usize,
}

impl Message<'_> {
    fn run(&mut self, payload: &[u8]) -> Result<(), InflateError> {
        self.begin_stream()?;
        let mut rest = payload;
        // A final block ends a stream of DEFLATE, but neither the message nor the context. A peer
        // that flushes by final blocks goes on at the next byte, at least with the block whose tail
        // is not on the wire (RFC 7692 §7.2.3.4). npm `ws` ignores the bytes after it. Here they
        // are inflated.
        while let Stop::Ended(unread) = self.feed(rest)? {
            if unread == 0 {
                // Without that last block, the message is whole nevertheless.
                return Ok(());
            }
            self.finals += 1;
            if self.finals > 8 + self.len / BYTES_PER_FINAL_BLOCK {
                return Err(InflateError::Corrupt("too many final blocks"));
            }
            rest = &rest[rest.len() - unread..];
            self.begin_stream()?;
        }
        if let Stop::Ended(_) = self.feed(&TAIL)? {
            return Err(InflateError::Corrupt(INCOMPLETE));
        }
        let whole = self.output.len();
        match self.feed(&END) {
            // If it produced output, it was inside a block that happens to end with it.
            Ok(Stop::Ended(0)) if self.output.len() == whole => Ok(()),
            Err(InflateError::TooLarge) => Err(InflateError::TooLarge),
            _ => Err(InflateError::Corrupt(INCOMPLETE)),
        }
    }

    /// Inflates a corrupt message again, to learn what is wrong with it.
    fn run_slowly(&mut self, payload: &[u8]) -> Result<(), InflateError> {
        self.output.truncate(self.start);
        self.finals = 0;
        self.most_input = TOO_SHORT_FOR_FAST_LOOP;
        self.run(payload)
    }

    /// Resets zlib to the bytes to which the peer may refer.
    fn begin_stream(&mut self) -> Result<(), InflateError> {
        self.inflate.reset(false);
        let [older, newer] = self.history.map_or([&[][..]; 2], History::parts);
        for said in [older, newer, &self.output[self.start..]] {
            if !said.is_empty() {
                self.inflate.set_dictionary(said).map_err(|_| self.corrupt())?;
            }
        }
        Ok(())
    }

    fn feed(&mut self, mut input: &[u8]) -> Result<Stop, InflateError> {
        // zlib's output ends here. The rest is room.
        let mut end = self.output.len();
        let stop = loop {
            if self.output.len() == end {
                self.make_room(input.len())?;
            }
            let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
            let piece = &input[..input.len().min(self.most_input)];
            let status = self.inflate.decompress(piece, &mut self.output[end..], InflateFlush::SyncFlush);
            // Both are lengths within slices.
            input = &input[(self.inflate.total_in() - read) as usize..];
            end += (self.inflate.total_out() - written) as usize;
            match status {
                Ok(Status::StreamEnd) => break Stop::Ended(input.len()),
                Ok(_) if input.is_empty() && end < self.output.len() => break Stop::Hungry,
                Ok(_) => {}
                Err(_) => return Err(self.corrupt()),
            }
        };
        self.output.truncate(end);
        if end - self.start > self.limit { Err(InflateError::TooLarge) } else { Ok(stop) }
    }

    /// The error of the last call of zlib.
    fn corrupt(&self) -> InflateError {
        InflateError::Corrupt(self.inflate.error_message().unwrap_or("invalid data"))
    }

    /// Makes room for the output of so many bytes of input. There is room for at least one byte,
    /// even beyond the limit, to tell whether the message ends at the limit.
    fn make_room(&mut self, input: usize) -> Result<(), InflateError> {
        let produced = self.output.len() - self.start;
        let most = self.limit.saturating_add(1).saturating_sub(produced);
        if most == 0 {
            return Err(InflateError::TooLarge);
        }
        let room = if input <= TAIL.len() {
            // The tail alone has output only inside a block without compression.
            (self.output.capacity() - self.output.len()).clamp(1, 64)
        } else if produced == 0 {
            self.len.saturating_mul(4).clamp(FIRST_ROOM, MOST_FIRST_ROOM)
        } else {
            produced
        };
        let room = room.min(most);
        self.output.reserve_exact(room);
        self.output.resize(self.output.len() + room, 0);
        Ok(())
    }
}
