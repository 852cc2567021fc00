//! Streams of a peer: mostly right, sometimes wrong.

use proptest::collection::vec;
use proptest::prelude::*;

use super::protocol::{Compression, Config, DeflaterOptions, Dialect, FrameHeader, MAX_HEADER_LEN, apply_mask};
use crate::protocol::tests::{client_config, server_config};

/// A frame, independent of its sender's role.
#[derive(Debug, Clone)]
struct WireFrame {
    first: u8,
    /// Whether the frame is masked as the receiver's role demands.
    masked_rightly: bool,
    key: [u8; 4],
    payload: Vec<u8>,
    /// A length of eight bytes in the header, in place of the payload's length.
    length: Option<u64>,
}

impl WireFrame {
    fn right(first: u8, key: [u8; 4], payload: Vec<u8>) -> Self {
        Self { first, masked_rightly: true, key, payload, length: None }
    }

    fn encode(&self, to_server: bool, out: &mut Vec<u8>) {
        let mask = (to_server == self.masked_rightly).then_some(self.key);
        let (fin, rsv, opcode) = (self.first & 0x80 != 0, self.first >> 4 & 7, self.first & 15);
        let length = self.length.map_or(self.payload.len() as u64, |_| u64::MAX);
        let mut bytes = [0; MAX_HEADER_LEN];
        let taken = FrameHeader::new(fin, rsv, opcode, mask, length).encode(&mut bytes);
        if let Some(length) = self.length {
            bytes[2..10].copy_from_slice(&length.to_be_bytes());
        }
        out.extend_from_slice(&bytes[..taken]);
        let start = out.len();
        out.extend_from_slice(&self.payload);
        if let Some(key) = mask {
            apply_mask(&mut out[start..], key, 0);
        }
    }
}

/// A configuration with limits that streams of a few hundred bytes can exceed.
pub(super) fn config() -> impl Strategy<Value = Config> {
    let threshold = prop_oneof![Just(None), (0usize..20).prop_map(Some)];
    let limits =
        prop_oneof![3 => Just((1 << 16, 1 << 20, None)), 1 => (5u64..200, 5u64..200, (0u32..5).prop_map(Some))];
    let switches = (any::<bool>(), prop::bool::weighted(0.8), any::<bool>(), prop::bool::weighted(0.3));
    let texts = (prop::bool::weighted(0.9), prop::bool::weighted(0.2));
    (switches, dialect(), texts, threshold, limits).prop_map(
        |(
            (server, assemble_fragments, auto_pong, compresses),
            dialect,
            (checks_utf8, text_as_bytes),
            fragmentation_threshold,
            limits,
        )| {
            let (max_frame_size, max_message_size, max_fragments) = limits;
            Config {
                // Only the API of npm `websocket` has frames that are not assembled.
                dialect: if assemble_fragments { dialect } else { &Dialect::WEBSOCKET },
                checks_utf8,
                text_as_bytes,
                max_frame_size,
                max_message_size,
                max_fragments,
                assemble_fragments,
                fragmentation_threshold,
                auto_pong,
                compression: compresses.then(compression),
                ..if server { server_config() } else { client_config() }
            }
        },
    )
}

fn dialect() -> impl Strategy<Value = &'static Dialect> {
    prop_oneof![Just(&Dialect::WEBSOCKET), Just(&Dialect::WS)]
}

fn compression() -> Compression {
    Compression {
        deflater: DeflaterOptions::default(),
        deflater_keeps_context: true,
        inflate_window_bits: 15,
        inflater_keeps_context: true,
        threshold: 10,
    }
}

