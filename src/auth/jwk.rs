//! Keys from a JWK set (RFC 7517). Members are read and never followed: no URL, no certificate.
//!
//! A key that is for something else (encryption, another algorithm) is skipped with a reason, for issuers publish
//! such beside ours. One that claims to be ours and is broken, or holds a private part, fails the whole set: somebody
//! made a mistake that would otherwise show as refused tokens, or as a stolen key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::auth::json::{Json, member};
use crate::auth::key::{KeyAlgorithm, VerifyingKey, is_key_id};
use crate::auth::key_error::{KeyError, KeyProblem};
use crate::limits;

/// Bytes of one coordinate of P-256 (RFC 7518, section 6.2.1.2: neither more nor fewer).
const COORDINATE_BYTES: usize = 32;
/// Members that only private keys have (RFC 7518, sections 6.2.2 and 6.3.2).
const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

type Members = [(String, Json)];

/// One key of a set.
enum Member {
    Key(VerifyingKey),
    Skipped(String),
}

/// The keys of a set, and why others were skipped.
pub(in crate::auth) fn parse(
    place: &str,
    content: &[u8],
) -> Result<(Vec<VerifyingKey>, Vec<String>), KeyError> {
    let whole = |problem| KeyError::Material { place: place.to_owned(), problem };
    let set = Json::object(content).map_err(|_| whole(KeyProblem::NotJwks))?;
    let Some(Json::Array(items)) = member(&set, "keys") else { return Err(whole(KeyProblem::NotJwks)) };
    let (mut keys, mut skipped) = (Vec::new(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        let Json::Object(members) = item else { return Err(whole(KeyProblem::NotJwks)) };
        let name = match member(members, "kid") {
            Some(Json::Text(kid)) if is_key_id(kid) => kid.clone(),
            _ => format!("number {}", index + 1),
        };
        match read(members) {
            Ok(Member::Key(key)) if keys.len() < limits::VERIFYING_KEYS_MAX => keys.push(key),
            Ok(Member::Key(_)) => return Err(KeyError::TooMany),
            Ok(Member::Skipped(why)) => skipped.push(format!("key \"{name}\" is {why}")),
            Err(problem) => return Err(KeyError::Member { place: place.to_owned(), kid: name, problem }),
        }
    }
    if keys.is_empty() {
        return Err(KeyError::NoneUsable { place: place.to_owned(), skipped });
    }
    Ok((keys, skipped))
}

fn read(members: &Members) -> Result<Member, KeyProblem> {
    let kid = match member(members, "kid") {
        None => None,
        Some(Json::Text(kid)) if is_key_id(kid) => Some(kid.clone()),
        Some(_) => return Err(KeyProblem::KeyId),
    };
    let kind = text(members, "kty")?;
    let curve = optional_text(members, "crv")?;
    let algorithm = match (kind, curve) {
        ("oct", _) => KeyAlgorithm::Hs256,
        ("RSA", _) => KeyAlgorithm::Rs256,
        ("EC", Some("P-256")) => KeyAlgorithm::Es256,
        ("OKP", Some("Ed25519")) => KeyAlgorithm::EdDsa,
        ("EC" | "OKP", _) => return skipped("on another curve than P-256 or Ed25519"),
        _ => return skipped("of another kind than oct, RSA, EC and OKP"),
    };
    if kind != "oct" && PRIVATE_MEMBERS.iter().any(|name| member(members, name).is_some()) {
        return Err(KeyProblem::Private);
    }
    if !matches!(optional_text(members, "use")?, None | Some("sig")) {
        return skipped("not for signatures (use)");
    }
    if !for_verifying(members)? {
        return skipped("not for verifying (key_ops)");
    }
    let named = optional_text(members, "alg")?;
    if named.is_some_and(|name| KeyAlgorithm::from_name(name) != Some(algorithm)) {
        return skipped("for another algorithm than HS256, RS256, ES256 and EdDSA");
    }
    let key = match algorithm {
        KeyAlgorithm::Hs256 => VerifyingKey::from_secret(kid, &binary(members, "k")?),
        KeyAlgorithm::Rs256 => VerifyingKey::from_rsa(kid, &binary(members, "n")?, &binary(members, "e")?),
        KeyAlgorithm::Es256 => {
            let (x, y) = (binary(members, "x")?, binary(members, "y")?);
            if x.len() != COORDINATE_BYTES || y.len() != COORDINATE_BYTES {
                return Err(KeyProblem::Curve);
            }
            VerifyingKey::from_point(kid, &[&[4], x.as_slice(), y.as_slice()].concat())
        }
        KeyAlgorithm::EdDsa => VerifyingKey::from_ed25519(kid, &binary(members, "x")?),
    };
    key.map(Member::Key)
}

fn skipped(why: &str) -> Result<Member, KeyProblem> {
    Ok(Member::Skipped(why.to_owned()))
}

/// RFC 7517, section 4.3.
fn for_verifying(members: &Members) -> Result<bool, KeyProblem> {
    match member(members, "key_ops") {
        None => Ok(true),
        Some(Json::Array(items)) => Ok(items.iter().any(|item| *item == Json::Text("verify".to_owned()))),
        Some(_) => Err(KeyProblem::Member),
    }
}

fn optional_text<'a>(members: &'a Members, name: &str) -> Result<Option<&'a str>, KeyProblem> {
    match member(members, name) {
        None => Ok(None),
        Some(Json::Text(text)) => Ok(Some(text)),
        Some(_) => Err(KeyProblem::Member),
    }
}

fn text<'a>(members: &'a Members, name: &str) -> Result<&'a str, KeyProblem> {
    optional_text(members, name)?.ok_or(KeyProblem::Member)
}

fn binary(members: &Members, name: &str) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
    let bytes = URL_SAFE_NO_PAD.decode(text(members, name)?).map_err(|_| KeyProblem::Member)?;
    Ok(Zeroizing::new(bytes))
}
