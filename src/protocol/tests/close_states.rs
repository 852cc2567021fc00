//! RFC 6455 §7.1: every state against every event.

use super::super::{Masking, MessageKind, Misuse};
use super::*;

/// The ways into each state. The five ways into `Closed` must not differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Opened,
    PeerClosed,
    WeClosed,
    PeerAnswered,
    WeAnswered,
    Dropped,
    Refused,
    TimedOut,
}

const WAYS: [Way; 8] = [
    Way::Opened,
    Way::PeerClosed,
    Way::WeClosed,
    Way::PeerAnswered,
    Way::WeAnswered,
    Way::Dropped,
    Way::Refused,
    Way::TimedOut,
];

impl Way {
    /// A server that went this way, without events or frames left.
    fn server(self) -> Endpoint {
        self.taken_by(server())
    }

    fn taken_by(self, mut server: Endpoint) -> Endpoint {
        match self {
            Self::Opened => {}
            Self::PeerClosed | Self::WeAnswered => drop(server.receive("88 82 00000000 03e8")),
            Self::WeClosed | Self::PeerAnswered | Self::TimedOut => server.close(1000, ""),
            Self::Dropped => server.connection.drop(None),
            Self::Refused => server.connection.drop(Some(&CloseReason::new(1002, ""))),
        }
        match self {
            Self::WeAnswered => server.acknowledge(),
            Self::PeerAnswered => drop(server.receive("88 82 00000000 03e8")),
            Self::TimedOut => drop(server.wait(seconds(5))),
            _ => {}
        }
        server.sent();
        server
    }

    fn state(self) -> State {
        match self {
            Self::Opened => State::Open,
            Self::PeerClosed => State::PeerRequestedClose,
            Self::WeClosed => State::Ending,
            Self::PeerAnswered | Self::WeAnswered | Self::Dropped | Self::Refused | Self::TimedOut => State::Closed,
        }
    }

    /// Whether frames may still be sent.
    fn sends(self) -> bool {
        matches!(self.state(), State::Open | State::PeerRequestedClose)
    }
}

#[test]
fn each_way_leads_to_its_state() {
    for way in WAYS {
        assert_eq!(way.server().state(), way.state(), "{way:?}");
    }
}

// What the peer does

#[test]
fn messages_and_pongs_are_told_while_open_only() {
    for (frames, event) in
        [("81 81 00000000 'a'", text("a")), ("82 81 00000000 'a'", binary(b"a")), ("8a 81 00000000 'a'", pong(b"a"))]
    {
        for way in WAYS {
            let mut server = way.server();
            let told = server.receive(frames);
            assert_eq!(told.as_slice(), if way == Way::Opened { std::slice::from_ref(&event) } else { &[] }, "{way:?}");
            assert_eq!((server.state(), server.sent()), (way.state(), Hex(vec![])), "{way:?}");
        }
    }
}

#[test]
fn pings_are_answered_or_told_while_open_only() {
    for way in WAYS {
        let mut answering = way.server();
        assert_eq!(answering.receive("89 81 00000000 'a'"), [], "{way:?}");
        assert_eq!(answering.sent(), if way == Way::Opened { "8a 01 'a'" } else { "" }, "{way:?}");
        let mut telling = way.server();
        telling.connection.set_auto_pong(false);
        assert_eq!(telling.receive("89 81 00000000 'a'").len(), usize::from(way == Way::Opened), "{way:?}");
        assert_eq!(telling.sent(), "", "{way:?}");
    }
}

#[test]
fn a_close_frame_moves_open_and_ending() {
    for way in WAYS {
        let mut server = way.server();
        let (events, state) = match way.state() {
            State::Open => (vec![close_requested(1001, "")], State::PeerRequestedClose),
            State::Ending => (vec![Event::CloseReplied], State::Closed),
            state => (vec![], state),
        };
        assert_eq!(server.receive("88 82 00000000 03e9"), events, "{way:?}");
        assert_eq!((server.state(), server.sent()), (state, Hex(vec![])), "{way:?}");
    }
}

#[test]
fn violations_are_told_while_open_only() {
    for way in WAYS {
        let mut server = way.server();
        assert_eq!(server.receive("83 80 00000000").len(), usize::from(way == Way::Opened), "{way:?}");
        assert_eq!((server.state(), server.sent()), (way.state(), Hex(vec![])), "{way:?}");
    }
}

