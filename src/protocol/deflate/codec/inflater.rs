//! From the wire to the message.

use std::cell::Cell;
use std::fmt;

use zlib_rs::{Inflate, InflateFlush, Status};

use super::history::History;
use super::tail::TAIL;

/// An empty final block. A stream that ends with it was whole: it stood at the beginning of a
/// block, on a byte.
const END: [u8; 2] = [0x03, 0x00];

/// Messages that fit into this cost one allocation at most.
const FIRST_ROOM: usize = 1 << 10;

/// The first guess for a message is at most this; then it doubles.
const MOST_FIRST_ROOM: usize = 64 << 10;

/// One final block is free for each so many bytes of a message, for each of them costs a copy of
/// the window.
const BYTES_PER_FINAL_BLOCK: usize = 1 << 10;

thread_local! {
    /// The state that all connections of this thread use in turn, except while one does.
    static SHARED: Cell<Option<Inflate>> = const { Cell::new(None) };
}

/// Why a message can't be inflated. The inflater must not be used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InflateError {
    /// It is no DEFLATE data, or breaks off, or refers to what was never said.
    Corrupt,
    /// It is longer than the limit.
    TooLarge,
}

impl fmt::Display for InflateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Corrupt => "corrupt compressed data",
            Self::TooLarge => "message too large",
        })
    }
}

impl std::error::Error for InflateError {}

/// Inflates the messages of one peer.
///
/// Its thread keeps one zlib state for all of them. The inflater itself keeps what the peer's next
/// message may refer to: nothing without context, otherwise what was received, up to the window,
/// which is 32 KiB for 15 bits.
#[derive(Debug)]
pub struct Inflater {
    history: Option<History>,
}

impl Inflater {
    /// Bytes of the zlib state that a thread keeps for all its inflaters.
    pub const STATE_SIZE: usize = 47_680;

    /// `window_bits` (8 to 15) is what the peer may use at most; `keeps_context` whether its
    /// messages may refer to earlier ones.
    pub fn new(window_bits: u8, keeps_context: bool) -> Self {
        Self { history: keeps_context.then(|| History::new(1 << window_bits.clamp(8, 15))) }
    }

    /// Appends the message whose payload this is to `output`, of which it may become `limit` bytes
    /// at most.
    ///
    /// Neither memory nor time are spent on what is beyond the limit. After an error nothing was
    /// appended, though memory may have been reserved.
    pub fn inflate(&mut self, payload: &[u8], limit: usize, output: &mut Vec<u8>) -> Result<(), InflateError> {
        // An empty message is a byte of zero (RFC 7692 §7.2.3.6), and an empty payload can't be
        // meant for anything else.
        if matches!(payload, [] | [0]) {
            return Ok(());
        }
        let inflate = SHARED.try_with(Cell::take).ok().flatten().unwrap_or_else(|| Inflate::new(false, 15));
        let start = output.len();
        let mut message =
            Message { inflate, history: self.history.as_ref(), output, start, limit, finals: 0, len: payload.len() };
        let result = message.run(payload);
        // Only a thread that ends has no place for it.
        let _ = SHARED.try_with(|shared| shared.set(Some(message.inflate)));
        match (result, &mut self.history) {
            (Err(_), _) => output.truncate(start),
            (Ok(()), Some(history)) => history.push(&output[start..]),
            (Ok(()), None) => {}
        }
        result
    }

    /// Bytes on the heap that are this inflater's own.
    pub fn heap_size(&self) -> usize {
        self.history.as_ref().map_or(0, History::heap_size)
    }
}

/// Where a call of zlib stopped.
enum Stop {
    /// It has taken all of its input.
    Hungry,
    /// After a final block, with so much of the input unread.
    Ended(usize),
}

/// One message on its way.
struct Message<'m> {
    inflate: Inflate,
    history: Option<&'m History>,
    output: &'m mut Vec<u8>,
    /// Where the message begins in the output.
    start: usize,
    limit: usize,
    /// How many final blocks were met.
    finals: usize,
    /// Of the payload.
    len: usize,
}

impl Message<'_> {
    fn run(&mut self, payload: &[u8]) -> Result<(), InflateError> {
        self.begin_stream()?;
        let mut rest = payload;
        // A final block ends a stream of DEFLATE, but neither the message nor the context: whoever
        // flushes by final blocks goes on at the next byte, at least with the block whose tail the
        // wire does not carry (RFC 7692 §7.2.3.4). ws ignores what comes then, so that two
        // implementations would disagree on what was said; here it is inflated.
        while let Stop::Ended(unread) = self.feed(rest)? {
            if unread == 0 {
                // Without that last block: whole nevertheless.
                return Ok(());
            }
            self.finals += 1;
            if self.finals > 8 + self.len / BYTES_PER_FINAL_BLOCK {
                return Err(InflateError::Corrupt);
            }
            rest = &rest[rest.len() - unread..];
            self.begin_stream()?;
        }
        if let Stop::Ended(_) = self.feed(&TAIL)? {
            return Err(InflateError::Corrupt);
        }
        let whole = self.output.len();
        match self.feed(&END)? {
            // Had it become part of the message, that would have been inside a block, which just
            // happened to end with it.
            Stop::Ended(0) if self.output.len() == whole => Ok(()),
            _ => Err(InflateError::Corrupt),
        }
    }

    /// Makes zlib forget all but what the peer may refer to.
    fn begin_stream(&mut self) -> Result<(), InflateError> {
        self.inflate.reset(false);
        let [older, newer] = self.history.map_or([&[][..]; 2], History::parts);
        for said in [older, newer, &self.output[self.start..]] {
            if !said.is_empty() {
                self.inflate.set_dictionary(said).map_err(|_| InflateError::Corrupt)?;
            }
        }
        Ok(())
    }

    fn feed(&mut self, mut input: &[u8]) -> Result<Stop, InflateError> {
        // What zlib has written ends here; behind it, the output is room.
        let mut end = self.output.len();
        let stop = loop {
            if self.output.len() == end {
                self.make_room(input.len())?;
            }
            let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(input, &mut self.output[end..], InflateFlush::SyncFlush);
            // Both are lengths within slices.
            input = &input[(self.inflate.total_in() - read) as usize..];
            end += (self.inflate.total_out() - written) as usize;
            match status {
                Ok(Status::StreamEnd) => break Stop::Ended(input.len()),
                Ok(_) if end < self.output.len() => break Stop::Hungry,
                Ok(_) => {}
                Err(_) => return Err(InflateError::Corrupt),
            }
        };
        self.output.truncate(end);
        if end - self.start > self.limit { Err(InflateError::TooLarge) } else { Ok(stop) }
    }

    /// Makes room for what so many bytes of input may become: at least for one byte, though it be
    /// beyond the limit, for it tells what ends at the limit from what does not.
    fn make_room(&mut self, input: usize) -> Result<(), InflateError> {
        let produced = self.output.len() - self.start;
        let most = self.limit.saturating_add(1).saturating_sub(produced);
        if most == 0 {
            return Err(InflateError::TooLarge);
        }
        let room = if input <= TAIL.len() {
            // The tail alone: it has something to say only inside a block without compression.
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
