//! A connection keeps its promises for any input of a peer, and any order of calls.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::machine::{Machine, Operation};
use super::protocol::{Config, MessageKind, Timer};
use super::wire;

fn operation(to_server: bool) -> impl Strategy<Value = Operation> {
    let kind = || prop_oneof![Just(MessageKind::Text), Just(MessageKind::Binary)];
    let payload = || vec(any::<u8>(), 0..150);
    let code = || prop_oneof![Just(1000u16), 3000u16..5000, any::<u16>()];
    let timer = prop_oneof![Just(Timer::Keepalive), Just(Timer::Grace), Just(Timer::Close)];
    prop_oneof![
        12 => wire::stream(to_server).prop_map(Operation::Receive),
        8 => vec(any::<u8>(), 0..40).prop_map(Operation::Receive),
        6 => (kind(), payload()).prop_map(|(kind, payload)| Operation::Send(kind, payload)),
        3 => (kind(), payload(), prop::bool::weighted(0.3))
            .prop_map(|(kind, payload, more)| Operation::SendDeflated(kind, payload, more)),
        3 => Just(Operation::Work),
        2 => (kind(), payload()).prop_map(|(kind, payload)| Operation::Broadcast(kind, payload)),
        2 => payload().prop_map(Operation::Ping),
        2 => payload().prop_map(Operation::Pong),
        2 => (code(), ".{0,150}").prop_map(|(code, reason)| Operation::Close(code, reason)),
        2 => vec(any::<u8>(), 0..130).prop_map(Operation::SendClose),
        3 => Just(Operation::Acknowledge),
        1 => prop::option::of((code(), ".{0,150}")).prop_map(Operation::Drop),
        1 => Just(Operation::End),
        1 => Just(Operation::Unsendable),
        6 => (0u64..30_000).prop_map(|millis| Operation::Wait(Duration::from_millis(millis))),
        4 => (0usize..500).prop_map(Operation::Sent),
        2 => Just(Operation::TakeOutput),
        1 => any::<bool>().prop_map(Operation::AutoPong),
        1 => any::<bool>().prop_map(Operation::KeepsFragments),
        2 => (timer, any::<bool>()).prop_map(|(timer, on)| Operation::SetTimer(timer, on)),
    ]
}

fn timed_config() -> impl Strategy<Value = Config> {
    let time =
        || prop_oneof![Just(Duration::ZERO), (0u64..20_000).prop_map(Duration::from_millis), Just(Duration::MAX)];
    (wire::config(), prop::option::of(time()), prop::option::of(time()), prop::option::weighted(0.9, time())).prop_map(
        |(config, keepalive_interval, keepalive_grace, close_timeout)| Config {
            keepalive_interval,
            keepalive_grace,
            close_timeout,
            ..config
        },
    )
}

proptest! {
    #[test]
    fn no_order_of_calls_breaks_a_promise(
        (config, operations) in timed_config().prop_flat_map(|config| {
            let to_server = config.require_masking == Some(true);
            (Just(config), vec(operation(to_server), 0..30))
        }),
    ) {
        let mut machine = Machine::new(config);
        for operation in operations {
            machine.apply(operation);
        }
    }
}
