//! Signing tokens: for `tailwire token mint`, and for whoever tests. A server has no use for it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::EncodingKey;
use zeroize::Zeroizing;

use crate::auth::key::{KeyAlgorithm, VerifyingKey, is_key_id, pem_label};
use crate::auth::key_error::KeyProblem;
use crate::json;
use crate::topic::{StreamId, User};

/// A key that signs.
pub struct SigningKey {
    algorithm: KeyAlgorithm,
    key: EncodingKey,
}

/// The claims of a token to be. Without any right of its own it gets no `tailwire` claim, and then its bearer may
/// read the events for `subject`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    pub subject: Option<User>,
    pub audiences: Vec<String>,
    pub issuer: Option<String>,
    /// Unix seconds.
    pub issued_s: u64,
    pub expires_s: u64,
    pub not_before_s: Option<u64>,
    pub all: bool,
    pub streams: Vec<StreamId>,
    pub users: Vec<User>,
    pub publish: bool,
    pub admin: bool,
}

impl SigningKey {
    /// A secret, for HS256.
    pub fn from_secret(secret: Zeroizing<Vec<u8>>) -> Result<Self, KeyProblem> {
        VerifyingKey::from_secret(None, &secret)?;
        Ok(Self { algorithm: KeyAlgorithm::Hs256, key: EncodingKey::from_secret(&secret) })
    }

    /// A private key in PEM: RSA (RS256), P-256 (ES256) or Ed25519 (EdDSA), in PKCS#8, RSA in PKCS#1 as well.
    pub fn from_pem(pem: Zeroizing<Vec<u8>>) -> Result<Self, KeyProblem> {
        if !matches!(pem_label(&pem)?, "PRIVATE KEY" | "RSA PRIVATE KEY") {
            return Err(KeyProblem::NotPrivate);
        }
        let kinds = [
            (KeyAlgorithm::Es256, EncodingKey::from_ec_pem(&pem)),
            (KeyAlgorithm::EdDsa, EncodingKey::from_ed_pem(&pem)),
            (KeyAlgorithm::Rs256, EncodingKey::from_rsa_pem(&pem)),
        ];
        let mut read =
            kinds.into_iter().filter_map(|(algorithm, key)| Some(Self { algorithm, key: key.ok()? }));
        // By trial: only the signing itself looks at the size of an RSA key and the curve of another.
        read.find(|key| key.sign(b"", b"").is_ok()).ok_or(KeyProblem::NotPrivate)
    }

    /// A token with these claims; `kid` goes into its header.
    pub fn token(&self, kid: Option<&str>, claims: &Claims) -> Result<String, KeyProblem> {
        let mut header = Vec::from("{\"alg\":");
        json::string(&mut header, self.algorithm.name());
        header.extend_from_slice(b",\"typ\":\"JWT\"");
        if let Some(kid) = kid {
            if !is_key_id(kid) {
                return Err(KeyProblem::KeyId);
            }
            header.extend_from_slice(b",\"kid\":");
            json::string(&mut header, kid);
        }
        header.push(b'}');
        self.sign(&header, &claims.json())
    }

    /// A token of any header and claims, for tests of what is refused.
    pub fn sign(&self, header: &[u8], claims: &[u8]) -> Result<String, KeyProblem> {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &self.key, self.algorithm.library())
            .map_err(|_| KeyProblem::NotPrivate)?;
        Ok(format!("{signed}.{signature}"))
    }

    /// What the key signs with, as a token's header names it.
    pub fn algorithm(&self) -> &'static str {
        self.algorithm.name()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, ..)", self.algorithm.name())
    }
}

impl Claims {
    fn json(&self) -> Vec<u8> {
        let mut out = Vec::from("{");
        if let Some(subject) = &self.subject {
            out.extend_from_slice(b"\"sub\":");
            json::string(&mut out, subject.as_str());
            out.push(b',');
        }
        match self.audiences.as_slice() {
            [] => {}
            [one] => {
                out.extend_from_slice(b"\"aud\":");
                json::string(&mut out, one);
                out.push(b',');
            }
            several => {
                out.extend_from_slice(b"\"aud\":");
                list(&mut out, several.iter().map(String::as_str));
                out.push(b',');
            }
        }
        if let Some(issuer) = &self.issuer {
            out.extend_from_slice(b"\"iss\":");
            json::string(&mut out, issuer);
            out.push(b',');
        }
        if let Some(not_before_s) = self.not_before_s {
            out.extend_from_slice(format!("\"nbf\":{not_before_s},").as_bytes());
        }
        out.extend_from_slice(format!("\"iat\":{},\"exp\":{}", self.issued_s, self.expires_s).as_bytes());
        self.rights(&mut out);
        out.push(b'}');
        out
    }

    /// The claim `tailwire`, where there is a right to put into it.
    fn rights(&self, out: &mut Vec<u8>) {
        let topics = !self.streams.is_empty() || !self.users.is_empty();
        let mut members = Vec::new();
        if self.all {
            members.push(Vec::from("\"subscribe\":{\"all\":true}"));
        } else if topics {
            let mut subscribe = Vec::from("\"subscribe\":{\"streams\":");
            list(&mut subscribe, self.streams.iter().map(StreamId::as_str));
            subscribe.extend_from_slice(b",\"users\":");
            list(&mut subscribe, self.users.iter().map(User::as_str));
            subscribe.push(b'}');
            members.push(subscribe);
        }
        if self.publish {
            members.push(Vec::from("\"publish\":true"));
        }
        if self.admin {
            members.push(Vec::from("\"admin\":true"));
        }
        if !members.is_empty() {
            out.extend_from_slice(b",\"tailwire\":{");
            out.extend_from_slice(&members.join(&b','));
            out.push(b'}');
        }
    }
}

fn list<'a>(out: &mut Vec<u8>, texts: impl Iterator<Item = &'a str>) {
    out.push(b'[');
    for (index, text) in texts.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        json::string(out, text);
    }
    out.push(b']');
}
