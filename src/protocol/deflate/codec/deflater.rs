//! From the message to the wire.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush};

use super::history::History;
use super::tail::TAIL;

/// Up to this length a message gets the room that it may need at most, beyond it half its length
/// for a beginning.
const CERTAIN_ROOM: usize = 16 << 10;

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static COMPRESSORS: RefCell<Compressors> = const { RefCell::new(Compressors(Vec::new())) };
}

/// How to deflate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeflaterOptions {
    /// How far back a message may refer, as a power of two: 8 to 15, as negotiated.
    ///
    /// zlib has no 8, but what it makes with 9 never refers to more than 250 bytes back, so it
    /// stands for 8 as well.
    pub window_bits: u8,
    /// From 0 (stored) to 9 (smallest), or −1, which is 6.
    pub level: i8,
    /// From 1 to 9: how much is gathered for one block, 2⁽ᵐᵉᵐ⁻ˡᵉᵛᵉˡ⁺⁶⁾ literals and matches.
    pub mem_level: u8,
    /// How many bytes of earlier messages are kept for references, at most; no more than the
    /// window, and 0 for no context.
    ///
    /// A connection among the latest eight of its thread needs none of them: its zlib state knows
    /// the whole window. Any other pays 1.6 ns a byte for each message. Against 8 KiB, 32 KiB save
    /// 9 % of the wire for messages of 256 bytes of JSON, and 2 % for those of 4 KiB.
    pub history: usize,
}

impl Default for DeflaterOptions {
    /// zlib's own, and 8 KiB of history.
    fn default() -> Self {
        Self { window_bits: 15, level: -1, mem_level: 8, history: 8 << 10 }
    }
}

impl DeflaterOptions {
    /// Bytes of a zlib state with these options, of which a thread has [`Deflater::MOST_STATES`] at
    /// most: 380 160 for the defaults.
    pub const fn state_size(&self) -> usize {
        let window_bits = if self.window_bits < 9 { 9 } else { self.window_bits };
        // The window twice and the chains of two bytes each; the heads of the chains; what was
        // gathered; all else.
        (4 << window_bits) + (128 << 10) + (7 << (self.mem_level + 6)) + 3328
    }

    fn config(&self) -> DeflateConfig {
        DeflateConfig {
            // Negative: without a header.
            window_bits: -i32::from(self.window_bits.clamp(9, 15)),
            level: i32::from(self.level.clamp(-1, 9)),
            mem_level: i32::from(self.mem_level.clamp(1, 9)),
            ..DeflateConfig::default()
        }
    }
}

/// Deflates the messages to one peer.
///
/// It keeps what its next message may refer to: nothing without context, otherwise what was sent,
/// up to the history of the options.
#[derive(Debug)]
pub struct Deflater {
    config: DeflateConfig,
    context: Option<Context>,
}

/// What a deflater that keeps its context knows of it.
#[derive(Debug)]
struct Context {
    history: History,
    /// Names the deflater, and changes with each message: a compressor that has the same went
    /// through the same.
    point: Point,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Point {
    id: u64,
    messages: u64,
}

impl Deflater {
    /// How many zlib states a thread keeps at most, whatever its connections. As many of them go on
    /// without reading their history again.
    pub const MOST_STATES: usize = 8;

    /// `keeps_context` says whether messages may refer to earlier ones. Options that are out of
    /// bounds are brought into them.
    pub fn new(options: DeflaterOptions, keeps_context: bool) -> Self {
        let window = options.history.min(1 << options.window_bits.clamp(8, 15));
        // Stored blocks refer to nothing.
        let context = (keeps_context && window > 0 && options.level != 0).then(|| Context {
            history: History::new(window),
            point: Point { id: NEXT_ID.fetch_add(1, Ordering::Relaxed), messages: 0 },
        });
        Self { config: options.config(), context }
    }

    /// Appends the payload that carries this message to `output`.
    pub fn deflate(&mut self, message: &[u8], output: &mut Vec<u8>) {
        if message.is_empty() {
            // RFC 7692 §7.2.3.6. zlib would write nothing for a second flush in a row.
            output.push(0);
            return;
        }
        let context = self.context.as_ref();
        let mut run = |compressors: &mut Compressors| {
            let compressor = compressors.find(&self.config, context);
            compress(&mut compressor.deflate, message, output);
            if let Some(point) = &mut compressor.point {
                point.messages += 1;
            }
        };
        if COMPRESSORS.try_with(|shared| run(&mut shared.borrow_mut())).is_err() {
            // The thread ends, and has none any more.
            run(&mut Compressors(Vec::new()));
        }
        if let Some(context) = &mut self.context {
            context.history.push(message);
            context.point.messages += 1;
        }
    }

    /// Bytes on the heap that are this deflater's own.
    pub fn heap_size(&self) -> usize {
        self.context.as_ref().map_or(0, |context| context.history.heap_size())
    }
}

/// Runs zlib until the message is flushed, and takes the tail off.
fn compress(deflate: &mut Deflate, mut message: &[u8], output: &mut Vec<u8>) {
    // Literals are nine bits at most, and blocks without compression five bytes longer than what
    // they hold.
    let most = message.len() + message.len() / 7 + 16;
    let mut room = if message.len() <= CERTAIN_ROOM { most } else { message.len() / 2 };
    let mut end = output.len();
    loop {
        output.resize(end + room, 0);
        let (read, written) = (deflate.total_in(), deflate.total_out());
        let done = deflate.compress(message, &mut output[end..], DeflateFlush::SyncFlush);
        done.expect("a raw stream that never ends takes whatever comes");
        // Both are lengths within slices.
        message = &message[(deflate.total_in() - read) as usize..];
        end += (deflate.total_out() - written) as usize;
        if message.is_empty() && end < output.len() {
            break;
        }
        room = most;
    }
    output.truncate(end);
    debug_assert!(output.ends_with(&TAIL));
    output.truncate(end - TAIL.len());
}

/// The zlib states of a thread, the latest used last.
struct Compressors(Vec<Compressor>);

struct Compressor {
    config: DeflateConfig,
    deflate: Deflate,
    /// Whose context is in it; none if nobody comes back for it.
    point: Option<Point>,
}

impl Compressors {
    /// One that knows this context, and nothing else.
    fn find(&mut self, config: &DeflateConfig, context: Option<&Context>) -> &mut Compressor {
        let point = context.map(|context| context.point);
        let index = self.0.iter().position(|kept| kept.config == *config && kept.point == point);
        let goes_on = index.is_some() && point.is_some();
        let mut compressor = match index {
            Some(index) => self.0.remove(index),
            None if self.0.len() < Deflater::MOST_STATES => Compressor::new(config),
            None => {
                let longest_unused = self.0.remove(0);
                if longest_unused.config == *config { longest_unused } else { Compressor::new(config) }
            }
        };
        if !goes_on {
            compressor.begin(context);
        }
        self.0.push(compressor);
        self.0.last_mut().expect("just pushed")
    }
}

impl Compressor {
    fn new(config: &DeflateConfig) -> Self {
        Self { config: *config, deflate: Deflate::new_with_config(*config), point: None }
    }

    fn begin(&mut self, context: Option<&Context>) {
        self.deflate.reset();
        self.point = context.map(|context| context.point);
        for part in context.map_or([&[][..]; 2], |context| context.history.parts()) {
            if !part.is_empty() {
                let done = self.deflate.set_dictionary(part);
                debug_assert!(done.is_ok(), "a raw stream that was just reset takes a dictionary");
            }
        }
    }
}
