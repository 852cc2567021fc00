//! The timers of keepalive, grace and closing, on simulated time.

use super::super::{Masking, Timer};
use super::*;

const INTERVAL: Duration = seconds(20);
const GRACE: Duration = seconds(10);
const TICK: Duration = Duration::from_millis(1);

/// Pings after [`INTERVAL`] of silence, and expects input within [`GRACE`].
fn watchful() -> Endpoint {
    Endpoint::server_with(|config| {
        config.keepalive_interval = Some(INTERVAL);
        config.keepalive_grace = Some(GRACE);
    })
}

/// Pings after [`INTERVAL`] of silence, without a grace period.
fn patient() -> Endpoint {
    Endpoint::server_with(|config| config.keepalive_interval = Some(INTERVAL))
}

// Keepalive

#[test]
fn no_deadline_without_a_keepalive() {
    assert_eq!(server().next_deadline(), None);
    let mut grace_alone = Endpoint::server_with(|config| config.keepalive_grace = Some(GRACE));
    assert_eq!(grace_alone.receive("81 80 00000000"), [text("")]);
    assert_eq!(grace_alone.next_deadline(), None);
}

#[test]
fn silence_brings_a_ping_when_the_interval_is_over() {
    let mut server = watchful();
    assert_eq!(server.next_deadline(), Some(INTERVAL));
    assert_eq!(server.wait(INTERVAL - TICK), []);
    assert_eq!(server.sent(), "");
    assert_eq!(server.wait(TICK), []);
    assert_eq!(server.sent(), "89 00");
}

#[test]
fn the_ping_of_a_client_is_masked() {
    let mut client = Endpoint::new(Config { keepalive_interval: Some(INTERVAL), ..client_config() });
    assert_eq!(client.wait(INTERVAL), []);
    assert_eq!(client.sent(), "89 80 37fa213d");
}

#[test]
fn anything_received_begins_the_interval_anew() {
    for received in ["81 80 00000000", "8a 80 00000000", "89 80 00000000", "82", "01 ff 00000000"] {
        let mut server = watchful();
        assert_eq!(server.wait(INTERVAL - TICK), []);
        server.receive(received);
        server.sent();
        assert_eq!(server.next_deadline(), Some(INTERVAL), "{received}");
        assert_eq!(server.wait(INTERVAL - TICK), []);
        assert_eq!(server.sent(), "", "{received}");
    }
}

#[test]
fn what_we_send_does_not_begin_it_anew() {
    let mut server = watchful();
    assert_eq!(server.wait(seconds(15)), []);
    server.connection.send(super::super::MessageKind::Text, b"a").unwrap();
    server.connection.ping(b"", Masking::ByRole).unwrap();
    assert_eq!(server.next_deadline(), Some(seconds(5)));
}

#[test]
fn without_a_grace_a_ping_follows_each_interval() {
    let mut server = patient();
    for _ in 0..3 {
        assert_eq!(server.wait(INTERVAL), []);
        assert_eq!(server.sent(), "89 00");
        assert_eq!(server.next_deadline(), Some(INTERVAL));
    }
}

#[test]
fn a_late_wake_sends_one_ping() {
    let mut server = patient();
    assert_eq!(server.wait(10 * INTERVAL), []);
    assert_eq!(server.sent(), "89 00");
    assert_eq!(server.next_deadline(), Some(INTERVAL));
}

#[test]
fn an_interval_of_nothing_sends_one_ping_a_wake() {
    let mut server = Endpoint::server_with(|config| config.keepalive_interval = Some(Duration::ZERO));
    assert_eq!(server.wait(seconds(1)), []);
    assert_eq!(server.sent(), "89 00");
    assert_eq!(server.next_deadline(), Some(TICK));
}

#[test]
fn an_endless_interval_never_ends() {
    let mut server = Endpoint::server_with(|config| config.keepalive_interval = Some(Duration::MAX));
    assert_eq!(server.wait(seconds(1 << 40)), []);
    assert_eq!(server.sent(), "");
}

#[test]
fn a_wake_before_the_deadline_does_nothing() {
    let mut server = watchful();
    assert_eq!(server.wait(Duration::ZERO), []);
    assert_eq!(server.sent(), "");
    assert_eq!(server.next_deadline(), Some(INTERVAL));
}

