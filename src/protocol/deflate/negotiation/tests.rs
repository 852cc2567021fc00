use proptest::prelude::*;

use super::*;

const DEFAULT: DeflateOptions = DeflateOptions {
    server_no_context_takeover: false,
    client_no_context_takeover: false,
    server_max_window_bits: None,
    client_window: ClientWindow::Negotiable,
};

const SERVER_FORGETS: DeflateOptions = DeflateOptions { server_no_context_takeover: true, ..DEFAULT };
const CLIENT_FORGETS: DeflateOptions = DeflateOptions { client_no_context_takeover: true, ..DEFAULT };
const SERVER_10: DeflateOptions = DeflateOptions { server_max_window_bits: Some(10), ..DEFAULT };
const SERVER_15: DeflateOptions = DeflateOptions { server_max_window_bits: Some(15), ..DEFAULT };
const CLIENT_10: DeflateOptions = DeflateOptions { client_window: ClientWindow::AtMost(10), ..DEFAULT };
const CLIENT_15: DeflateOptions = DeflateOptions { client_window: ClientWindow::AtMost(15), ..DEFAULT };
const CLIENT_FULL: DeflateOptions = DeflateOptions { client_window: ClientWindow::Full, ..DEFAULT };
const ALL: DeflateOptions = DeflateOptions {
    server_no_context_takeover: true,
    client_no_context_takeover: true,
    server_max_window_bits: Some(12),
    client_window: ClientWindow::AtMost(11),
};

/// `pmd`, and the initials of the parameters, so that a row of a table fits a line.
fn spelt_out(header: &str) -> String {
    header
        .replace("pmd", EXTENSION)
        .replace("snct", SERVER_NO_CONTEXT_TAKEOVER)
        .replace("cnct", CLIENT_NO_CONTEXT_TAKEOVER)
        .replace("smwb", SERVER_MAX_WINDOW_BITS)
        .replace("cmwb", CLIENT_MAX_WINDOW_BITS)
}

#[test]
fn what_a_client_offers() {
    for (section, options, expected) in [
        ("7.1.2.2: it supports the parameter", DEFAULT, "pmd; cmwb"),
        ("7.1.1.1", SERVER_FORGETS, "pmd; snct; cmwb"),
        ("7.1.1.2: a hint", CLIENT_FORGETS, "pmd; cnct; cmwb"),
        ("7.1.2.1", SERVER_10, "pmd; smwb=10; cmwb"),
        ("7.1.2.1", SERVER_15, "pmd; smwb=15; cmwb"),
        ("7.1.2.2: a hint", CLIENT_10, "pmd; cmwb=10"),
        ("7.1.2.2", CLIENT_FULL, "pmd"),
        ("7.1: all four", ALL, "pmd; snct; cnct; smwb=12; cmwb=11"),
    ] {
        assert_eq!(options.offer(), spelt_out(expected), "{section}");
    }
}

