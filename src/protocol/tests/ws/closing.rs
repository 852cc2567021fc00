//! RFC 6455 §7.1 in the dialect of npm `ws`: every state against every event. The application
//! answers close frames and violations, and has the timer.

use super::*;
use crate::protocol::{Masking, MessageKind, Misuse, SendOptions};

/// The ways into each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Opened,
    PeerClosed,
    WeClosed,
    PeerAnswered,
    WeAnswered,
    Dropped,
}

const WAYS: [Way; 6] = [Way::Opened, Way::PeerClosed, Way::WeClosed, Way::PeerAnswered, Way::WeAnswered, Way::Dropped];

impl Way {
    /// A server that went this way, without events or frames left.
    fn server(self) -> Endpoint {
        let mut server = ws_server_with(|config| config.close_timeout = None);
        if matches!(self, Self::PeerClosed | Self::WeAnswered) {
            assert_eq!(server.receive("88 82 00000000 03e8"), [requested(1000, "")]);
        }
        if matches!(self, Self::WeClosed | Self::PeerAnswered | Self::WeAnswered) {
            assert_eq!(server.connection.send_close(&[], server.now), Ok(()));
        }
        match self {
            Self::PeerAnswered => assert_eq!(server.receive("88 80 00000000"), [requested(None, "")]),
            Self::Dropped => server.connection.drop(None),
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
            Self::PeerAnswered | Self::WeAnswered | Self::Dropped => State::Closed,
        }
    }

    /// Whether frames may still be sent.
    fn sends(self) -> bool {
        matches!(self, Self::Opened | Self::PeerClosed)
    }

    /// Whether the peer's close frame is still to come.
    fn hears(self) -> bool {
        matches!(self, Self::Opened | Self::WeClosed)
    }
}

fn requested(code: impl Into<Option<u16>>, reason: &str) -> Event<'static> {
    Event::CloseRequested(PeerClose { code: code.into(), reason: reason.into(), malformed: false, as_bytes: true })
}

#[test]
fn each_way_leads_to_its_state() {
    for way in WAYS {
        assert_eq!(way.server().state(), way.state(), "{way:?}");
    }
}

// What the peer does

#[test]
fn messages_pings_and_pongs_are_told_until_the_peers_close_frame() {
    for (frames, event) in [
        ("81 81 00000000 'a'", text("a")),
        ("82 81 00000000 'a'", binary(b"a")),
        ("89 81 00000000 'a'", ping(b"a")),
        ("8a 81 00000000 'a'", pong(b"a")),
    ] {
        for way in WAYS {
            let mut server = way.server();
            let expected = if way.hears() { std::slice::from_ref(&event) } else { &[] };
            assert_eq!(server.receive(frames).as_slice(), expected, "{way:?}");
            assert_eq!((server.state(), server.sent()), (way.state(), Hex(vec![])), "{way:?}");
        }
    }
}

#[test]
fn a_close_frame_is_told_and_never_answered_here() {
    for way in WAYS {
        let mut server = way.server();
        let (events, state) = match way.state() {
            State::Open => (vec![requested(1001, "bye")], State::PeerRequestedClose),
            State::Ending => (vec![requested(1001, "bye")], State::Closed),
            state => (vec![], state),
        };
        assert_eq!(server.receive("88 85 00000000 03e9 'bye' 81 81 00000000 'a'"), events, "{way:?}");
        assert_eq!((server.state(), server.sent()), (state, Hex(vec![])), "{way:?}");
        assert_eq!(server.receive("81 81 00000000 'a' 83 80 00000000"), [], "{way:?}");
    }
}

#[test]
fn violations_are_told_until_the_peers_close_frame_and_move_nothing() {
    for way in WAYS {
        for wrong in ["83 80 00000000", "88 82 00000000 03e7"] {
            let mut server = way.server();
            assert_eq!(server.receive(wrong).len(), usize::from(way.hears()), "{way:?}");
            assert_eq!((server.state(), server.sent()), (way.state(), Hex(vec![])), "{way:?}");
            assert_eq!(server.receive("81 81 00000000 'a' 88 80 00000000 83 80 00000000"), [], "{way:?}");
        }
    }
}