// Grace

#[test]
fn a_peer_that_stays_silent_is_unresponsive_when_the_grace_is_over() {
    let mut server = watchful();
    assert_eq!(server.wait(INTERVAL), []);
    assert_eq!(server.next_deadline(), Some(GRACE));
    assert_eq!(server.wait(GRACE - TICK), []);
    assert_eq!(server.wait(TICK), [Event::Unresponsive]);
    assert_eq!(server.sent(), "89 00");
    assert_eq!(server.wait(seconds(3600)), []);
}

#[test]
fn anything_received_ends_the_grace() {
    for received in ["8a 80 00000000", "81 80 00000000", "82"] {
        let mut server = watchful();
        assert_eq!(server.wait(INTERVAL), []);
        assert_eq!(server.wait(GRACE - TICK), []);
        server.receive(received);
        assert_eq!(server.next_deadline(), Some(INTERVAL), "{received}");
        assert_eq!(server.wait(GRACE), [], "{received}");
    }
}

#[test]
fn a_late_wake_gives_the_peer_its_whole_grace() {
    let mut server = watchful();
    assert_eq!(server.wait(INTERVAL + GRACE), []);
    assert_eq!(server.sent(), "89 00");
    assert_eq!(server.wait(GRACE), [Event::Unresponsive]);
}

#[test]
fn an_unresponsive_peer_is_dropped_without_a_word() {
    let mut server = watchful();
    assert_eq!(server.wait(INTERVAL), []);
    assert_eq!(server.wait(GRACE), [Event::Unresponsive]);
    server.sent();
    server.connection.drop(None);
    assert_eq!((server.state(), server.sent()), (State::Closed, Hex(vec![])));
}

// What ends the keepalive

#[test]
fn a_closing_handshake_ends_the_keepalive() {
    let mut ending = watchful();
    ending.close(1000, "");
    assert_eq!(ending.next_deadline(), Some(seconds(5)));
    ending.receive("81 80 00000000");
    assert_eq!(ending.next_deadline(), Some(seconds(5)));

    let mut requested = watchful();
    requested.receive("88 80 00000000");
    assert_eq!(requested.next_deadline(), None);
    requested.receive("81 80 00000000");
    assert_eq!(requested.next_deadline(), None);
}

#[test]
fn what_crosses_our_close_frame_does_not_begin_the_keepalive_anew() {
    let mut ending = Endpoint::server_with(|config| {
        config.keepalive_interval = Some(INTERVAL);
        config.close_timeout = Some(seconds(3600));
    });
    ending.close(1000, "");
    ending.receive("81 80 00000000");
    assert_eq!(ending.next_deadline(), Some(seconds(3600)));
}

#[test]
fn a_closing_handshake_ends_the_grace() {
    let mut ending = watchful();
    assert_eq!(ending.wait(INTERVAL), []);
    ending.close(1000, "");
    assert_eq!(ending.wait(GRACE), [Event::CloseTimedOut]);

    let mut requested = watchful();
    assert_eq!(requested.wait(INTERVAL), []);
    requested.receive("88 80 00000000");
    assert_eq!(requested.wait(GRACE), []);
}

#[test]
fn the_end_of_tcp_ends_the_keepalive() {
    let mut server = watchful();
    server.connection.handle_eof();
    assert_eq!(server.next_deadline(), None);
    let mut pinged = watchful();
    assert_eq!(pinged.wait(INTERVAL), []);
    pinged.connection.handle_eof();
    assert_eq!(pinged.wait(GRACE), []);
}

#[test]
fn a_violation_ends_the_keepalive() {
    for broken in ["83 80 00000000", "81 81 00000000 ff", "88 83 00000000 03e8 ff"] {
        let mut server = watchful();
        assert_eq!(server.receive(broken).len(), 1, "{broken}");
        assert_eq!(server.next_deadline(), None, "{broken}");
        assert_eq!(server.receive("81 80 00000000"), [], "{broken}");
        assert_eq!(server.next_deadline(), None, "{broken}");
    }
}

// The close timer

