//! A stream has the same events at any split.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::machine::Outcome;
use super::protocol::Config;
use super::wire;

fn configured_stream() -> impl Strategy<Value = (Config, Vec<u8>)> {
    wire::config().prop_flat_map(|config| {
        let to_server = config.require_masking == Some(true);
        (Just(config), wire::stream(to_server))
    })
}

proptest! {
    #[test]
    fn any_split_has_the_outcome_of_the_whole(
        (config, stream) in configured_stream(),
        cuts in vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let whole = Outcome::of(&config, [&stream[..]]);
        prop_assert_eq!(&Outcome::of(&config, wire::cut(&stream, &cuts)), &whole);
        prop_assert_eq!(&Outcome::of(&config, stream.chunks(1)), &whole, "byte by byte");
        prop_assert_eq!(&Outcome::direct_reads(&config, wire::cut(&stream, &cuts)), &whole, "in its place");
        prop_assert_eq!(&Outcome::direct_reads(&config, stream.chunks(1)), &whole, "byte by byte in its place");
    }

    #[test]
    fn any_bytes_have_the_outcome_of_the_whole(
        config in wire::config(),
        stream in vec(any::<u8>(), 0..100),
        cuts in vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let whole = Outcome::of(&config, [&stream[..]]);
        prop_assert_eq!(&Outcome::of(&config, wire::cut(&stream, &cuts)), &whole);
        prop_assert_eq!(&Outcome::of(&config, stream.chunks(1)), &whole, "byte by byte");
        prop_assert_eq!(&Outcome::direct_reads(&config, wire::cut(&stream, &cuts)), &whole, "in its place");
        prop_assert_eq!(&Outcome::direct_reads(&config, stream.chunks(1)), &whole, "byte by byte in its place");
    }
}

/// The properties are of use only if the streams reach every event and violation.
#[test]
fn the_streams_reach_every_event_and_violation() {
    let mut runner = TestRunner::deterministic();
    let mut seen = String::new();
    for _ in 0..6000 {
        let (config, stream) = configured_stream().new_tree(&mut runner).unwrap().current();
        for event in Outcome::of(&config, [&stream[..]]).events {
            seen += &event;
        }
    }
    for event in [
        "Text ",
        "TextBytes",
        "Binary",
        "Deflated",
        "Frame",
        "Ping",
        "Pong",
        "CloseRequested",
        "ascii: true",
        "ascii: false",
        "malformed: true",
        "ControlLength",
        "ControlFragmented",
        "Rsv1",
        "Rsv2Or3",
        "ReservedOpcode",
        "LengthForbidden",
        "LengthUnsupported",
        "LengthNotMinimal",
        "NotMasked",
        "Masked",
        "UnexpectedContinuation",
        "InterleavedMessage",
        "InvalidUtf8",
        "InvalidCloseCode",
        "FrameTooLarge",
        "MessageTooLarge",
        "TooManyFragments",
    ] {
        assert!(seen.contains(event), "no {event} in 6000 streams");
    }
}
