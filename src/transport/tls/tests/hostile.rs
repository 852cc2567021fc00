//! Peers that send anything: nothing panics, and little is kept.

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// What happens to bytes on the way.
#[derive(Debug, Clone)]
enum Change {
    Flip(usize, u8),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    Repeat(usize, usize),
}

/// A change, and at which pieces of which direction it happens.
fn change() -> impl Strategy<Value = (bool, usize, Change)> {
    let change = prop_oneof![
        (any::<usize>(), 1..=255u8).prop_map(|(at, bits)| Change::Flip(at, bits)),
        (any::<usize>(), vec(any::<u8>(), 1..40)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (any::<usize>(), 1..200usize).prop_map(|(at, count)| Change::Remove(at, count)),
        (any::<usize>(), 1..200usize).prop_map(|(at, count)| Change::Repeat(at, count)),
    ];
    (any::<bool>(), 0..6usize, change)
}

fn apply(change: &Change, bytes: &mut Vec<u8>) {
    let place = |at: usize| at % (bytes.len() + 1);
    match change {
        Change::Flip(at, bits) => {
            let at = place(*at);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= bits;
            }
        }
        Change::Insert(at, more) => {
            let at = place(*at);
            bytes.splice(at..at, more.iter().copied());
        }
        Change::Remove(at, count) => {
            let at = place(*at);
            let end = (at + count).min(bytes.len());
            bytes.drain(at..end);
        }
        Change::Repeat(at, count) => {
            let at = place(*at);
            let end = (at + count).min(bytes.len());
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
    }
}

static CONTEXTS: LazyLock<[Arc<TlsContext>; 2]> = LazyLock::new(|| {
    let identity = Identity::new("localhost", None, Validity::Now);
    let server = TlsContextOptions {
        request_cert: true,
        ca: vec![identity.certificate.clone()],
        ticket_keys: Some(vec![1; 48]),
        ..server_options(&identity)
    };
    let client = TlsContextOptions { is_server: false, shares_sessions: true, ..server_options(&identity) };
    [context(server), context(client)]
});

/// Lets an end take bytes in pieces, and say something where it can. Returns whether it goes on.
fn feed(end: &mut End, bytes: &[u8], piece: usize) -> bool {
    bytes.chunks(piece).all(|bytes| {
        let goes_on = end.take(bytes).is_ok();
        assert!(end.session.kept() <= MOST_KEPT);
        if end.session.is_open() && end.session.pending().len() < 500 {
            end.says(b"something");
        }
        goes_on
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_when_bytes_change_on_the_way(
        changes in vec(change(), 1..4),
        piece in prop_oneof![1..8usize, 50..3000usize],
        tls13 in any::<bool>(),
    ) {
        let [server, client] = &*CONTEXTS;
        let mut server = server_of(server.clone());
        let mut client = if tls13 {
            client_of(client.clone(), "localhost")
        } else {
            client_of(context(TlsContextOptions { tls13, ..options(false) }), "localhost")
        };
        let mut goes_on = true;
        for round in 0..6 {
            for to_server in [true, false] {
                let (from, to) = if to_server { (&mut client, &mut server) } else { (&mut server, &mut client) };
                let mut bytes = from.sends(usize::MAX);
                for (_, _, change) in changes.iter().filter(|(way, at, _)| *way == to_server && *at == round) {
                    apply(change, &mut bytes);
                }
                goes_on = feed(to, &bytes, piece) && goes_on;
            }
            if !goes_on {
                // The alert.
                let alert = server.sends(usize::MAX);
                feed(&mut client, &alert, piece);
                let alert = client.sends(usize::MAX);
                feed(&mut server, &alert, piece);
            }
        }
    }

    #[test]
    fn nothing_panics_on_any_bytes(kind in prop_oneof![Just(22u8), Just(23), Just(21), Just(20), any::<u8>()],
        bytes in vec(any::<u8>(), 0..300), length in 0..400u16, piece in 1..50usize) {
        let [server, client] = &*CONTEXTS;
        let mut record = vec![kind, 3, 3];
        record.extend_from_slice(&length.to_be_bytes());
        record.extend_from_slice(&bytes);
        for mut end in [server_of(server.clone()), client_of(client.clone(), "localhost")] {
            feed(&mut end, &record, piece);
            feed(&mut end, &record, piece);
        }
    }
}
