//! Two connections joined by two wires, on simulated time.

use std::collections::VecDeque;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::protocol::{
    Compression, Config, Connection, Decompressor, DeflaterOptions, Event, Masking, MessageKind, PeerClose,
    SendOptions, State,
};
use crate::protocol::tests::{client_config, owned, seconds, server_config};

const CLIENT: usize = 0;
const SERVER: usize = 1;

/// One of the two, with the wire to it.
struct End {
    connection: Connection,
    decompressor: Option<Decompressor>,
    wire: VecDeque<u8>,
    /// The events, without pongs and the closing handshake.
    messages: Vec<Event<'static>>,
    pongs: Vec<Vec<u8>>,
    close_requested: Option<PeerClose>,
    /// The messages, pings with a payload, and the close frame that were sent.
    sent_messages: Vec<Event<'static>>,
    sent_pings: Vec<Vec<u8>>,
    sent_close: Option<PeerClose>,
}

impl End {
    fn new(config: Config) -> Self {
        let connection = Connection::new(config, Duration::ZERO);
        let compression = connection.config().compression;
        let rules = connection.text_rules();
        Self {
            decompressor: compression.map(|compression| Decompressor::new(&compression, 1 << 20, rules)),
            connection,
            wire: VecDeque::new(),
            messages: Vec::new(),
            pongs: Vec::new(),
            close_requested: None,
            sent_messages: Vec::new(),
            sent_pings: Vec::new(),
            sent_close: None,
        }
    }

    /// Sends a message in at most `count` fragments.
    fn send(&mut self, kind: MessageKind, text: &str, count: usize) {
        let size = text.len().div_ceil(count).max(1);
        let mut rest = text.as_bytes();
        loop {
            let (piece, later) = rest.split_at(rest.len().min(size));
            let options = SendOptions { more: !later.is_empty(), ..SendOptions::default() };
            if self.connection.send_deflated(kind, piece.to_vec(), options).is_err() {
                return;
            }
            if !options.more {
                break;
            }
            rest = later;
        }
        let payload = text.as_bytes().to_vec().into();
        self.sent_messages.push(match kind {
            MessageKind::Text => Event::Text { payload, ascii: text.is_ascii() },
            MessageKind::Binary => Event::Binary(payload),
        });
    }

    fn on_event(&mut self, event: Event<'static>, now: Duration) {
        match event {
            Event::Text { .. } | Event::Binary(_) => self.messages.push(event),
            Event::Deflated { kind, payload } => {
                let decompressor = self.decompressor.as_mut().expect("it was agreed on");
                let mut memory = Vec::new();
                let message = decompressor.inflate(kind, &payload, &mut memory).map(owned);
                self.messages.push(message.expect("what the other end has deflated"));
            }
            // Keepalive pings are empty.
            Event::Pong(payload) if payload.is_empty() => {}
            Event::Pong(payload) => self.pongs.push(payload.into_owned()),
            Event::CloseRequested(request) => {
                self.close_requested = Some(request);
                self.connection.acknowledge_close(now);
            }
            Event::CloseReplied => {}
            other => panic!("{other:?} between two that keep to the protocol"),
        }
    }
}

struct Pair {
    ends: [End; 2],
    now: Duration,
}

#[derive(Debug, Clone)]
enum Step {
    /// In at most so many fragments.
    Send(usize, MessageKind, String, usize),
    Work(usize),
    Ping(usize, Vec<u8>),
    Close(usize, u16, String),
    Deliver(usize, usize),
    Wait(Duration),
}

impl Pair {
    fn new(configs: [Config; 2]) -> Self {
        Self { ends: configs.map(End::new), now: Duration::ZERO }
    }