#[test]
fn a_message_that_cannot_be_inflated_is_told_even_if_the_peers_close_frame_is_behind_it() {
    for way in WAYS {
        assert!(way.server().connection.handle_undecodable(), "{way:?}");
    }
}

#[test]
fn the_end_of_tcp_moves_nothing() {
    for way in WAYS {
        let mut server = way.server();
        server.connection.handle_eof();
        assert_eq!(server.receive("81 81 00000000 'a' 88 80 00000000 83 80"), [], "{way:?}");
        assert_eq!((server.state(), server.sent()), (way.state(), Hex(vec![])), "{way:?}");
    }
}

// What the application does

#[test]
fn messages_pings_and_pongs_are_sent_until_our_close_frame() {
    for way in WAYS {
        let mut server = way.server();
        let expected = if way.sends() { Ok(()) } else { Err(Misuse::NotOpen) };
        assert_eq!(server.connection.send(MessageKind::Text, b"a"), expected, "{way:?}");
        assert_eq!(server.connection.ping(b"b", Masking::ByRole), expected, "{way:?}");
        assert_eq!(server.connection.pong(b"c", Masking::ByRole), expected, "{way:?}");
        assert_eq!(server.sent(), if way.sends() { "81 01 'a' 89 01 'b' 8a 01 'c'" } else { "" }, "{way:?}");
    }
}

#[test]
fn our_close_frame_is_sent_once() {
    for way in WAYS {
        let mut server = way.server();
        let (result, sent, state) = match way.state() {
            State::Open => (Ok(()), "88 05 03e9 'bye'", State::Ending),
            State::PeerRequestedClose => (Ok(()), "88 05 03e9 'bye'", State::Closed),
            state => (Err(Misuse::NotOpen), "", state),
        };
        assert_eq!(server.connection.send_close(&bytes("03e9 'bye'"), server.now), result, "{way:?}");
        assert_eq!((server.sent(), server.state()), (Hex(bytes(sent)), state), "{way:?}");
    }
}

#[test]
fn a_close_frame_has_exactly_the_body_that_it_was_given() {
    for body in ["", "03e8", "03f3 'caf' c3"] {
        let mut server = ws_server();
        let body = bytes(body);
        server.connection.send_close(&body, server.now).unwrap();
        assert_eq!(server.sent(), Hex([&[0x88, body.len() as u8], &body[..]].concat()));
    }
    let mut server = ws_server();
    assert_eq!(server.connection.send_close(&[0; 126], server.now), Err(Misuse::ControlTooLong));
    assert_eq!(server.state(), State::Open);
}

#[test]
fn our_close_frame_can_follow_a_violation() {
    let mut server = ws_server();
    assert_eq!(server.receive("83 80 00000000"), violation(Violation::ReservedOpcode(3)));
    server.connection.send(MessageKind::Binary, b"a").unwrap();
    server.connection.send_close(&bytes("03ea"), server.now).unwrap();
    assert_eq!(server.sent(), "82 01 'a' 88 02 03ea");
    assert_eq!(server.receive("88 80 00000000"), []);
    assert_eq!(server.state(), State::Ending);
}

#[test]
fn our_close_frame_is_behind_messages_to_be_deflated() {
    let mut server = ws_server_with(|config| config.compression = Some(compression()));
    server.connection.send_deflated(MessageKind::Text, b"Hello".to_vec(), SendOptions::default()).unwrap();
    server.connection.send_close(&bytes("03e8"), server.now).unwrap();
    assert_eq!(server.sent(), "");
    let mut work = server.connection.take_work().expect("a message to deflate");
    work.run();
    server.connection.finish_work(work, |_| ());
    assert_eq!(server.sent(), "c1 07 f248cdc9c90700 88 02 03e8");
}

#[test]
fn a_drop_closes_in_silence() {
    for way in WAYS {
        let mut server = way.server();
        server.connection.drop(None);
        assert_eq!((server.state(), server.sent()), (State::Closed, Hex(vec![])), "{way:?}");
    }
}

#[test]
fn without_a_close_timeout_time_does_nothing() {
    for way in WAYS {
        let mut server = way.server();
        assert_eq!(server.next_deadline(), None, "{way:?}");
        assert_eq!(server.wait(seconds(3600)), [], "{way:?}");
        assert_eq!(server.state(), way.state(), "{way:?}");
    }
}
