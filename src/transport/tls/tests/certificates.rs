//! Certificates for the tests.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const ECDSA_WITH_SHA256: [u8; 10] = [0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const EC_PUBLIC_KEY: [u8; 9] = [0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const P256: [u8; 10] = [0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const COMMON_NAME: [u8; 5] = [0x06, 3, 0x55, 4, 3];
const BASIC_CONSTRAINTS: [u8; 5] = [0x06, 3, 0x55, 0x1d, 19];

/// When a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    Now,
    Past,
    Future,
}

/// A certificate and its key.
pub struct Identity {
    name: &'static str,
    key: EcdsaKeyPair,
    /// The certificate (DER).
    pub certificate: Vec<u8>,
}

impl Identity {
    /// A certificate that `issuer` has signed, or the key itself.
    pub fn new(name: &'static str, issuer: Option<&Self>, validity: Validity) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("there are random bytes");
        let (issuer_name, issuer_key) = issuer.map_or((name, &key), |issuer| (issuer.name, &issuer.key));
        let body = body(name, issuer_name, issuer.is_none(), key.public_key().as_ref(), validity);
        let signature = issuer_key.sign(&SystemRandom::new(), &body).expect("the key signs");
        let algorithm = tlv(SEQUENCE, &[&ECDSA_WITH_SHA256]);
        let certificate = tlv(SEQUENCE, &[&body, &algorithm, &bits(signature.as_ref())]);
        Self { name, key, certificate }
    }

    /// The key (PKCS#8).
    pub fn key(&self) -> Vec<u8> {
        self.key.to_pkcs8v1().expect("the key was generated").as_ref().to_vec()
    }
}

fn body(name: &str, issuer: &str, is_authority: bool, key: &[u8], validity: Validity) -> Vec<u8> {
    let (from, to) = match validity {
        Validity::Now => ("200101000000Z", "21200101000000Z"),
        Validity::Past => ("000101000000Z", "010101000000Z"),
        Validity::Future => ("21000101000000Z", "21200101000000Z"),
    };
    // Years before 2050 have two digits, and a type of their own (RFC 5280 §4.1.2.5).
    let time = |time: &str| tlv(if time.len() == 13 { 0x17 } else { 0x18 }, &[time.as_bytes()]);
    let authority = tlv(SEQUENCE, &[if is_authority { &[1, 1, 0xff] } else { &[] }]);
    let constraints = tlv(SEQUENCE, &[&BASIC_CONSTRAINTS, &[1, 1, 0xff], &tlv(4, &[&authority])]);
    tlv(
        SEQUENCE,
        &[
            &tlv(0xa0, &[&[2, 1, 2]]),
            &[2, 1, 1],
            &tlv(SEQUENCE, &[&ECDSA_WITH_SHA256]),
            &common_name(issuer),
            &tlv(SEQUENCE, &[&time(from), &time(to)]),
            &common_name(name),
            &tlv(SEQUENCE, &[&tlv(SEQUENCE, &[&EC_PUBLIC_KEY, &P256]), &bits(key)]),
            &tlv(0xa3, &[&tlv(SEQUENCE, &[&constraints])]),
        ],
    )
}

fn common_name(name: &str) -> Vec<u8> {
    let attribute = tlv(SEQUENCE, &[&COMMON_NAME, &tlv(0x0c, &[name.as_bytes()])]);
    tlv(SEQUENCE, &[&tlv(SET, &[&attribute])])
}

fn bits(bytes: &[u8]) -> Vec<u8> {
    tlv(3, &[&[0], bytes])
}

/// A value of DER: its tag, its length, and its parts.
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let value = parts.concat();
    let mut encoded = vec![tag];
    match value.len() {
        short @ ..0x80 => encoded.push(short as u8),
        medium @ ..0x100 => encoded.extend_from_slice(&[0x81, medium as u8]),
        long => {
            encoded.push(0x82);
            encoded.extend_from_slice(&(long as u16).to_be_bytes());
        }
    }
    encoded.extend_from_slice(&value);
    encoded
}