    fn apply(&mut self, step: Step) {
        let now = self.now;
        match step {
            Step::Send(from, kind, text, count) => self.ends[from].send(kind, &text, count),
            Step::Work(from) => self.work(from),
            Step::Ping(from, payload) => {
                let end = &mut self.ends[from];
                if end.connection.ping(&payload, Masking::ByRole).is_ok() {
                    end.sent_pings.push(payload);
                }
            }
            Step::Close(from, code, reason) => {
                let end = &mut self.ends[from];
                if end.connection.close(code, &reason, now).is_ok() {
                    end.sent_close = Some(PeerClose {
                        code: Some(code),
                        reason: reason.into_bytes(),
                        malformed: false,
                        as_bytes: false,
                    });
                }
            }
            Step::Deliver(to, most) => self.deliver(to, most),
            Step::Wait(time) => {
                self.now += time;
                for end in &mut self.ends {
                    assert_eq!(end.connection.handle_timeout(self.now), None);
                }
            }
        }
        self.flush();
    }

    fn deliver(&mut self, to: usize, most: usize) {
        let end = &mut self.ends[to];
        let mut bytes: Vec<u8> = end.wire.drain(..most.min(end.wire.len())).collect();
        let events: Vec<_> = end.connection.handle_data(&mut bytes, self.now).map(owned).collect();
        for event in events {
            end.on_event(event, self.now);
        }
    }

    /// Deflates one message, while others are sent.
    fn work(&mut self, from: usize) {
        let connection = &mut self.ends[from].connection;
        if let Some(mut work) = connection.take_work() {
            assert!(connection.take_work().is_none(), "one at a time");
            work.run();
            connection.finish_work(work, |_| ());
        }
    }

    /// Moves the outputs to the wires.
    fn flush(&mut self) {
        for from in [CLIENT, SERVER] {
            let output = self.ends[from].connection.take_output();
            self.ends[1 - from].wire.extend(output);
        }
    }

    /// Delivers the bytes on the wires, and the answers to them, in reads of at most `most` bytes.
    fn settle(&mut self, most: usize) {
        while self.ends.iter().any(|end| !end.wire.is_empty() || end.connection.is_deflating()) {
            self.apply(Step::Work(CLIENT));
            self.apply(Step::Work(SERVER));
            self.apply(Step::Deliver(CLIENT, most));
            self.apply(Step::Deliver(SERVER, most));
        }
    }

    /// The earliest deadline of both.
    fn next_deadline(&self) -> Option<Duration> {
        self.ends.iter().filter_map(|end| end.connection.poll_timeout()).min()
    }
}

/// Both ends keep alive. The closing handshake may take any time.
fn configs(thresholds: [Option<usize>; 2], compression: Option<Compression>) -> [Config; 2] {
    let configs = [client_config(), server_config()];
    std::array::from_fn(|i| Config {
        fragmentation_threshold: thresholds[i],
        keepalive_interval: Some(Duration::from_millis(50)),
        keepalive_grace: Some(seconds(3600)),
        close_timeout: Some(seconds(3600)),
        compression,
        ..configs[i].clone()
    })
}

/// For both ends alike.
fn compression() -> impl Strategy<Value = Option<Compression>> {
    let compression = (8u8..=15, any::<bool>(), 0usize..30).prop_map(|(bits, keeps_context, threshold)| Compression {
        deflater: DeflaterOptions { window_bits: bits, ..DeflaterOptions::default() },
        deflater_keeps_context: keeps_context,
        inflate_window_bits: bits,
        inflater_keeps_context: keeps_context,
        threshold,
    });
    prop::option::of(compression)
}

fn step() -> impl Strategy<Value = Step> {
    let from = || CLIENT..=SERVER;
    let kind = prop_oneof![Just(MessageKind::Text), Just(MessageKind::Binary)];
    let text = prop_oneof![".{0,20}", "[a-z]{0,300}"];
    prop_oneof![
        8 => (from(), kind, text, 1usize..4)
            .prop_map(|(from, kind, text, count)| Step::Send(from, kind, text, count)),
        4 => from().prop_map(Step::Work),
        3 => (from(), vec(any::<u8>(), 1..126)).prop_map(|(from, payload)| Step::Ping(from, payload)),
        1 => (from(), 3000u16..5000, ".{0,30}").prop_map(|(from, code, reason)| Step::Close(from, code, reason)),
        10 => (from(), prop_oneof![0usize..10, 0usize..2000]).prop_map(|(to, most)| Step::Deliver(to, most)),
        4 => (0u64..60).prop_map(|millis| Step::Wait(Duration::from_millis(millis))),
    ]
}

