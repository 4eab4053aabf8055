//! `--strict-addresses`: users and tokens must be the StrKeys of accounts or contracts.
//!
//! The good and the bad ones are SEP-23's own test cases, the account of all zeros, and a contract on a test
//! network.

use crate::event::parse_json;
use crate::event::tests::support::{LENIENT, STRICT, seen};

#[track_caller]
fn check(address: &str, good: bool) {
    let token =
        format!(r#"{{"eventType":"FEE_COLLECTED","streamId":1,"feeAmount":"1","token":"{address}"}}"#);
    let sender = format!(r#"{{"eventType":"PAUSED","streamId":1,"sender":"{address}"}}"#);
    let parties = format!(r#"{{"eventType":"PAUSED","streamId":1,"parties":{{"recipient":"{address}"}}}}"#);
    for (body, path) in [(token, "token"), (sender, "sender"), (parties, "parties.recipient")] {
        parse_json(body.as_bytes(), LENIENT).unwrap();
        match parse_json(body.as_bytes(), STRICT) {
            Ok(_) => assert!(good, "{address}"),
            Err(error) => {
                assert!(!good, "{address}");
                let message = "must be a Stellar address, a StrKey that begins with G or C";
                assert_eq!(seen(&error), format!("{path} {message}"));
            }
        }
    }
}

#[test]
fn accounts_and_contracts() {
    check("GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ", true);
    check("GAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAWHF", true);
    check("CA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUWDA", true);
    check("CDLZFC3SYJYDZT7K67VZ75HPJVIEUVNIXF47ZG2FB2RMQQVU2HHGCYSC", true);
}

#[test]
fn other_text() {
    for bad in [
        "GABC...",
        "GAAAAAAAACGC6",
        // The checksum, one character, the case.
        "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGA",
        "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVTGZ",
        "GB7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ",
        "ga7qynf7sowq3glr2bgmzehxavirza4kvwltjjfc7mgxua74p7ujvsgz",
        // Version bytes that are no account: bits set below the first character, a muxed account, a seed.
        "G47QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVP2I",
        "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUAAAAAAAAAAAACJUQ",
        // Characters that are not base32.
        "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSG1",
        "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSG=",
    ] {
        check(bad, false);
    }
}
