//! Keys as the operator names them: files, and a secret itself. They are read and judged elsewhere.

use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::auth::{KeyContent, KeyMaterial, TokenRules};
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
    const SECRET_FILE: &str = "--jwt-secret-file";

    /// Whether tokens are asked for at all.
    pub fn any(&self) -> bool {
        let files = !(self.secret_files.is_empty() && self.public_keys.is_empty() && self.jwks.is_empty());
        self.secret.is_some() || files
    }

    /// The keys as `auth` takes them. `read`: the bytes of a file, given the setting that names it.
    pub fn materials<E>(
        &self,
        read: impl Fn(&'static str, &Path) -> Result<Vec<u8>, E>,
    ) -> Result<Vec<KeyMaterial>, E> {
        let place = |setting: &str, path: &Path| format!("{setting} {}", path.display());
        let mut materials = Vec::new();
        if let Some(secret) = &self.secret {
            let content = KeyContent::Secret(secret.as_bytes().to_vec());
            materials.push(KeyMaterial { kid: None, place: "jwt-secret".to_owned(), content });
        }
        for KeyFile { kid, path } in &self.secret_files {
            let content = KeyContent::secret_of_file(read(Self::SECRET_FILE, path)?);
            let place = place(Self::SECRET_FILE, path);
            materials.push(KeyMaterial { kid: kid.clone(), place, content });
        }
        for KeyFile { kid, path } in &self.public_keys {
            let content = KeyContent::PublicPem(read("--jwt-public-key", path)?);
            let place = place("--jwt-public-key", path);
            materials.push(KeyMaterial { kid: kid.clone(), place, content });
        }
        for path in &self.jwks {
            let content = KeyContent::Jwks(read("--jwks", path)?);
            materials.push(KeyMaterial { kid: None, place: place("--jwks", path), content });
        }
        Ok(materials)
    }

    pub fn rules(&self) -> TokenRules {
        TokenRules { audiences: self.audiences.clone(), issuers: self.issuers.clone() }
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