proptest! {
    #[test]
    fn what_one_sends_the_other_gets_in_order_until_both_are_closed(
        thresholds in any::<[Option<u8>; 2]>(),
        compression in compression(),
        steps in vec(step(), 0..60),
        closer in CLIENT..=SERVER,
        most in 1usize..200,
    ) {
        let mut pair = Pair::new(configs(thresholds.map(|threshold| threshold.map(usize::from)), compression));
        for step in steps {
            pair.apply(step);
        }
        pair.apply(Step::Close(closer, 1000, "done".to_owned()));
        pair.settle(most);

        for (to, from) in [(CLIENT, SERVER), (SERVER, CLIENT)] {
            let (to, from) = (&pair.ends[to], &pair.ends[from]);
            prop_assert_eq!(to.connection.state(), State::Closed);
            prop_assert_eq!(to.connection.buffered(), 0);
            // An end that has closed does not listen any more. Another end has got everything.
            let got = to.messages.len();
            if to.sent_close.is_none() {
                prop_assert_eq!(got, from.sent_messages.len());
                prop_assert_eq!(&to.close_requested, &from.sent_close);
            }
            prop_assert_eq!(&to.messages[..], &from.sent_messages[..got]);
            let answered = to.pongs.len();
            prop_assert_eq!(&to.pongs[..], &to.sent_pings[..answered]);
        }
        prop_assert!(pair.ends.iter().any(|end| end.sent_close.is_some()));
    }

    #[test]
    fn every_ping_is_answered_while_nobody_closes(
        compression in compression(),
        steps in vec(step().prop_filter("open", |step| !matches!(step, Step::Close(..))), 0..60),
        most in 1usize..200,
    ) {
        let mut pair = Pair::new(configs([None, None], compression));
        for step in steps {
            pair.apply(step);
        }
        pair.settle(most);
        for end in &pair.ends {
            prop_assert_eq!(&end.pongs, &end.sent_pings);
            prop_assert_eq!(end.connection.state(), State::Open);
        }
    }
}

/// Two ends with keepalive: a ping after 20 seconds of silence, and 10 seconds for the answer.
fn watching_each_other() -> Pair {
    let watching =
        |config| Config { keepalive_interval: Some(seconds(20)), keepalive_grace: Some(seconds(10)), ..config };
    Pair::new([watching(client_config()), watching(server_config())])
}

#[test]
fn two_that_are_silent_keep_each_other_alive() {
    let mut pair = watching_each_other();
    while pair.now < seconds(3600) {
        let next = pair.next_deadline().expect("a keepalive");
        pair.apply(Step::Wait(next - pair.now));
        pair.settle(usize::MAX);
    }
    assert_eq!(pair.ends.map(|end| end.connection.state()), [State::Open; 2]);
}

#[test]
fn a_cut_wire_is_noticed_at_both_ends() {
    let mut pair = watching_each_other();
    pair.apply(Step::Wait(seconds(20)));
    for end in &mut pair.ends {
        assert_eq!(end.connection.handle_timeout(seconds(30)), Some(Event::Unresponsive));
    }
}

#[test]
fn a_message_of_a_mebibyte_arrives_whole_in_any_reads() {
    let text = "spam, é, €, 😀. ".repeat(50_000);
    let mut configs = configs([Some(16 * 1024), None], None);
    configs[SERVER].max_message_size = 8 << 20;
    let mut pair = Pair::new(configs);
    pair.apply(Step::Send(CLIENT, MessageKind::Text, text, 1));
    pair.settle(1460);
    let [client, server] = pair.ends;
    assert_eq!(server.messages, client.sent_messages);
}
