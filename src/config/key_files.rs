//! Keys as the operator names them: files, and a secret itself. They are read and judged elsewhere.

use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::config::ValueError;

/// A secret from the environment or the configuration file. Nothing prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

/// A file with a key, and the name (`kid`) that tokens know the key by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    pub kid: Option<String>,
    pub path: PathBuf,
}

/// What tokens are verified with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySettings {
    pub secret: Option<Secret>,
    pub secret_files: Vec<KeyFile>,
    pub public_keys: Vec<KeyFile>,
    pub jwks: Vec<PathBuf>,
    pub audiences: Vec<String>,
    pub issuers: Vec<String>,
}

impl KeySettings {
    /// Whether tokens are asked for at all.
    pub fn any(&self) -> bool {
        let files = !(self.secret_files.is_empty() && self.public_keys.is_empty() && self.jwks.is_empty());
        self.secret.is_some() || files
    }
}

impl Secret {
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl KeyFile {
    /// `FILE`, or `KID=FILE`; what stands before the first `=` is a part of the path where it holds a slash.
    pub(in crate::config) fn parse(text: &str) -> Result<Self, ValueError> {
        let (kid, path) = match text.split_once('=') {
            Some((kid, path)) if !kid.contains('/') => (Some(kid), path),
            _ => (None, text),
        };
        if path.is_empty() || kid == Some("") {
            return Err(ValueError::KeyFile);
        }
        Ok(Self { kid: kid.map(str::to_owned), path: PathBuf::from(path) })
    }
}
