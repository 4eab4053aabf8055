//! Keys read at start and again: a good set replaces the old one, a bad one does not.

use std::path::Path;

use zeroize::Zeroizing;

use crate::app::keys::{reload, verifier};
use crate::auth::{Claims, SigningKey, TokenError};
use crate::config::{KeyFile, KeySettings};

const NOW_S: u64 = 1_700_000_000;
const OLD: &str = "the old secret of the tests, 32 bytes or more";
const NEW: &str = "the new secret of the tests, 32 bytes or more";

fn settings(path: &Path) -> KeySettings {
    let file = KeyFile { kid: None, path: path.to_owned() };
    KeySettings { secret_files: vec![file], ..KeySettings::default() }
}

fn token(secret: &str) -> String {
    let claims = Claims { all: true, expires_s: NOW_S + 60, ..Claims::default() };
    let key = SigningKey::from_secret(Zeroizing::new(secret.as_bytes().to_vec())).unwrap();
    key.token(None, &claims).unwrap()
}

#[test]
fn a_good_set_replaces_the_old_one_and_a_bad_one_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secret");
    std::fs::write(&path, format!("{OLD}\n")).unwrap();
    let settings = settings(&path);
    let shared = verifier(&settings).unwrap().unwrap();
    let check = |good: &str, bad: &str| {
        assert!(shared.verify(&token(good), NOW_S).is_ok());
        assert_eq!(shared.verify(&token(bad), NOW_S), Err(TokenError::Signature));
    };
    check(OLD, NEW);
    std::fs::write(&path, "short").unwrap();
    reload(&settings, Some(&shared));
    check(OLD, NEW);
    std::fs::remove_file(&path).unwrap();
    reload(&settings, Some(&shared));
    check(OLD, NEW);
    std::fs::write(&path, NEW).unwrap();
    reload(&settings, Some(&shared));
    check(NEW, OLD);
}

#[test]
fn a_start_without_keys_has_none_and_with_bad_ones_says_why() {
    assert!(verifier(&KeySettings::default()).unwrap().is_none());
    reload(&KeySettings::default(), None);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secret");
    let sentence = || verifier(&settings(&path)).map(|_| ()).unwrap_err().to_string();
    let missing = sentence();
    assert!(missing.contains("--jwt-secret-file") && missing.contains("cannot be read"), "{missing}");
    std::fs::write(&path, "hunter2").unwrap();
    let short = sentence();
    assert!(short.contains("shorter than 32 bytes") && short.contains("openssl rand"), "{short}");
    assert!(short.contains(&path.display().to_string()) && !short.contains("hunter2"), "{short}");
    std::fs::write(&path, vec![b'x'; 1 << 20]).unwrap();
    assert!(sentence().contains("larger than 256 KiB"));
}