#[test]
fn an_unanswered_close_times_out() {
    let mut server = server();
    server.close(1000, "");
    assert_eq!(server.wait(seconds(5) - TICK), []);
    assert_eq!(server.state(), State::Ending);
    assert_eq!(server.wait(TICK), [Event::CloseTimedOut]);
    assert_eq!(server.state(), State::Closed);
    assert_eq!(server.next_deadline(), None);
}

#[test]
fn an_answer_that_comes_too_late_is_ignored() {
    let mut server = server();
    server.close(1000, "");
    assert_eq!(server.receive("81 82 00000000 'a'"), []);
    assert_eq!(server.wait(seconds(5)), [Event::CloseTimedOut]);
    assert_eq!(server.receive("'b' 88 80 00000000"), []);
}

#[test]
fn traffic_does_not_put_the_close_timer_off() {
    let mut server = server();
    server.close(1000, "");
    for _ in 0..4 {
        assert_eq!(server.wait(seconds(1)), []);
        assert_eq!(server.receive("81 81 00000000 'a' 89 80 00000000"), []);
    }
    assert_eq!(server.wait(seconds(1)), [Event::CloseTimedOut]);
}

#[test]
fn the_answer_and_the_end_of_tcp_have_one_timeout_together() {
    let mut server = server();
    server.close(1000, "");
    assert_eq!(server.wait(seconds(3)), []);
    assert_eq!(server.receive("88 80 00000000"), [Event::CloseReplied]);
    assert_eq!(server.next_deadline(), Some(seconds(2)));
    assert_eq!(server.wait(seconds(2)), [Event::CloseTimedOut]);
}

#[test]
fn a_peer_that_closed_has_a_timeout_for_ending_tcp() {
    let mut server = server();
    assert_eq!(server.receive("88 80 00000000"), [close_requested(None, "")]);
    assert_eq!(server.wait(seconds(60)), []);
    server.acknowledge();
    assert_eq!(server.next_deadline(), Some(seconds(5)));
    assert_eq!(server.wait(seconds(5)), [Event::CloseTimedOut]);
}

#[test]
fn a_drop_ends_the_close_timer() {
    let mut server = server();
    server.close(1000, "");
    server.connection.drop(None);
    assert_eq!(server.wait(seconds(60)), []);
}

#[test]
fn a_timeout_of_nothing_is_over_at_once() {
    let mut server = Endpoint::server_with(|config| config.close_timeout = Some(Duration::ZERO));
    server.close(1000, "");
    assert_eq!(server.wait(Duration::ZERO), [Event::CloseTimedOut]);
}

// Timers that the application starts and stops by itself

#[test]
fn each_timer_can_be_started_and_stopped() {
    for (timer, patience) in [(Timer::Keepalive, INTERVAL), (Timer::Grace, GRACE), (Timer::Close, seconds(5))] {
        let mut server = watchful();
        for timer in [Timer::Keepalive, Timer::Grace, Timer::Close] {
            server.connection.set_timer(timer, false, server.now);
        }
        assert_eq!(server.next_deadline(), None);
        server.connection.set_timer(timer, true, server.now);
        assert_eq!(server.next_deadline(), Some(patience), "{timer:?}");
        server.connection.set_timer(timer, false, server.now);
        assert_eq!(server.next_deadline(), None, "{timer:?}");
    }
}

#[test]
fn a_timer_that_is_not_configured_can_not_be_started() {
    let mut server = server();
    server.connection.set_timer(Timer::Keepalive, true, server.now);
    server.connection.set_timer(Timer::Grace, true, server.now);
    assert_eq!(server.next_deadline(), None);
}

#[test]
fn a_keepalive_started_after_our_close_frame_sends_nothing() {
    let mut server = watchful();
    server.close(1000, "");
    server.sent();
    server.connection.set_timer(Timer::Close, false, server.now);
    server.connection.set_timer(Timer::Keepalive, true, server.now);
    assert_eq!(server.wait(INTERVAL), []);
    assert_eq!(server.sent(), "");
    assert_eq!(server.next_deadline(), None);
}

#[test]
fn of_two_deadlines_that_passed_the_more_final_is_served_first() {
    let mut server = watchful();
    server.connection.set_timer(Timer::Close, true, server.now);
    assert_eq!(server.wait(INTERVAL), [Event::CloseTimedOut]);
    assert_eq!(server.sent(), "");
}