#[test]
fn the_end_of_tcp_moves_nothing_and_deafens() {
    for way in WAYS {
        let mut server = way.server();
        server.connection.handle_eof();
        assert_eq!((server.state(), server.sent()), (way.state(), Hex(vec![])), "{way:?}");
        assert_eq!(server.receive("81 81 00000000 'a' 89 80 00000000 88 80 00000000 83 80"), [], "{way:?}");
        assert_eq!((server.state(), server.sent()), (way.state(), Hex(vec![])), "{way:?}");
    }
}

// What the caller does

#[test]
fn messages_pings_and_pongs_are_sent_until_our_close_frame() {
    for way in WAYS {
        let mut server = way.server();
        let expected = if way.sends() { Ok(()) } else { Err(Misuse::NotOpen) };
        assert_eq!(server.connection.send(MessageKind::Text, b"a"), expected, "{way:?}");
        assert_eq!(server.connection.ping(b"b", Masking::ByRole), expected, "{way:?}");
        assert_eq!(server.connection.pong(b"c", Masking::ByRole), expected, "{way:?}");
        assert_eq!(server.sent(), if way.sends() { "81 01 'a' 89 01 'b' 8a 01 'c'" } else { "" }, "{way:?}");
        assert_eq!(server.state(), way.state(), "{way:?}");
    }
}

#[test]
fn close_sends_our_close_frame_once() {
    for way in WAYS {
        let mut server = way.server();
        let (result, sent, state) = match way.state() {
            State::Open => (Ok(()), "88 02 03e9", State::Ending),
            // Both begin at once. Our frame answers the peer's.
            State::PeerRequestedClose => (Ok(()), "88 02 03e9", State::Closed),
            state => (Err(Misuse::NotOpen), "", state),
        };
        assert_eq!(server.connection.close(1001, "", server.now), result, "{way:?}");
        assert_eq!(server.sent(), sent, "{way:?}");
        assert_eq!(server.state(), state, "{way:?}");
    }
}

#[test]
fn only_the_peers_close_frame_can_be_acknowledged() {
    for way in WAYS {
        let mut server = way.server();
        server.acknowledge();
        if way == Way::PeerClosed {
            assert_eq!((server.state(), server.sent()), (State::Closed, Hex(bytes("88 02 03e8"))));
        } else {
            assert_eq!((server.state(), server.sent()), (way.state(), Hex(vec![])), "{way:?}");
        }
    }
}

#[test]
fn a_drop_closes_and_says_why_unless_a_close_frame_went_out() {
    for way in WAYS {
        let mut server = way.server();
        server.connection.drop(Some(&CloseReason::new(1011, "")));
        assert_eq!(server.state(), State::Closed, "{way:?}");
        assert_eq!(server.sent(), if way.sends() { "88 02 03f3" } else { "" }, "{way:?}");
        assert_eq!(server.next_deadline(), None, "{way:?}");
    }
}

#[test]
fn a_drop_without_a_reason_closes_in_silence() {
    for way in WAYS {
        let mut server = way.server();
        server.connection.drop(None);
        assert_eq!((server.state(), server.sent()), (State::Closed, Hex(vec![])), "{way:?}");
        assert_eq!(server.next_deadline(), None, "{way:?}");
    }
}

// What time does

#[test]
fn the_close_timer_runs_from_our_close_frame() {
    for way in WAYS {
        let mut server = way.server();
        let runs = matches!(way, Way::WeClosed | Way::PeerAnswered | Way::WeAnswered);
        assert_eq!(server.next_deadline(), runs.then_some(seconds(5)), "{way:?}");
        let expected = if runs { &[Event::CloseTimedOut][..] } else { &[] };
        assert_eq!(server.wait(seconds(3600)), expected, "{way:?}");
        assert_eq!(server.state(), if runs { State::Closed } else { way.state() }, "{way:?}");
    }
}

#[test]
fn the_keepalive_runs_while_open_only() {
    for way in WAYS {
        let mut server = way.taken_by(Endpoint::server_with(|config| {
            config.keepalive_interval = Some(seconds(20));
            config.keepalive_grace = Some(seconds(10));
            config.close_timeout = Some(seconds(3600));
        }));
        // `TimedOut` has waited less than this close timeout, so it is still `WeClosed`.
        let pings = way == Way::Opened;
        assert_eq!(server.wait(seconds(20)), [], "{way:?}");
        assert_eq!(server.sent(), if pings { "89 00" } else { "" }, "{way:?}");
        assert_eq!(server.wait(seconds(10)), if pings { &[Event::Unresponsive][..] } else { &[] }, "{way:?}");
    }
}