/// The section of RFC 7692, the offers, the options of the server and its response.
const ACCEPTED: &[(&str, &str, DeflateOptions, &str)] = &[
    ("7.1.3: no parameters", "pmd", DEFAULT, "pmd"),
    ("7.1.3: what Chrome offers", "pmd; cmwb", DEFAULT, "pmd"),
    ("5.1: an option that the client does not ask for", "pmd", SERVER_FORGETS, "pmd; snct"),
    ("5.1: it can be any of them", "pmd; cmwb", ALL, "pmd; snct; cnct; smwb=12; cmwb=11"),
    // §7.1.1
    ("7.1.1.1: what is offered is granted", "pmd; snct", DEFAULT, "pmd; snct"),
    ("7.1.1.1: wanted by both", "pmd; snct", SERVER_FORGETS, "pmd; snct"),
    ("7.1.1.2: the hint is used", "pmd; cnct", DEFAULT, "pmd; cnct"),
    ("7.1.1.2: unasked", "pmd", CLIENT_FORGETS, "pmd; cnct"),
    ("7.1.1: both", "pmd; cnct; snct", DEFAULT, "pmd; snct; cnct"),
    // §7.1.2.1
    ("7.1.2.1", "pmd; smwb=9", DEFAULT, "pmd; smwb=9"),
    ("7.1.2.1: equal", "pmd; smwb=10", SERVER_10, "pmd; smwb=10"),
    ("7.1.2.1: smaller", "pmd; smwb=14", SERVER_10, "pmd; smwb=10"),
    ("7.1.2.1: the client's is smaller", "pmd; smwb=9", SERVER_10, "pmd; smwb=9"),
    ("7.1.2.1: largest, and answered", "pmd; smwb=15", DEFAULT, "pmd; smwb=15"),
    ("7.1.2.1: unasked", "pmd", SERVER_10, "pmd; smwb=10"),
    ("7.1.2.1: goes without saying", "pmd", SERVER_15, "pmd"),
    // §7.1.2.2
    ("7.1.2.2: no value", "pmd; cmwb", CLIENT_10, "pmd; cmwb=10"),
    ("7.1.2.2: the hint is used", "pmd; cmwb=9", DEFAULT, "pmd; cmwb=9"),
    ("7.1.2.2: the hint is the smaller one", "pmd; cmwb=9", CLIENT_10, "pmd; cmwb=9"),
    ("7.1.2.2: the hint is the larger one", "pmd; cmwb=12", CLIENT_10, "pmd; cmwb=10"),
    ("7.1.2.2: smallest", "pmd; cmwb=8", DEFAULT, "pmd; cmwb=8"),
    ("7.1.2.2: goes without saying", "pmd; cmwb=15", DEFAULT, "pmd"),
    ("7.1.2.2: goes without saying", "pmd; cmwb", CLIENT_15, "pmd"),
    ("7.1.2.2: no limit, so it need not be offered", "pmd", CLIENT_15, "pmd"),
    ("7.1.2.2: the hint may be ignored", "pmd; cmwb=10", CLIENT_FULL, "pmd"),
    ("7.1.2.2", "pmd", CLIENT_FULL, "pmd"),
    // §5.1, §7.1.3: several offers
    ("5.1: the first one", "pmd; smwb=10, pmd", DEFAULT, "pmd; smwb=10"),
    ("5.1: the order is the client's", "pmd, pmd; smwb=10", DEFAULT, "pmd"),
    ("7: the first is declined", "pmd; foo, pmd; snct", DEFAULT, "pmd; snct"),
    ("7: two are declined", "pmd; smwb=7, pmd; snct; snct, pmd; cmwb", DEFAULT, "pmd"),
    ("7.1.2.2: the first can't be limited", "pmd; snct, pmd; cmwb", CLIENT_10, "pmd; cmwb=10"),
    ("5: others are passed over", "foo; smwb=9, pmd, bar", DEFAULT, "pmd"),
    ("5: a name that only begins like it", "pmd2, x-pmd, pmd; snct", DEFAULT, "pmd; snct"),
    // RFC 6455 §9.1
    ("RFC 6455 9.1: quoted", "pmd; smwb=\"10\"", DEFAULT, "pmd; smwb=10"),
    ("RFC 6455 9.1: quoted and escaped", r#"pmd; smwb="1\0""#, DEFAULT, "pmd; smwb=10"),
    ("RFC 6455 9.1: white space", " pmd\t; smwb = 10 ;snct , foo", DEFAULT, "pmd; snct; smwb=10"),
    ("RFC 6455 9.1: empty members", ", pmd,,", DEFAULT, "pmd"),
    ("RFC 6455 9.1: any case", "PerMessage-Deflate; Server_Max_Window_BITS=10", DEFAULT, "pmd; smwb=10"),
    ("RFC 6455 9.1: any order", "pmd; cmwb; smwb=9; cnct; snct", DEFAULT, "pmd; snct; cnct; smwb=9"),
];

/// The same without a response.
const DECLINED: &[(&str, &str, DeflateOptions)] = &[
    ("5: nothing is offered", "", DEFAULT),
    ("5: something else is", "foo; snct, x-webkit-deflate-frame", DEFAULT),
    ("7: unknown parameter", "pmd; foo", DEFAULT),
    ("7: unknown parameter", "pmd; smwb=10; foo=1", DEFAULT),
    ("7: unknown parameter", "pmd; __proto__", DEFAULT),
    ("7: repeated", "pmd; snct; snct", DEFAULT),
    ("7: repeated", "pmd; cnct; Client_No_Context_Takeover", DEFAULT),
    ("7: repeated", "pmd; smwb=10; smwb=10", DEFAULT),
    ("7: repeated", "pmd; cmwb; cmwb=10", DEFAULT),
    ("7: repeated", "pmd; cmwb; cmwb", DEFAULT),
    ("7.1.1.1: a value", "pmd; snct=true", DEFAULT),
    ("7.1.1.1: a value", "pmd; snct=\"1\"", DEFAULT),
    ("7.1.1.2: a value", "pmd; cnct=0", DEFAULT),
    ("7.1.2.1: no value", "pmd; smwb", DEFAULT),
    ("7.1.2.1: too small", "pmd; smwb=7", DEFAULT),
    ("7.1.2.1: too small", "pmd; smwb=0", DEFAULT),
    ("7.1.2.1: too large", "pmd; smwb=16", DEFAULT),
    ("7.1.2.1: too large for a byte", "pmd; smwb=266", DEFAULT),
    ("7.1.2.1: a leading zero", "pmd; smwb=08", DEFAULT),
    ("7.1.2.1: a leading zero", "pmd; smwb=010", DEFAULT),
    ("7.1.2.1: a sign", "pmd; smwb=+10", DEFAULT),
    ("7.1.2.1: a sign", "pmd; smwb=-10", DEFAULT),
    ("7.1.2.1: a fraction", "pmd; smwb=10.0", DEFAULT),
    ("7.1.2.1: an exponent", "pmd; smwb=1e1", DEFAULT),
    ("7.1.2.1: hexadecimal", "pmd; smwb=0xa", DEFAULT),
    ("7.1.2.1: no number", "pmd; smwb=ten", DEFAULT),
    ("7.1.2.2: too small", "pmd; cmwb=7", DEFAULT),
    ("7.1.2.2: too large", "pmd; cmwb=16", DEFAULT),
    ("7.1.2.2: a leading zero", "pmd; cmwb=\"09\"", DEFAULT),
    ("7.1.2.2: it can't be limited", "pmd", CLIENT_10),
    ("7.1.2.2: it can't be limited", "pmd; snct; smwb=9, pmd; cnct", CLIENT_10),
];

#[test]
fn offers_that_are_accepted() {
    for (section, offers, options, expected) in ACCEPTED {
        let Negotiated { response, .. } = options.answer(&spelt_out(offers)).unwrap().expect(offers);
        assert_eq!(response, spelt_out(expected), "{section}: {offers}");
    }
}

#[test]
fn offers_that_are_declined() {
    for (section, offers, options) in DECLINED {
        assert_eq!(options.answer(&spelt_out(offers)), Ok(None), "{section}: {offers}");
    }
}

#[test]
fn offers_that_do_not_follow_the_grammar() {
    for offers in ["pmd; smwb=", "pmd; smwb=\"10", "pmd; smwb=\"1 0\"", "pmd;", "pmd; smwb=\"\"", "pmd, foo bar"] {
        assert_eq!(DEFAULT.answer(&spelt_out(offers)), Err(MalformedExtensions), "{offers}");
    }
}

#[test]
fn what_the_server_compresses_by() {
    for (offers, options, expected) in [
        ("pmd", DEFAULT, of(false, false, 15, 15)),
        ("pmd; cmwb", CLIENT_10, of(false, false, 15, 10)),
        ("pmd; smwb=9; cmwb=12", DEFAULT, of(false, false, 9, 12)),
        ("pmd; cmwb=12", CLIENT_FULL, of(false, false, 15, 15)),
        ("pmd; cnct; snct", DEFAULT, of(true, true, 15, 15)),
        ("pmd; cmwb", ALL, of(true, true, 12, 11)),
    ] {
        let negotiated = options.answer(&spelt_out(offers)).unwrap().expect(offers);
        assert_eq!(negotiated.agreement, expected, "{offers}");
    }
}

/// The section, the response, the options of the client and the agreement.
const CONCLUDED: &[(&str, &str, DeflateOptions, DeflateAgreement)] = &[
    ("7.1", "pmd", DEFAULT, of(false, false, 15, 15)),
    ("7.1.1.1", "pmd; snct", SERVER_FORGETS, of(true, false, 15, 15)),
    ("7.1.1.1: unasked", "pmd; snct", DEFAULT, of(true, false, 15, 15)),
    ("7.1.1.2: unasked", "pmd; cnct", DEFAULT, of(false, true, 15, 15)),
    ("7.1.1.2: it stands by its hint", "pmd", CLIENT_FORGETS, of(false, true, 15, 15)),
    ("7.1.2.1: equal", "pmd; smwb=10", SERVER_10, of(false, false, 10, 15)),
    ("7.1.2.1: smaller", "pmd; smwb=8", SERVER_10, of(false, false, 8, 15)),
    ("7.1.2.1: unasked", "pmd; smwb=12", DEFAULT, of(false, false, 12, 15)),
    ("7.1.2.1: unasked", "pmd; smwb=15", DEFAULT, of(false, false, 15, 15)),
    ("7.1.2.2", "pmd; cmwb=9", DEFAULT, of(false, false, 15, 9)),
    ("7.1.2.2: smaller than the hint", "pmd; cmwb=9", CLIENT_10, of(false, false, 15, 9)),
    ("7.1.2.2: it stands by its hint", "pmd", CLIENT_10, of(false, false, 15, 10)),
    ("7.1.2.2: larger than the hint", "pmd; cmwb=12", CLIENT_10, of(false, false, 15, 10)),
    ("7.1.2.2: not offered, not answered", "pmd", CLIENT_FULL, of(false, false, 15, 15)),
    ("7.1: all four", "pmd; smwb=12; cmwb=11; cnct; snct", ALL, of(true, true, 12, 11)),
    ("RFC 6455 9.1: quoted", "pmd; smwb=\"10\"", SERVER_10, of(false, false, 10, 15)),
    ("RFC 6455 9.1: any case", "PERMESSAGE-DEFLATE;SNCT", DEFAULT, of(true, false, 15, 15)),
    ("RFC 6455 9.1: white space", "\tpmd ;cnct ; smwb = 10", DEFAULT, of(false, true, 10, 15)),
    ("5: another extension, which the caller sees to", "foo; smwb=99, pmd", DEFAULT, of(false, false, 15, 15)),
];

const fn of(server_forgets: bool, client_forgets: bool, server_bits: u8, client_bits: u8) -> DeflateAgreement {
    DeflateAgreement {
        server_no_context_takeover: server_forgets,
        client_no_context_takeover: client_forgets,
        server_max_window_bits: server_bits,
        client_max_window_bits: client_bits,
    }
}

#[test]
fn responses_that_a_client_takes() {
    for (section, response, options, expected) in CONCLUDED {
        let response = spelt_out(response).replace("SNCT", "Server_No_Context_Takeover");
        let negotiated = options.conclude(&response).unwrap().expect(section);
        assert_eq!(negotiated.agreement, *expected, "{section}: {response}");
    }
    for nothing in ["", ",", "foo", "foo; smwb=99, x-permessage-deflate"] {
        assert_eq!(DEFAULT.conclude(nothing), Ok(None), "{nothing}");
    }
    let quoted = DEFAULT.conclude(r#"permessage-deflate ;server_max_window_bits="1\0";CLIENT_no_context_takeover"#);
    let response = quoted.unwrap().unwrap().response;
    assert_eq!(response, spelt_out("pmd; cnct; smwb=10"), "in its own spelling");
}

/// The section, the response, the options of the client, and the fault.
const REFUSED: &[(&str, &str, DeflateOptions, &str)] = &[
    ("7: unknown", "pmd; foo", DEFAULT, "a parameter that pmd does not have: foo"),
    ("7: unknown", "pmd; foo=\"1\"", DEFAULT, "a parameter that pmd does not have: foo"),
    ("7: repeated", "pmd; snct; snct", DEFAULT, "snct more than once."),
    ("7: repeated", "pmd; cnct; smwb=9; cnct", DEFAULT, "cnct more than once."),
    ("7: repeated", "pmd; smwb=9; smwb=10", SERVER_10, "smwb more than once."),
    ("7: repeated", "pmd; cmwb=9; cmwb=9", DEFAULT, "cmwb more than once."),
    ("7.1.1.1: a value", "pmd; snct=1", DEFAULT, "an invalid value of snct: 1"),
    ("7.1.1.2: a value", "pmd; cnct=\"true\"", DEFAULT, "an invalid value of cnct: true"),
    ("7.1.2.1: no value", "pmd; smwb", DEFAULT, "no value of smwb."),
    ("7.1.2.1: too small", "pmd; smwb=7", DEFAULT, "an invalid value of smwb: 7"),
    ("7.1.2.1: too large", "pmd; smwb=16", DEFAULT, "an invalid value of smwb: 16"),
    ("7.1.2.1: a leading zero", "pmd; smwb=09", DEFAULT, "an invalid value of smwb: 09"),
    ("7.1.2.2: no value", "pmd; cmwb", DEFAULT, "no value of cmwb."),
    ("7.1.2.2: too small", "pmd; cmwb=7", DEFAULT, "an invalid value of cmwb: 7"),
    ("7.1.2.2: too large", "pmd; cmwb=16", DEFAULT, "an invalid value of cmwb: 16"),
    ("7.1.2.2: a leading zero", "pmd; cmwb=\"010\"", DEFAULT, "an invalid value of cmwb: 010"),
    ("7.1.2.2: not offered", "pmd; cmwb=10", CLIENT_FULL, "cmwb, which was not offered."),
    ("7.1.2.2: not offered", "pmd; cmwb", CLIENT_FULL, "cmwb, which was not offered."),
    ("7.1.2.1: more than was offered", "pmd; smwb=11", SERVER_10, "smwb=11 where 10 was offered."),
    ("5: accepted twice", "pmd, pmd", DEFAULT, "pmd more than once."),
    ("5: accepted twice", "pmd; snct, foo, Permessage-Deflate", DEFAULT, "pmd more than once."),
    ("RFC 6455 9.1", "pmd;", DEFAULT, "a malformed Sec-WebSocket-Extensions header."),
    ("RFC 6455 9.1", "pmd; smwb=\"1 0\"", DEFAULT, "a malformed Sec-WebSocket-Extensions header."),
    ("RFC 6455 9.1", "foo bar", DEFAULT, "a malformed Sec-WebSocket-Extensions header."),
];

#[test]
fn responses_that_a_client_refuses() {
    for (section, response, options, words) in REFUSED {
        let fault = options.conclude(&spelt_out(response)).expect_err(response);
        assert_eq!(fault.to_string(), format!("Server responded with {}", spelt_out(words)), "{section}: {response}");
    }
    for (options, parameter) in [(SERVER_FORGETS, "snct"), (SERVER_10, "smwb"), (SERVER_15, "smwb")] {
        let fault = options.conclude(EXTENSION).expect_err(parameter);
        let words = format!("Server did not respond with the {} that was offered.", spelt_out(parameter));
        assert_eq!(fault.to_string(), words, "7.1.1.1, 7.1.2.1");
    }
}

#[test]
fn the_window_that_is_too_small_for_us() {
    let wanted = (8..SMALLEST_OWN_WINDOW).collect::<Vec<_>>();
    for bits in wanted {
        assert_eq!(DEFAULT.answer(&format!("{EXTENSION}; {SERVER_MAX_WINDOW_BITS}={bits}")), Ok(None));
        let response = format!("{EXTENSION}; {CLIENT_MAX_WINDOW_BITS}={bits}");
        assert_eq!(DEFAULT.conclude(&response), Err(ResponseFault::TooSmall(bits)));
    }
    let smallest = format!("{EXTENSION}; {SERVER_MAX_WINDOW_BITS}={SMALLEST_OWN_WINDOW}");
    assert_eq!(DEFAULT.answer(&smallest).unwrap().unwrap().response, smallest);
}

fn any_bits() -> impl Strategy<Value = u8> {
    8..=15u8
}

fn any_options() -> impl Strategy<Value = DeflateOptions> {
    let client_window = prop_oneof![
        Just(ClientWindow::Negotiable),
        Just(ClientWindow::Full),
        any_bits().prop_map(ClientWindow::AtMost)
    ];
    (any::<bool>(), any::<bool>(), prop::option::of(any_bits()), client_window).prop_map(
        |(server_no_context_takeover, client_no_context_takeover, server_max_window_bits, client_window)| {
            DeflateOptions {
                server_no_context_takeover,
                client_no_context_takeover,
                server_max_window_bits,
                client_window,
            }
        },
    )
}

/// Whether the client does not let its window be limited, and the server insists.
fn differ_over_the_client_window(client: &DeflateOptions, server: &DeflateOptions) -> bool {
    client.client_window == ClientWindow::Full
        && matches!(server.client_window, ClientWindow::AtMost(bits) if bits < FULL_WINDOW)
}

proptest! {
    #[test]
    fn our_two_sides_always_agree(client in any_options(), server in any_options()) {
        let too_small = |bits| bits < SMALLEST_OWN_WINDOW;
        prop_assume!(!client.server_max_window_bits.is_some_and(too_small));
        prop_assume!(!matches!(server.client_window, ClientWindow::AtMost(bits) if too_small(bits)));

        let answer = server.answer(&client.offer()).unwrap();
        prop_assert_eq!(answer.is_none(), differ_over_the_client_window(&client, &server));
        let Some(answer) = answer else { return Ok(()) };
        let conclusion = client.conclude(&answer.response).unwrap().unwrap();
        prop_assert_eq!(&conclusion.response, &answer.response);

        let (here, there) = (conclusion.agreement, answer.agreement);
        prop_assert_eq!(here.server_no_context_takeover, there.server_no_context_takeover);
        prop_assert_eq!(here.server_max_window_bits, there.server_max_window_bits);
        prop_assert_eq!(here.client_no_context_takeover, there.client_no_context_takeover);
        // The server can inflate output of a smaller window than agreed.
        prop_assert!(here.client_max_window_bits <= there.client_max_window_bits);

        let limit = |bits: Option<u8>| bits.unwrap_or(FULL_WINDOW);
        prop_assert!(here.server_max_window_bits <= limit(client.server_max_window_bits));
        prop_assert!(here.server_max_window_bits <= limit(server.server_max_window_bits).max(SMALLEST_OWN_WINDOW));
        for side in [client, server] {
            prop_assert!(here.server_no_context_takeover || !side.server_no_context_takeover);
            prop_assert!(here.client_no_context_takeover || !side.client_no_context_takeover);
            if let ClientWindow::AtMost(bits) = side.client_window {
                prop_assert!(here.client_max_window_bits <= bits.max(SMALLEST_OWN_WINDOW));
            }
        }
    }

    #[test]
    fn a_server_never_answers_more_than_it_was_asked(offers in any_header(), options in any_options()) {
        let Ok(Some(answer)) = options.answer(&offers) else { return Ok(()) };
        let accepted = parse_extensions(&offers).unwrap().iter().any(|offer| {
            let Ok(terms) = Terms::read(&offer.parameters) else { return false };
            let response = Terms::read(&parse_extensions(&answer.response).unwrap()[0].parameters).unwrap();
            offer.name.eq_ignore_ascii_case(EXTENSION)
                && (response.client_max_window_bits.is_none() || terms.client_max_window_bits.is_some())
                && (!terms.server_no_context_takeover || response.server_no_context_takeover)
                && terms.server_max_window_bits.is_none_or(|offered| {
                    response.server_max_window_bits.is_some_and(|bits| bits <= offered)
                })
        });
        prop_assert!(accepted, "{} to {}", answer.response, offers);
    }

    #[test]
    fn a_client_makes_something_of_any_response(response in any_header(), options in any_options()) {
        if let Ok(Some(conclusion)) = options.conclude(&response) {
            prop_assert_eq!(options.conclude(&conclusion.response), Ok(Some(conclusion.clone())));
        }
    }
}

/// Mostly right.
fn any_header() -> impl Strategy<Value = String> {
    let parameter = prop_oneof![
        4 => Just("snct".to_owned()),
        4 => Just("cnct".to_owned()),
        4 => any_bits().prop_map(|bits| format!("smwb={bits}")),
        4 => any_bits().prop_map(|bits| format!("cmwb={bits}")),
        4 => Just("cmwb".to_owned()),
        1 => "[a-z]{1,4}(=[0-9]{1,2})?",
        1 => "\\PC{0,4}",
    ];
    let name = prop_oneof![8 => Just("pmd"), 1 => Just("foo")];
    let extension = (name, prop::collection::vec(parameter, 0..4))
        .prop_map(|(name, parameters)| [vec![name.to_owned()], parameters].concat().join("; "));
    prop::collection::vec(extension, 0..4).prop_map(|extensions| spelt_out(&extensions.join(", ")))
}
