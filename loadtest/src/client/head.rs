//! The head of an HTTP/1.1 response: status and fields, borrowed from the bytes. Only as much of RFC 9112 as
//! a client of one well-behaved server needs; a head that is odd is a fault to report, never one to guess at.

use memchr::memmem;

/// Longest head that is waited for.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// A response head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head<'a> {
    pub(crate) status: u16,
    fields: &'a str,
}

/// How a response head is broken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeadError {
    #[error("the response head is longer than {HEAD_BYTES_MAX} bytes")]
    TooLong,
    #[error("the response head is not UTF-8")]
    NotUtf8,
    #[error("the status line is not \"HTTP/1.1 <three digits> …\"")]
    StatusLine,
}

impl<'a> Head<'a> {
    /// The head that `bytes` begins with, and its length; `None` while it is not whole.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Option<(Head<'a>, usize)>, HeadError> {
        let Some(end) = memmem::find(bytes, b"\r\n\r\n") else {
            return if bytes.len() > HEAD_BYTES_MAX { Err(HeadError::TooLong) } else { Ok(None) };
        };
        let text =
            bytes.get(..end).and_then(|head| std::str::from_utf8(head).ok()).ok_or(HeadError::NotUtf8)?;
        let (line, fields) = text.split_once("\r\n").unwrap_or((text, ""));
        let digits = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
        let status = digits.and_then(|digits| digits.parse().ok()).ok_or(HeadError::StatusLine)?;
        Ok(Some((Head { status, fields }, end + 4)))
    }

    /// The value of the first field of this name, in any case.
    pub(crate) fn field(&self, name: &str) -> Option<&'a str> {
        self.fields.split("\r\n").find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim_matches([' ', '\t']))
        })
    }

    /// Whether the body is in the chunked coding.
    pub(crate) fn is_chunked(&self) -> bool {
        self.field("Transfer-Encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
    }
}
