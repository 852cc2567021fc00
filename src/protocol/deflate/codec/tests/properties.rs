//! What was deflated can be inflated.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

fn options() -> impl Strategy<Value = DeflaterOptions> {
    (8u8..=15, -1i8..=9, 1u8..=9, 0u8..=4, prop_oneof![Just(0), 1usize..600, Just(8 << 10), Just(usize::MAX)]).prop_map(
        |(window_bits, level, mem_level, strategy, history)| DeflaterOptions {
            window_bits,
            level,
            mem_level,
            strategy,
            history,
        },
    )
}

/// Noise, text of few letters, repetitions at some distance, and records.
fn message() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..600),
        "[ab]{0,300}".prop_map(String::into_bytes),
        (vec(any::<u8>(), 1..400), 1usize..40, 0usize..4000).prop_map(|(piece, times, len)| {
            let mut bytes = piece.repeat(times);
            bytes.truncate(len);
            bytes
        }),
        (0usize..500, 0usize..50).prop_map(|(count, seed)| records(count, seed)),
        (0usize..80_000).prop_map(|len| vec![b'x'; len]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn messages_arrive_in_their_order_on_every_connection(
        // Two more than there are compressors, so that compressors change their connection.
        connections in vec((options(), any::<bool>(), any::<bool>()), 1..11),
        messages in vec((any::<prop::sample::Index>(), message()), 0..24),
    ) {
        let mut connections: Vec<_> = connections
            .into_iter()
            .map(|(options, says_again, hears_again)| {
                // A larger window than the peer's and an unused context do no harm.
                let window_bits = if hears_again { 15 } else { options.window_bits };
                (Deflater::new(options, says_again), Inflater::new(window_bits, says_again || hears_again))
            })
            .collect();
        for (connection, message) in messages {
            let (deflater, inflater) = connection.get_mut(&mut connections);
            let payload = deflate(deflater, &message);
            prop_assert_eq!(inflate(inflater, &payload), Ok(message));
        }
    }

    #[test]
    fn the_reference_hears_the_same_and_nothing_beyond_the_window(
        options in options(),
        keeps_context in any::<bool>(),
        messages in vec(message(), 1..6),
    ) {
        let mut deflater = Deflater::new(options, keeps_context);
        let mut said = Vec::new();
        for message in messages {
            let payload = deflate(&mut deflater, &message);
            let decoded = reference::decode(&payload, if keeps_context { &said } else { &[] }).expect("whole");
            prop_assert!(decoded.bytes == message);
            prop_assert!(decoded.farthest <= 1 << options.window_bits, "{}", decoded.farthest);
            said.extend(message);
        }
    }

    #[test]
    fn a_deflater_may_change_threads(messages in vec((any::<bool>(), message()), 0..8)) {
        let mut deflater = Deflater::new(DeflaterOptions::default(), true);
        let mut inflater = Inflater::new(15, true);
        for (elsewhere, message) in messages {
            let payload = if elsewhere {
                std::thread::scope(|scope| scope.spawn(|| deflate(&mut deflater, &message)).join().expect("no panic"))
            } else {
                deflate(&mut deflater, &message)
            };
            prop_assert_eq!(inflate(&mut inflater, &payload), Ok(message));
        }
    }
}

/// For a window of 8 bits, zlib deflates with 9. It refers to at most the window less 262 bytes,
/// which is 250. A window of 8 bits is enough to inflate that.
#[test]
fn eight_bits_are_never_exceeded_by_the_smallest_window() {
    for level in 1..=9 {
        for mem_level in [1, 8] {
            let options =
                DeflaterOptions { window_bits: 8, level, mem_level, history: usize::MAX, ..DeflaterOptions::default() };
            let mut deflater = Deflater::new(options, true);
            let mut inflater = Inflater::new(8, true);
            let (mut said, mut farthest) = (Vec::new(), 0);
            // Repetitions at each distance around both windows, and ordinary text.
            let noise: Vec<u8> = (0..700u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
            let pieces = (200..600).step_by(5).map(|period| noise[..period].repeat(3));
            for message in pieces.chain((0..20).map(|seed| records(40, seed))) {
                let payload = deflate(&mut deflater, &message);
                assert_eq!(inflate(&mut inflater, &payload).as_deref(), Ok(&message[..]));
                let decoded = reference::decode(&payload, &said).expect("whole");
                assert!(decoded.bytes == message);
                farthest = farthest.max(decoded.farthest);
                said = message;
            }
            assert!((200..=250).contains(&farthest), "level {level}, mem level {mem_level}: {farthest}");
        }
    }
}
