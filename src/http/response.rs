//! Answers: the head and body of an ordinary reply, the head of an event stream, the error body.
//!
//! The status line says HTTP/1.1 whatever the request said (RFC 9110, section 6.2: the highest version spoken
//! here). Whether a connection is kept, and what the time is, is the caller's to say.

use std::io::Write;

use http::StatusCode;

use crate::http::{RequestError, Version};
use crate::json;

const JSON: &str = "application/json";

/// The interim answer to `Expect: 100-continue`.
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A field at fault, in an error body's `details`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    pub path: String,
    pub message: String,
}

/// A complete answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: StatusCode,
    /// Empty: there is no content and no `Content-Type`.
    pub content_type: &'static str,
    /// Further fields, like `Retry-After` or CORS.
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(status: StatusCode, body: Vec<u8>) -> Self {
        Self { status, content_type: JSON, headers: Vec::new(), body }
    }

    /// An answer without content, such as 204 to a preflight.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, content_type: "", headers: Vec::new(), body: Vec::new() }
    }

    /// `{"error": name, "message": message}` and `details` where there are any.
    pub fn error(status: StatusCode, name: &str, message: &str, details: &[Detail]) -> Self {
        let mut body = b"{\"error\":".to_vec();
        json::string(&mut body, name);
        body.extend_from_slice(b",\"message\":");
        json::string(&mut body, message);
        for (index, detail) in details.iter().enumerate() {
            body.extend_from_slice(if index == 0 { b",\"details\":[" } else { b"," });
            body.extend_from_slice(b"{\"path\":");
            json::string(&mut body, &detail.path);
            body.extend_from_slice(b",\"message\":");
            json::string(&mut body, &detail.message);
            body.push(b'}');
        }
        body.extend_from_slice(if details.is_empty() { b"}" } else { b"]}" });
        Self::json(status, body)
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Appends head and body to `out`. `date`: an IMF-fixdate (the caller keeps one per thread and second).
    /// `head_only`: an answer to HEAD, with the length the body would have. Content-Length always (not for
    /// 204, 304), `Connection: close` or, to HTTP/1.0, `keep-alive` as fits. JSON is not to be stored by
    /// caches unless `headers` says otherwise.
    pub fn write(&self, out: &mut Vec<u8>, version: Version, keep_alive: bool, head_only: bool, date: &str) {
        let has_content = !matches!(self.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        status_line(out, self.status);
        field(out, "Date", date);
        if has_content {
            if !self.content_type.is_empty() {
                field(out, "Content-Type", self.content_type);
            }
            field(out, "Content-Length", &self.body.len().to_string());
        }
        let names_cache = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("cache-control"));
        if self.content_type == JSON && !names_cache {
            field(out, "Cache-Control", "no-store");
        }
        field(out, "X-Content-Type-Options", "nosniff");
        for (name, value) in &self.headers {
            field(out, name, value);
        }
        match (keep_alive, version) {
            (false, _) => field(out, "Connection", "close"),
            (true, Version::Http10) => field(out, "Connection", "keep-alive"),
            (true, Version::Http11) => {}
        }
        out.extend_from_slice(b"\r\n");
        if has_content && !head_only {
            out.extend_from_slice(&self.body);
        }
    }
}

impl From<&RequestError> for Reply {
    fn from(error: &RequestError) -> Self {
        Self::error(error.status(), error.name(), &error.to_string(), &[])
    }
}

/// Appends the head of an event stream with further fields `extra` (CORS). To HTTP/1.0 the body goes
/// unchunked and ends with the connection. No field invites a proxy to hold back, compress or rewrite the
/// stream.
pub fn stream_head(out: &mut Vec<u8>, version: Version, extra: &[(&'static str, String)], date: &str) {
    status_line(out, StatusCode::OK);
    field(out, "Date", date);
    field(out, "Content-Type", "text/event-stream; charset=utf-8");
    field(out, "Cache-Control", "no-cache, no-transform");
    field(out, "X-Accel-Buffering", "no");
    field(out, "X-Content-Type-Options", "nosniff");
    for (name, value) in extra {
        field(out, name, value);
    }
    match version {
        Version::Http10 => field(out, "Connection", "close"),
        Version::Http11 => {
            field(out, "Connection", "keep-alive");
            field(out, "Transfer-Encoding", "chunked");
        }
    }
    out.extend_from_slice(b"\r\n");
}

fn status_line(out: &mut Vec<u8>, status: StatusCode) {
    let reason = status.canonical_reason().unwrap_or("");
    // Writing to a Vec does not fail.
    let _ = write!(out, "HTTP/1.1 {} {reason}\r\n", status.as_str());
}

/// One field line. A control character in a value would end the line early or the head with it: a space
/// stands for it.
fn field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend(value.bytes().map(|byte| if byte.is_ascii_control() { b' ' } else { byte }));
    out.extend_from_slice(b"\r\n");
}