/// Bytes for a connection of this role.
pub(super) fn stream(to_server: bool) -> impl Strategy<Value = Vec<u8>> {
    let run = prop_oneof![
        12 => message(),
        4 => control(0x9..0xb).prop_map(|frame| vec![frame]),
        1 => close().prop_map(|frame| vec![frame]),
        1 => any_frame().prop_map(|frame| vec![frame]),
    ];
    let frames = vec(run, 0..8).prop_map(move |runs| {
        let mut out = Vec::new();
        runs.iter().flatten().for_each(|frame| frame.encode(to_server, &mut out));
        out
    });
    let tail = prop_oneof![2 => Just(vec![]), 1 => vec(any::<u8>(), 0..30)];
    (frames, tail).prop_map(|(frames, tail)| [frames, tail].concat())
}

/// A message in fragments with control frames between them. Some fragments are empty.
fn message() -> impl Strategy<Value = Vec<WireFrame>> {
    let payload = prop_oneof![
        4 => text().prop_map(|text| (0x1, text)),
        2 => vec(any::<u8>(), 0..300).prop_map(|bytes| (0x2, bytes)),
        1 => vec(any::<u8>(), 0..8).prop_map(|bytes| (0x1, bytes)),
        1 => vec(any::<u8>(), 0..50).prop_map(|bytes| (0x41, bytes)),
    ];
    let cuts = prop_oneof![2 => Just(vec![]), 1 => vec(any::<prop::sample::Index>(), 0..6)];
    (payload, cuts, vec(prop::option::weighted(0.2, control(0x9..0xb)), 6), any::<[u8; 4]>()).prop_map(
        |((opcode, payload), cuts, controls, key)| {
            let mut frames = Vec::new();
            let mut first = opcode;
            let pieces = cut(&payload, &cuts);
            for (i, piece) in pieces.iter().enumerate() {
                let fin = if i + 1 == pieces.len() { 0x80 } else { 0 };
                frames.push(WireFrame::right(first | fin, key, piece.to_vec()));
                frames.extend(controls.get(i).filter(|_| fin == 0).cloned().flatten());
                first = 0;
            }
            frames
        },
    )
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof!["[a-z]{0,200}", ".{0,40}", "[é€😀]{0,20}"].prop_map(String::into_bytes)
}

fn control(opcodes: std::ops::Range<u8>) -> impl Strategy<Value = WireFrame> {
    (opcodes, any::<[u8; 4]>(), vec(any::<u8>(), 0..126))
        .prop_map(|(opcode, key, payload)| WireFrame::right(0x80 | opcode, key, payload))
}

fn close() -> impl Strategy<Value = WireFrame> {
    let code = prop_oneof![Just(1000u16), 3000u16..5000, any::<u16>()];
    let reason = prop_oneof![3 => ".{0,30}".prop_map(String::into_bytes), 1 => vec(any::<u8>(), 0..10)];
    let body = prop_oneof![
        4 => (code, reason).prop_map(|(code, reason)| [&code.to_be_bytes()[..], &reason].concat()),
        1 => vec(any::<u8>(), 0..2),
    ];
    (body, any::<[u8; 4]>()).prop_map(|(payload, key)| WireFrame::right(0x88, key, payload))
}

/// Any frame, allowed at its place or not.
fn any_frame() -> impl Strategy<Value = WireFrame> {
    let first = prop_oneof![2 => (0u8..16).prop_map(|opcode| 0x80 | opcode), 1 => 0u8..16, 1 => any::<u8>()];
    let length = prop::option::weighted(0.5, prop_oneof![0u64..1 << 17, 0u64..1 << 63, (1u64 << 63)..]);
    (first, prop::bool::weighted(0.8), any::<[u8; 4]>(), vec(any::<u8>(), 0..200), length).prop_map(
        |(first, masked_rightly, key, payload, length)| WireFrame { first, masked_rightly, key, payload, length },
    )
}

/// `bytes` in pieces, some of them empty.
pub(super) fn cut<'b>(bytes: &'b [u8], cuts: &[prop::sample::Index]) -> Vec<&'b [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    // No cut is before the first byte. An empty stream is still one piece.
    cuts.remove(0);
    let mut start = 0;
    cuts.into_iter().map(|end| &bytes[std::mem::replace(&mut start, end)..end]).collect()
}
