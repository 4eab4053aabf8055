//! Request heads: bytes in, one meaning out or an error.
//!
//! `scan` finds where the head ends and refuses what is not RFC 9112 to the letter; here it is sliced into
//! fields and the rules that span fields are applied. What a path, a method or a field asks for is
//! `server`'s.

use std::mem::MaybeUninit;

use http::header::{CONNECTION, EXPECT, HOST, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::http::length::body_length;
use crate::http::list;
use crate::http::scan::Scanner;
use crate::http::target::{Target, is_host};
use crate::http::{BodyLength, RequestError};
use crate::limits::HEADER_FIELDS_MAX;

/// The versions spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    Http10,
    Http11,
}

/// A request head that has one meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Any token is a method; one that is not implemented is for the router to answer.
    pub method: Method,
    /// The path, percent-decoded, without the prefix `/v1`; begins with `/`, or is `*` (a whole-server
    /// `OPTIONS`).
    pub path: String,
    /// The query as it came, without `?`; empty when there is none.
    pub query: String,
    /// The host and port the request is for: those of an absolute-form target, else the `Host` field. `None`
    /// in HTTP/1.0 only; empty when the client says that it has none.
    pub host: Option<String>,
    pub version: Version,
    pub headers: HeaderMap,
    /// `Exact(0)` when the request says nothing of a body.
    pub body: BodyLength,
    /// Whether the request says how long its body is (a POST that does not is 411).
    pub has_length: bool,
    /// Whether the connection may carry another request after this one (RFC 9112, section 9.3).
    pub keep_alive: bool,
    /// Whether the client waits for `100 Continue` before it sends its body.
    pub expects_continue: bool,
    /// Bytes of the input that the head takes.
    pub bytes: usize,
}

/// Reads heads that arrive in pieces, looking at each byte once.
#[derive(Debug, Default)]
pub struct HeadReader {
    scanner: Scanner,
}

impl HeadReader {
    /// Reads one head from the front of `input`, which must begin with what the call before was given.
    /// `None`: more bytes are needed (and allowed). After a head, the reader stands before the next one.
    pub fn read(&mut self, input: &[u8]) -> Result<Option<Head>, RequestError> {
        let Some(bytes) = self.scanner.scan(input)? else { return Ok(None) };
        self.scanner = Scanner::default();
        Head::parse(&input[..bytes]).map(Some)
    }
}

/// Reads one head from the front of `input`. `None`: more bytes are needed (and allowed). Where bytes arrive
/// a few at a time, keep a `HeadReader` instead.
pub fn parse_head(input: &[u8]) -> Result<Option<Head>, RequestError> {
    HeadReader::default().read(input)
}

impl Head {
    /// A header's value as text; `None` when absent, not ASCII-visible text, or there are several that
    /// differ.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.headers.get_all(name).iter();
        let first = lines.next()?;
        if lines.all(|line| line == first) { first.to_str().ok() } else { None }
    }

    /// The `Origin` field as it is to be judged. One that is not text, or several that differ, are an opaque origin
    /// (`null`), and never none: a request without one is taken for no page's.
    pub fn origin(&self) -> Option<&str> {
        self.headers.contains_key(ORIGIN).then(|| self.header(ORIGIN.as_str()).unwrap_or("null"))
    }

    /// Whether the `Accept` header admits this media type (absent: yes; RFC 9110, section 12.5.1, `q=0`
    /// excludes).
    pub fn accepts(&self, media_type: &str) -> bool {
        list::accepts(&self.headers, media_type)
    }

    /// Whether `Prefer: status` was sent (RFC 7240).
    pub fn prefers_status(&self) -> bool {
        list::prefers(&self.headers, "status")
    }

    /// Parses a head whose end `scan` has found.
    fn parse(input: &[u8]) -> Result<Self, RequestError> {
        let mut fields = [const { MaybeUninit::uninit() }; HEADER_FIELDS_MAX];
        let mut request = httparse::Request::new(&mut []);
        match request.parse_with_uninit_headers(input, &mut fields) {
            Ok(httparse::Status::Complete(bytes)) if bytes == input.len() => {}
            _ => return Err(RequestError::Ambiguous),
        }
        let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version)
        else {
            return Err(RequestError::Ambiguous);
        };
        let version = if version == 0 { Version::Http10 } else { Version::Http11 };
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| RequestError::BadRequestLine)?;
        let headers = header_map(request.headers)?;
        let target = Target::parse(&method, target)?;
        let host = host(version, &headers)?;
        let body = body_length(version, &headers)?;
        Ok(Self {
            method,
            path: target.path,
            query: target.query.to_owned(),
            // RFC 9112, section 3.2.2: the authority of the target replaces the Host field.
            host: target.authority.or(host).map(str::to_owned),
            version,
            keep_alive: keep_alive(version, &headers),
            expects_continue: expects_continue(version, &headers, body)?,
            headers,
            body: body.unwrap_or(BodyLength::Exact(0)),
            has_length: body.is_some(),
            bytes: input.len(),
        })
    }
}

fn header_map(fields: &[httparse::Header<'_>]) -> Result<HeaderMap, RequestError> {
    let mut headers = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| RequestError::BadFieldName)?;
        let value = HeaderValue::from_bytes(field.value).map_err(|_| RequestError::BadFieldValue)?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// The `Host` field: exactly once in HTTP/1.1, at most once in HTTP/1.0 (RFC 9112, section 3.2).
fn host(version: Version, headers: &HeaderMap) -> Result<Option<&str>, RequestError> {
    let mut lines = headers.get_all(HOST).iter();
    let Some(host) = lines.next() else {
        return if version == Version::Http10 { Ok(None) } else { Err(RequestError::NoHost) };
    };
    if lines.next().is_some() {
        return Err(RequestError::ManyHosts);
    }
    let host = host.to_str().map_err(|_| RequestError::BadHost)?;
    if is_host(host) { Ok(Some(host)) } else { Err(RequestError::BadHost) }
}

fn keep_alive(version: Version, headers: &HeaderMap) -> bool {
    let says = |token| list::holds(headers, CONNECTION.as_str(), token);
    !says("close") && (version == Version::Http11 || says("keep-alive"))
}

/// RFC 9110, section 10.1.1. An expectation in HTTP/1.0 is ignored, and there is none to wait for without a
/// body.
fn expects_continue(
    version: Version,
    headers: &HeaderMap,
    body: Option<BodyLength>,
) -> Result<bool, RequestError> {
    if version == Version::Http10 || !headers.contains_key(EXPECT) {
        return Ok(false);
    }
    let text = headers.get_all(EXPECT).iter().all(|line| line.to_str().is_ok());
    let known = |expectation: &str| expectation.eq_ignore_ascii_case("100-continue");
    if !text || !list::elements(headers, EXPECT.as_str()).all(known) {
        return Err(RequestError::UnknownExpectation);
    }
    Ok(!matches!(body, None | Some(BodyLength::Exact(0))))
}
