//! Where tokens and tickets are found, and that several must agree.

use crate::auth::{Credential, CredentialError, credentials};

const T: &str = "aaa.bbb.ccc";
const TICKET: &str = "tkt_AAAA";

#[test]
fn each_place_is_read_by_its_own_rules() {
    use CredentialError as E;
    type Case = (&'static [&'static str], &'static [&'static str], &'static [&'static str]);
    let token = |case: Case| match credentials(case.0, case.1, case.2) {
        Ok(Some(Credential::Token(token))) => Ok(Some(token)),
        Ok(None) => Ok(None),
        Ok(Some(other)) => panic!("{other:?}"),
        Err(error) => Err(error),
    };
    let cases: &[(Case, Result<Option<&str>, E>)] = &[
        ((&[], &[], &[]), Ok(None)),
        ((&["Bearer aaa.bbb.ccc"], &[], &[]), Ok(Some(T))),
        ((&["bearer aaa.bbb.ccc"], &[], &[]), Ok(Some(T))),
        ((&["BEARER   aaa.bbb.ccc "], &[], &[]), Ok(Some(T))),
        ((&["Bearer abc=="], &[], &[]), Ok(Some("abc=="))),
        ((&["Bearer"], &[], &[]), Err(E::Bearer)),
        ((&["Bearer "], &[], &[]), Err(E::Bearer)),
        ((&["Bearer =="], &[], &[]), Err(E::Bearer)),
        ((&["Bearer a b"], &[], &[]), Err(E::Bearer)),
        ((&["Bearer a,b"], &[], &[]), Err(E::Bearer)),
        ((&["Bearer \"a\""], &[], &[]), Err(E::Bearer)),
        ((&["Bearer a=b"], &[], &[]), Err(E::Bearer)),
        ((&["Bearer\taaa.bbb.ccc"], &[], &[]), Err(E::Scheme)),
        ((&["Bearer: aaa.bbb.ccc"], &[], &[]), Err(E::Scheme)),
        ((&["aaa.bbb.ccc"], &[], &[]), Err(E::Scheme)),
        ((&[""], &[], &[]), Err(E::Scheme)),
        ((&["Basic dXNlcjpwdw=="], &[], &[]), Err(E::Scheme)),
        ((&["Basic dXNlcjpwdw=="], &["tailwire=aaa.bbb.ccc"], &[]), Err(E::Scheme)),
        ((&[], &["tailwire=aaa.bbb.ccc"], &[]), Ok(Some(T))),
        ((&[], &["a=b; tailwire=aaa.bbb.ccc; c=d"], &[]), Ok(Some(T))),
        ((&[], &["a=b;tailwire=aaa.bbb.ccc"], &[]), Ok(Some(T))),
        ((&[], &["tailwire=\"aaa.bbb.ccc\""], &[]), Ok(Some(T))),
        ((&[], &["a=b", " tailwire = aaa.bbb.ccc "], &[]), Ok(Some(T))),
        ((&[], &["Tailwire=x; tailwire2=x; xtailwire=x; a=tailwire=x; tailwire"], &[]), Ok(None)),
        ((&[], &["a=\"tailwire=x\""], &[]), Ok(None)),
        ((&[], &["tailwire="], &[]), Err(E::EmptyCookie)),
        ((&[], &["tailwire=\"\""], &[]), Err(E::EmptyCookie)),
        ((&[], &[], &[T]), Ok(Some(T))),
        ((&[], &[], &[""]), Err(E::EmptyQuery)),
        ((&["Bearer aaa.bbb.ccc"], &["tailwire=aaa.bbb.ccc"], &[T]), Ok(Some(T))),
        ((&["Bearer aaa.bbb.ccc", "Bearer aaa.bbb.ccc"], &[], &[]), Ok(Some(T))),
        ((&["Bearer aaa.bbb.ccc", "Bearer aaa.bbb.ccd"], &[], &[]), Err(E::Disagree)),
        ((&["Bearer aaa.bbb.ccc"], &["tailwire=aaa.bbb.ccd"], &[]), Err(E::Disagree)),
        ((&["Bearer aaa.bbb.ccc"], &[], &["aaa.bbb.ccd"]), Err(E::Disagree)),
        ((&[], &["tailwire=aaa.bbb.ccc"], &["aaa.bbb.ccd"]), Err(E::Disagree)),
        ((&[], &["tailwire=aaa.bbb.ccc; tailwire=aaa.bbb.ccd"], &[]), Err(E::Disagree)),
        ((&[], &["tailwire=aaa.bbb.ccc", "tailwire=aaa.bbb.ccd"], &[]), Err(E::Disagree)),
        ((&[], &["tailwire=aaa.bbb.ccc; tailwire=aaa.bbb.ccc"], &[]), Ok(Some(T))),
        ((&[], &[], &[T, "aaa.bbb.ccd"]), Err(E::Disagree)),
        ((&["Bearer aaa.bbb.ccc"], &["tailwire="], &[]), Err(E::EmptyCookie)),
        // A ticket is one in the query alone.
        ((&["Bearer tkt_AAAA"], &[], &[]), Ok(Some(TICKET))),
        ((&[], &["tailwire=tkt_AAAA"], &[]), Ok(Some(TICKET))),
    ];
    for (case, expected) in cases {
        assert_eq!(token(*case), *expected, "{case:?}");
    }
}

#[test]
fn a_ticket_is_found_with_the_token_beside_it() {
    let alone = Credential::Ticket { ticket: TICKET, beside: None };
    let beside = Credential::Ticket { ticket: TICKET, beside: Some(T) };
    assert_eq!(credentials(&[], &[], &[TICKET]), Ok(Some(alone)));
    assert_eq!(credentials(&[], &[], &[TICKET, TICKET]), Ok(Some(alone)));
    assert_eq!(credentials(&["Bearer aaa.bbb.ccc"], &[], &[TICKET]), Ok(Some(beside)));
    assert_eq!(credentials(&[], &["tailwire=aaa.bbb.ccc"], &[TICKET]), Ok(Some(beside)));
    assert_eq!(credentials(&[], &[], &[TICKET, T]), Ok(Some(beside)));
    assert_eq!(credentials(&[], &[], &[TICKET, "tkt_BBBB"]), Err(CredentialError::Disagree));
    let three = credentials(&["Bearer aaa.bbb.ccc"], &["tailwire=x"], &[TICKET]);
    assert_eq!(three, Err(CredentialError::Disagree));
}
