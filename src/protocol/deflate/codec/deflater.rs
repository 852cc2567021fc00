//! Deflates messages.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Strategy};

use super::history::History;
use super::tail::TAIL;

/// Up to this length, a message gets as much room as it may need. A longer one begins with half its
/// length.
const CERTAIN_ROOM: usize = 16 << 10;

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static COMPRESSORS: RefCell<Compressors> = const { RefCell::new(Compressors(Vec::new())) };
}

/// Options of deflating.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeflaterOptions {
    /// How far back a message may refer, as a power of two: 8 to 15, as negotiated.
    ///
    /// zlib has no 8. Its output with 9 never refers to more than 250 bytes back, so 9 is used for
    /// 8.
    pub window_bits: u8,
    /// From 0 (stored) to 9 (smallest), or −1, which is 6.
    pub level: i8,
    /// From 1 to 9: the size of a block, 2⁽ᵐᵉᵐ⁻ˡᵉᵛᵉˡ⁺⁶⁾ literals and matches.
    pub mem_level: u8,
    /// zlib's number of how matches are sought: 0, or 1 (filtered), 2 (Huffman only), 3 (runs), 4
    /// (fixed codes). Any other is 0.
    pub strategy: u8,
    /// Most bytes of earlier messages that are kept for references: no more than the window, and 0
    /// for no context.
    ///
    /// The latest eight connections of a thread do not need them, because a zlib state has their
    /// whole window. Any other connection pays 1.6 ns a byte for each message. Compared with 8 KiB,
    /// 32 KiB save 9 % of the wire for messages of 256 bytes of JSON, and 2 % for those of 4 KiB.
    pub history: usize,
}

impl Default for DeflaterOptions {
    /// zlib's defaults, and 8 KiB of history.
    fn default() -> Self {
        Self { window_bits: 15, level: -1, mem_level: 8, strategy: 0, history: 8 << 10 }
    }
}

impl DeflaterOptions {
    /// Bytes of a zlib state with these options: 380 160 for the defaults. A thread has at most
    /// [`Deflater::MOST_STATES`] of them.
    pub const fn state_size(&self) -> usize {
        let window_bits = if self.window_bits < 9 { 9 } else { self.window_bits };
        // Twice the window, and chains of two bytes each; the heads of the chains; the block; the
        // rest.
        (4 << window_bits) + (128 << 10) + (7 << (self.mem_level + 6)) + 3328
    }

    fn config(&self) -> DeflateConfig {
        DeflateConfig {
            // A negative number: without a header.
            window_bits: -i32::from(self.window_bits.clamp(9, 15)),
            level: i32::from(self.level.clamp(-1, 9)),
            mem_level: i32::from(self.mem_level.clamp(1, 9)),
            strategy: Strategy::try_from(i32::from(self.strategy)).unwrap_or_default(),
            ..DeflateConfig::default()
        }
    }
}

/// Deflates the messages to one peer.
///
/// It keeps the bytes to which the next message, or the next piece of one, may refer: the last bytes
/// that were sent, up to the history of the options.
#[derive(Debug)]
pub struct Deflater {
    config: DeflateConfig,
    /// Most bytes of a context.
    window: usize,
    /// Whether messages may refer to earlier ones, rather than only to earlier parts of their own.
    keeps_context: bool,
    /// `None` until there is something to refer to, and always if there never will be.
    context: Option<Context>,
}

/// The context of a deflater.
#[derive(Debug)]
struct Context {
    history: History,
    /// Identifies the deflater and its messages so far. A compressor with the same number has
    /// deflated the same messages.
    point: Point,
}

impl Context {
    /// An empty context, unless it could have no bytes.
    fn new(window: usize) -> Option<Self> {
        let point = Point { id: NEXT_ID.fetch_add(1, Ordering::Relaxed), messages: 0 };
        (window > 0).then(|| Self { history: History::new(window), point })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Point {
    id: u64,
    messages: u64,
}

impl Deflater {
    /// Most zlib states of a thread. So many connections go on without reading their history again.
    pub const MOST_STATES: usize = 8;

    /// `keeps_context` says whether messages may refer to earlier ones. Options out of bounds are
    /// clamped.
    pub fn new(options: DeflaterOptions, keeps_context: bool) -> Self {
        // Stored blocks have no references.
        let window = if options.level == 0 { 0 } else { options.history };
        let window = window.min(1 << options.window_bits.clamp(8, 15));
        let context = if keeps_context { Context::new(window) } else { None };
        Self { config: options.config(), window, keeps_context, context }
    }

    /// Appends the payload that carries this message to `output`.
    pub fn deflate(&mut self, message: &[u8], output: &mut Vec<u8>) {
        self.deflate_piece(message, true, output);
    }

    /// Appends the payload that carries this piece of a message to `output`. The pieces of a message
    /// are one stream, whose tail is missing after the last piece (RFC 7692 §7.2.1).
    pub fn deflate_piece(&mut self, piece: &[u8], is_last: bool, output: &mut Vec<u8>) {
        if !is_last && self.context.is_none() {
            self.context = Context::new(self.window);
        }
        if !piece.is_empty() {
            self.compress(piece, output);
            if is_last {
                debug_assert!(output.ends_with(&TAIL));
                output.truncate(output.len() - TAIL.len());
            }
        } else if is_last {
            // RFC 7692 §7.2.3.6. zlib would write nothing for a second flush in a row.
            output.push(0);
        }
        if is_last && !self.keeps_context {
            self.context = None;
        }
    }

    fn compress(&mut self, message: &[u8], output: &mut Vec<u8>) {
        let context = self.context.as_ref();
        let mut run = |compressors: &mut Compressors| {
            let compressor = compressors.find(&self.config, context);
            compress(&mut compressor.deflate, message, output);
            if let Some(point) = &mut compressor.point {
                point.messages += 1;
            }
        };
        if COMPRESSORS.try_with(|shared| run(&mut shared.borrow_mut())).is_err() {
            // The thread is ending, and has no states any more.
            run(&mut Compressors(Vec::new()));
        }
        if let Some(context) = &mut self.context {
            context.history.push(message);
            context.point.messages += 1;
        }
    }

    /// Bytes of this deflater on the heap.
    pub fn heap_size(&self) -> usize {
        self.context.as_ref().map_or(0, |context| context.history.heap_size())
    }
}

/// Runs zlib until the message is complete, with the tail.
fn compress(deflate: &mut Deflate, mut message: &[u8], output: &mut Vec<u8>) {
    // Literals are at most nine bits. Blocks without compression are five bytes longer than their
    // content.
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
}

/// The zlib states of a thread, the most recently used last.
struct Compressors(Vec<Compressor>);

struct Compressor {
    config: DeflateConfig,
    deflate: Deflate,
    /// The context that is in it; `None` if no deflater will use it again.
    point: Option<Point>,
}

impl Compressors {
    /// A compressor with exactly this context.
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
