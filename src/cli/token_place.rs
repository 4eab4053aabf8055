//! The files of `tailwire token …` and of the commands that carry a token: reading them, and saying why not.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::config::{Secret, TokenSource};
use crate::limits;

/// Why a key or a token cannot be had.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum TokenPlaceError {
    #[error("{what} {} cannot be read: {source}", path.display())]
    Unreadable { what: &'static str, path: PathBuf, source: io::Error },
    #[error("{place} holds no token; a token is one word of letters, digits, `-`, `_` and two dots")]
    NoToken { place: String },
}

/// A file's bytes; one more than a key may have, at most, so that too many show.
pub(in crate::cli) fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, TokenPlaceError> {
    let unreadable = |source| TokenPlaceError::Unreadable { what, path: path.to_owned(), source };
    let mut content = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(limits::KEY_FILE_BYTES_MAX as u64 + 1).read_to_end(&mut content).map_err(unreadable)?;
    Ok(content)
}

/// The `Authorization` field of a request; `None` without a token.
pub(in crate::cli) fn authorization(
    source: &TokenSource,
) -> Result<Option<Zeroizing<String>>, TokenPlaceError> {
    let (place, content) = match source {
        TokenSource::None => return Ok(None),
        TokenSource::Given(token) => ("TAILWIRE_TOKEN".to_owned(), Zeroizing::new(token.as_bytes().to_vec())),
        TokenSource::File(path) => {
            (format!("--token-file {}", path.display()), Zeroizing::new(read("--token-file", path)?))
        }
    };
    let token = word(&content).ok_or(TokenPlaceError::NoToken { place })?;
    Ok(Some(Zeroizing::new(format!("Bearer {}", String::from_utf8_lossy(token.as_bytes())))))
}

/// The one word of a text, white space around it taken off; it goes into a header field as it is.
pub(in crate::cli) fn word(content: &[u8]) -> Option<Secret> {
    let text = std::str::from_utf8(content).ok()?.trim();
    let good = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    good.then(|| Secret::new(text))
}
