//! Who may ask for what. A part of the settings table.

use crate::config::settings::{Group, Setting, row};
use crate::config::{Form, KeyFile, Secret, values};

pub(in crate::config) const ROWS: &[Setting] = &[
    row(
        Group::Access,
        "insecure",
        Form::Switch,
        "",
        "Allow an address that other machines can reach, without keys: anybody there may publish",
        |config, text| values::switch(text).map(|value| config.insecure = value),
    ),
    row(
        Group::Access,
        "jwt-secret",
        Form::Secret,
        "",
        "A secret that tokens are signed with (HS256), 32 bytes or more; better in a file",
        |config, text| {
            config.keys.secret = Some(Secret::new(text));
            Ok(())
        },
    ),
    row(
        Group::Access,
        "jwt-secret-file",
        Form::List("[KID=]FILE"),
        "",
        "A file with such a secret (a line end behind it does not count), and the name that tokens have for it (kid); \
         repeatable. The secret itself may stand in TAILWIRE_JWT_SECRET. With any key, every request but for the \
         page, health and readiness needs a token that allows it",
        |config, text| KeyFile::parse(text).map(|value| config.keys.secret_files.push(value)),
    ),
    row(
        Group::Access,
        "jwt-public-key",
        Form::List("[KID=]FILE"),
        "",
        "A PEM file with a public key that tokens are verified with: RSA (RS256), EC on P-256 (ES256) or Ed25519 \
         (EdDSA); repeatable",
        |config, text| KeyFile::parse(text).map(|value| config.keys.public_keys.push(value)),
    ),
    row(
        Group::Access,
        "jwks",
        Form::List("FILE"),
        "",
        "A file with a JWK set of such keys; repeatable. SIGHUP reads all files of keys again",
        |config, text| values::file(text).map(|value| config.keys.jwks.push(value)),
    ),
    row(
        Group::Access,
        "jwt-audience",
        Form::List("NAME"),
        "",
        "A token must name one of these as its audience (aud); repeatable",
        |config, text| values::name(text).map(|value| config.keys.audiences.push(value)),
    ),
    row(
        Group::Access,
        "jwt-issuer",
        Form::List("NAME"),
        "",
        "A token must be from one of these issuers (iss); repeatable",
        |config, text| values::name(text).map(|value| config.keys.issuers.push(value)),
    ),
    row(
        Group::Access,
        "cors-origin",
        Form::List("ORIGIN"),
        "",
        "A page origin that may read and publish, like https://app.example; repeatable. Loopback pages may \
         while the server listens on loopback without keys",
        |config, text| values::origin(text).map(|value| config.cors_origins.push(value)),
    ),
];
