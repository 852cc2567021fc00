//! The state of the closing handshake, and whether input is still decoded. All transitions are
//! here.

/// The state of the closing handshake (RFC 6455 §7.1).
///
/// ```text
///                 send_close                 recv_close, drop, time_out
///        ┌────────────────────────► Ending ────────────────────────┐
///        │                                                         ▼
///      Open ──────────────────── drop, time_out ─────────────► Closed
///        │                                                         ▲
///        └────────────────► PeerRequestedClose ────────────────────┘
///                 recv_close                 send_close, drop, time_out
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Messages go both ways.
    Open,
    /// The peer sent a close frame. Ours is to follow.
    PeerRequestedClose,
    /// We sent a close frame. The peer's is to follow. Its messages are ignored, unless the dialect
    /// reports them.
    Ending,
    /// No frame goes either way any more. The end of TCP may be to follow.
    Closed,
}

/// The closing handshake of one connection. Only its methods change the state.
#[derive(Debug)]
pub(super) struct ClosingHandshake {
    state: State,
    /// Whether input is still decoded. It is not after the peer's close frame, the end of its
    /// stream, a violation, or the end of the connection.
    is_reading: bool,
}

impl ClosingHandshake {
    /// A handshake that has not begun.
    pub fn new() -> Self {
        Self { state: State::Open, is_reading: true }
    }

    /// The state.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether frames may be sent: our close frame, which is the last one, is not sent.
    pub fn may_send(&self) -> bool {
        matches!(self.state, State::Open | State::PeerRequestedClose)
    }

    /// Our close frame is sent. Returns `false` if it must not be: one was sent before, or the
    /// connection was dropped.
    ///
    /// Both sides may begin at once. Then our close frame is also the answer to the peer's.
    pub fn send_close(&mut self) -> bool {
        self.state = match self.state {
            State::Open => State::Ending,
            State::PeerRequestedClose => State::Closed,
            State::Ending | State::Closed => return false,
        };
        true
    }

    /// Whether input is still decoded.
    pub fn is_reading(&self) -> bool {
        self.is_reading
    }

    /// From now on, no input is decoded.
    pub fn stop_reading(&mut self) {
        self.is_reading = false;
    }

    /// The peer's close frame has come, the last frame that it may send.
    pub fn recv_close(&mut self) {
        self.stop_reading();
        self.state = match self.state {
            State::Open => State::PeerRequestedClose,
            State::Ending => State::Closed,
            state => state,
        };
    }

    /// The peer has not answered or ended in time.
    pub fn time_out(&mut self) {
        self.state = State::Closed;
    }

    /// The connection ends at once.
    pub fn drop(&mut self) {
        self.stop_reading();
        self.state = State::Closed;
    }
}

#[cfg(test)]
mod tests {
    use super::State::{Closed, Ending, Open, PeerRequestedClose};
    use super::*;

    #[test]
    fn every_state_knows_what_follows() {
        for (state, after_send, after_recv) in [
            (Open, Some(Ending), PeerRequestedClose),
            (PeerRequestedClose, Some(Closed), PeerRequestedClose),
            (Ending, None, Closed),
            (Closed, None, Closed),
        ] {
            let closing = || ClosingHandshake { state, is_reading: true };
            assert_eq!(closing().may_send(), after_send.is_some());
            let mut sending = closing();
            assert_eq!((sending.send_close(), sending.state), (after_send.is_some(), after_send.unwrap_or(state)));
            let mut receiving = closing();
            receiving.recv_close();
            assert_eq!((receiving.state, receiving.is_reading()), (after_recv, false));
            for end in [ClosingHandshake::time_out, ClosingHandshake::drop] {
                let mut ending = closing();
                end(&mut ending);
                assert_eq!(ending.state, Closed);
            }
        }
    }
}
