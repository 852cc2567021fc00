//! Tests of what is said about certificates.

use super::*;

fn chained(chain: &[&Identity]) -> TlsContextOptions {
    TlsContextOptions {
        chains: vec![chain.iter().map(|identity| identity.certificate.clone()).collect()],
        keys: vec![chain[0].key()],
        ..TlsContextOptions::default()
    }
}

/// What a client with these roots says about a server with this chain.
fn verdict(chain: &[&Identity], roots: &[&Identity]) -> Option<String> {
    let ca = roots.iter().map(|root| root.certificate.clone()).collect();
    let mut client = client_of(context(TlsContextOptions { ca, ..options(false) }), "localhost");
    let TlsContextOptions { chains, keys, .. } = chained(chain);
    let mut server = server_of(context(TlsContextOptions { chains, keys, ..options(true) }));
    exchange(&mut client, &mut server, usize::MAX).expect("a certificate ends no handshake");
    assert!(server.session.details().expect("it is over").verdict.is_none(), "a server has asked for none");
    client.session.details().expect("it is over").verdict.map(String::from)
}

#[test]
fn a_client_says_why_a_chain_is_not_trusted() {
    let root = Identity::new("root", None, Validity::Now);
    let other = Identity::new("other", None, Validity::Now);
    let leaf = |validity| Identity::new("leaf", Some(&root), validity);
    assert_eq!(verdict(&[&leaf(Validity::Now)], &[&root]), None);
    assert_eq!(verdict(&[&leaf(Validity::Now), &root], &[&root]), None);
    let cases = [
        (leaf(Validity::Now), &other, "UnknownIssuer"),
        (leaf(Validity::Past), &root, "CertExpired"),
        (leaf(Validity::Future), &root, "CertNotValidYet"),
    ];
    for (leaf, root, word) in cases {
        assert_eq!(verdict(&[&leaf], &[root]).as_deref(), Some(word));
    }
    assert_eq!(verdict(&[&root], &[&root]).as_deref(), Some("CaUsedAsEndEntity"));
    assert_eq!(verdict(&[&leaf(Validity::Now)], &[]).as_deref(), Some("UnknownIssuer"));
}

/// Both ends of a handshake with a server that asks for a certificate.
fn asked(own: Option<&Identity>, requires: bool, root: &Identity, tls13: bool) -> (Result<(), TlsFailure>, End, End) {
    let identity = Identity::new("localhost", None, Validity::Now);
    let mut server = server_of(context(TlsContextOptions {
        request_cert: true,
        reject_unauthorized: requires,
        ca: vec![root.certificate.clone()],
        ..server_options(&identity)
    }));
    let TlsContextOptions { chains, keys, .. } = own.map(|own| chained(&[own])).unwrap_or_default();
    let mut client = client_of(context(TlsContextOptions { chains, keys, tls13, ..options(false) }), "localhost");
    (exchange(&mut client, &mut server, usize::MAX), client, server)
}

#[test]
fn a_server_says_why_a_client_is_not_trusted() {
    let root = Identity::new("root", None, Validity::Now);
    let trusted = Identity::new("client", Some(&root), Validity::Now);
    let foreign = Identity::new("client", None, Validity::Now);
    let cases = [(Some(&trusted), None), (Some(&foreign), Some("CaUsedAsEndEntity")), (None, Some("NoCertificate"))];
    for tls13 in [true, false] {
        for (own, word) in cases {
            let (result, _client, server) = asked(own, false, &root, tls13);
            result.expect("a certificate ends no handshake");
            let details = server.session.details().expect("it is over");
            assert_eq!(details.verdict.as_deref(), word);
            assert_eq!(details.chain.first(), own.map(|own| &own.certificate));
        }
    }
}

#[test]
fn a_server_may_require_a_certificate() {
    let root = Identity::new("root", None, Validity::Now);
    for tls13 in [true, false] {
        let (result, mut client, mut server) = asked(None, true, &root, tls13);
        assert_eq!(result.expect_err("it is required").words(), "ALERT_SENT:NoCertificatesPresented");
        let failure = client.take(&server.sends(usize::MAX)).expect_err("it is an alert");
        assert_eq!(failure.words(), "ALERT_RECEIVED:CertificateRequired");
    }
}

#[test]
fn keys_have_to_fit_their_certificates() {
    let (one, other) = (Identity::new("one", None, Validity::Now), Identity::new("other", None, Validity::Now));
    let options = TlsContextOptions { keys: vec![other.key()], ..server_options(&one) };
    TlsContext::new(options).expect_err("it is another key");
    let options = TlsContextOptions { keys: vec![b"no key".to_vec()], ..server_options(&one) };
    TlsContext::new(options).expect_err("it is no key");
}
