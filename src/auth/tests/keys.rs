//! Keys that can be used and keys that cannot, each with the sentence that says why.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::auth::tests::support::{NOW_S, key, material, pem, private};
use crate::auth::{Claims, KeyContent, KeyError, KeyMaterial, KeyProblem, KeySet, TokenRules, Verifier};
use crate::limits;

fn problem(content: KeyContent) -> KeyProblem {
    match KeySet::parse(vec![material(None, content)]) {
        Err(KeyError::Material { place, problem }) => {
            assert_eq!(place, "the test");
            problem
        }
        Err(KeyError::Member { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

fn secret(bytes: &[u8]) -> KeyContent {
    KeyContent::Secret(bytes.to_vec())
}

fn jwks(text: &str) -> KeyContent {
    KeyContent::Jwks(text.as_bytes().to_vec())
}

#[test]
fn secrets_must_be_long_and_secret() {
    assert_eq!(problem(secret(&[7; 31])), KeyProblem::ShortSecret);
    assert_eq!(problem(secret(b"")), KeyProblem::ShortSecret);
    assert!(KeySet::parse(vec![material(None, secret(&[0; 32]))]).is_ok());
    assert_eq!(problem(secret(key!("rsa.public"))), KeyProblem::PemAsSecret);
    assert_eq!(problem(secret(key!("ec.private"))), KeyProblem::PemAsSecret);
    assert_eq!(problem(secret(&vec![7; limits::KEY_FILE_BYTES_MAX + 1])), KeyProblem::TooLarge);
}

#[test]
fn the_line_end_of_a_file_is_no_part_of_a_secret() {
    for (content, expected) in
        [("s\n", "s"), ("s\r\n", "s"), ("s", "s"), ("s\n\n", "s\n"), ("s ", "s "), ("\n", ""), ("", "")]
    {
        let kept = KeyContent::without_line_end(content.as_bytes().to_vec());
        assert_eq!(kept.as_slice(), expected.as_bytes(), "{content:?}");
    }
}

#[test]
fn pem_files_are_public_keys_of_known_kinds() {
    let content = |pem: &[u8]| KeyContent::PublicPem(pem.to_vec());
    for (pem, name) in [
        (&key!("rsa.public")[..], "RS256"),
        (key!("rsa.pkcs1.public"), "RS256"),
        (key!("ec.public"), "ES256"),
        (key!("ed25519.public"), "EdDSA"),
    ] {
        let set = KeySet::parse(vec![material(Some("k"), content(pem))]).unwrap();
        assert_eq!(set.names(), [format!("{name} \"k\"")]);
    }
    for (pem, expected) in [
        (&key!("rsa1024.public")[..], KeyProblem::RsaTooSmall),
        (key!("p384.public"), KeyProblem::Curve),
        (key!("rsa.private"), KeyProblem::Private),
        (key!("ec.private"), KeyProblem::Private),
        (key!("ec.sec1.private"), KeyProblem::Private),
        (key!("ed25519.private"), KeyProblem::Private),
        (key!("certificate"), KeyProblem::Certificate),
        (b"", KeyProblem::NotPem),
        (b"\xff\xfe", KeyProblem::NotPem),
        (b"ssh-ed25519 AAAA", KeyProblem::NotPem),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", KeyProblem::UnknownKind),
        (b"-----BEGIN PUBLIC KEY-----", KeyProblem::UnknownKind),
        (b"-----BEGIN PGP MESSAGE-----\n", KeyProblem::UnknownKind),
        (&[key!("rsa.public").as_slice(), key!("ec.public")].concat(), KeyProblem::SeveralBlocks),
    ] {
        assert_eq!(problem(content(pem)), expected, "{}", String::from_utf8_lossy(pem));
    }
    // Every byte of a key turned over or cut off: an error or a key, never a panic.
    for pem in [&key!("rsa.public")[..], key!("ec.public"), key!("ed25519.public")] {
        for place in 0..pem.len() {
            let mut turned = pem.to_vec();
            turned[place] ^= 0x15;
            let _any = KeySet::parse(vec![material(None, content(&turned))]);
            let _any = KeySet::parse(vec![material(None, content(&pem[..place]))]);
        }
    }
}

/// The coordinates of a P-256 key and the number of an Ed25519 key: the end of the PEM's DER.
fn tail_of(pem: &[u8], bytes: usize) -> Vec<u8> {
    let body: String =
        String::from_utf8_lossy(pem).lines().filter(|line| !line.starts_with("-----")).collect();
    let der = base64::engine::general_purpose::STANDARD.decode(body).unwrap();
    der[der.len() - bytes..].to_vec()
}

fn ec_jwk(extra: &str) -> String {
    let point = tail_of(key!("ec.public"), 64);
    let [x, y] = [&point[..32], &point[32..]].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"{extra}}}"#)
}

fn ed_jwk(extra: &str) -> String {
    let x = URL_SAFE_NO_PAD.encode(tail_of(key!("ed25519.public"), 32));
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"{extra}}}"#)
}

#[test]
fn jwk_sets_give_each_usable_key_and_say_why_not() {
    let [ec, ed] =
        [ec_jwk(r#","kid":"e","use":"sig","alg":"ES256""#), ed_jwk(r#","kid":"d","key_ops":["verify"]"#)];
    let others = r#"{"kty":"RSA","kid":"enc","use":"enc","n":"AQAB","e":"AQAB"},{"kty":"EC","crv":"P-384","kid":"p"},
        {"kty":"EC","crv":"secp256k1"},{"kty":"AKP","kid":"new"},{"kty":"RSA","alg":"RS512","n":"AQAB","e":"AQAB"}"#;
    let set = KeySet::parse(vec![material(None, jwks(&format!(r#"{{"keys":[{ec},{others},{ed}],"x":1}}"#)))])
        .unwrap();
    assert_eq!(set.names(), ["ES256 \"e\"", "EdDSA \"d\""]);
    assert_eq!(set.skipped().len(), 5);
    assert!(set.skipped()[0].contains("\"enc\" is not for signatures"), "{:?}", set.skipped());
    let verifier = Verifier::new(set, TokenRules::default());
    let claims = Claims { all: true, expires_s: NOW_S, ..Claims::default() };
    for (pem, kid) in [(&key!("ec.private")[..], "e"), (key!("ed25519.private"), "d")] {
        let token = private(pem).token(Some(kid), &claims).unwrap();
        assert!(verifier.verify(&token, NOW_S).is_ok(), "{kid}");
    }
}

#[test]
fn broken_sets_and_private_parts_are_refused() {
    let one = |jwk: &str| problem(jwks(&format!(r#"{{"keys":[{jwk}]}}"#)));
    for text in
        ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[7]}"#, r#"{"keys":[],"keys":[]}"#, r#"{"kty":"oct"}"#]
    {
        assert_eq!(problem(jwks(text)), KeyProblem::NotJwks, "{text}");
    }
    assert_eq!(one(&ec_jwk(r#","d":"AAAA""#)), KeyProblem::Private);
    assert_eq!(one(&ed_jwk(r#","d":"AAAA""#)), KeyProblem::Private);
    assert_eq!(one(r#"{"kty":"RSA","n":"AQAB","e":"AQAB","p":"AQAB"}"#), KeyProblem::Private);
    assert_eq!(one(r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#), KeyProblem::RsaTooSmall);
    let n = URL_SAFE_NO_PAD.encode([0xff; 256]);
    assert_eq!(one(&format!(r#"{{"kty":"RSA","n":"{n}","e":"AA"}}"#)), KeyProblem::Rsa);
    let long = URL_SAFE_NO_PAD.encode([0xff; 1025]);
    assert_eq!(one(&format!(r#"{{"kty":"RSA","n":"{long}","e":"AQAB"}}"#)), KeyProblem::Rsa);
    let zeros = URL_SAFE_NO_PAD.encode([&[0; 300][..], &[1; 100]].concat());
    assert_eq!(one(&format!(r#"{{"kty":"RSA","n":"{zeros}","e":"AQAB"}}"#)), KeyProblem::RsaTooSmall);
    assert_eq!(one(r#"{"kty":"oct","k":"AAAA"}"#), KeyProblem::ShortSecret);
    assert_eq!(one(r#"{"kty":"oct"}"#), KeyProblem::Member);
    assert_eq!(one(r#"{"kty":"oct","k":"====" }"#), KeyProblem::Member);
    assert_eq!(one(r#"{"kty":7}"#), KeyProblem::Member);
    assert_eq!(one(&ec_jwk(r#","kid":7"#)), KeyProblem::KeyId);
    assert_eq!(one(&ec_jwk(r#","kid":"a b""#)), KeyProblem::KeyId);
    assert_eq!(
        one(&ec_jwk("").replace("\"x\":\"", "\"x\":\"AAAA")),
        KeyProblem::Curve,
        "too long a coordinate"
    );
    let off = URL_SAFE_NO_PAD.encode([7; 32]);
    let off_curve = format!(r#"{{"kty":"EC","crv":"P-256","x":"{off}","y":"{off}"}}"#);
    assert_eq!(one(&off_curve), KeyProblem::Curve, "not on the curve");
    let none =
        KeySet::parse(vec![material(None, jwks(r#"{"keys":[{"kty":"RSA","use":"enc"}]}"#))]).unwrap_err();
    assert!(none.to_string().contains("no key that can verify a token: key \"number 1\" is not"), "{none}");
}

#[test]
fn sets_are_bounded_and_names_unique() {
    let rsa = |kid| pem(kid, key!("rsa.public"));
    assert_eq!(KeySet::parse(vec![]).unwrap_err(), KeyError::None);
    let twice = KeySet::parse(vec![rsa(Some("a")), rsa(Some("a"))]).unwrap_err();
    assert!(twice.to_string().contains("both named \"a\""), "{twice}");
    assert!(KeySet::parse(vec![rsa(Some("a")), pem(Some("a"), key!("ec.public"))]).is_ok());
    let unnamed = |count: usize| KeySet::parse((0..count).map(|_| rsa(None)).collect());
    assert!(unnamed(limits::UNNAMED_KEYS_MAX).is_ok());
    assert!(matches!(unnamed(limits::UNNAMED_KEYS_MAX + 1), Err(KeyError::Unnamed { .. })));
    let named: fn(usize) -> Vec<KeyMaterial> =
        |count| (0..count).map(|number| material(Some(&number.to_string()), secret(&[7; 32]))).collect();
    assert!(KeySet::parse(named(limits::VERIFYING_KEYS_MAX)).is_ok());
    assert_eq!(KeySet::parse(named(limits::VERIFYING_KEYS_MAX + 1)).unwrap_err(), KeyError::TooMany);
    for kid in ["", "a b", "é", &"k".repeat(limits::KEY_ID_MAX + 1)] {
        let error = KeySet::parse(vec![rsa(Some(kid))]).unwrap_err();
        assert!(matches!(error, KeyError::Material { problem: KeyProblem::KeyId, .. }), "{kid:?}");
    }
}
