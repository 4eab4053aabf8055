//! Why a request cannot be understood: one variant for each cause, with its status and what to do about it.
//!
//! Errors about what a request asks for (no such path, a bad field) belong to whoever knows paths and fields.

use http::StatusCode;

use crate::http::scan::EMPTY_LINES_MAX;
use crate::limits::{BODY_BYTES_MAX, HEAD_BYTES_MAX, HEADER_FIELDS_MAX, TARGET_BYTES_MAX};

/// A request that gets an error answer, after which the connection closes. One variant per cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    // The request line.
    #[error(
        "this is a TLS handshake, but the port speaks plain HTTP: use http://, or put a TLS proxy before it"
    )]
    TlsHandshake,
    #[error("the request must begin with a method in letters, one space, a target, one space and HTTP/1.1")]
    BadRequestLine,
    #[error("more than {} empty lines stand before the request; send none", EMPTY_LINES_MAX)]
    TooManyEmptyLines,
    #[error("no method is so long; use GET, HEAD, POST or OPTIONS")]
    MethodTooLong,
    #[error("the target is longer than {TARGET_BYTES_MAX} bytes; name fewer payment streams or users")]
    TargetTooLong,
    #[error("the target holds a byte that must be percent-encoded")]
    BadTargetByte,
    #[error("the target must be a path that begins with / or a whole http:// address")]
    BadTarget,
    #[error("the request line names no HTTP version; HTTP/0.9 is not spoken here, use HTTP/1.1")]
    NoVersion,
    #[error("this HTTP version is not spoken here; use HTTP/1.1")]
    UnsupportedVersion,
    #[error("CONNECT is not offered; this server is no proxy")]
    Connect,
    #[error("a percent sign in the path is not followed by two hexadecimal digits")]
    BadPercent,
    #[error("the path holds an encoded control character")]
    ControlInPath,
    #[error("the path holds an encoded slash, which has no meaning here")]
    SlashInPath,
    #[error("the path is not UTF-8 once it is percent-decoded")]
    PathNotUtf8,
    #[error("there is no such path; paths with . or .. are not resolved")]
    DotSegment,

    // The fields.
    #[error("a line of the head does not end with CR LF; a lone CR or LF is refused")]
    BareLineEnd,
    #[error("a header field is continued on the next line; write it on one line")]
    FoldedField,
    #[error("white space stands before the colon of a header field; remove it")]
    SpaceBeforeColon,
    #[error("the name of a header field holds a character that is not allowed there, or is empty")]
    BadFieldName,
    #[error("the value of a header field holds a control character")]
    BadFieldValue,
    #[error("the request has more than {HEADER_FIELDS_MAX} header fields; send fewer")]
    TooManyFields,
    #[error("the request's head is longer than {HEAD_BYTES_MAX} bytes; send fewer header fields or cookies")]
    HeadTooLong,
    #[error("the request's head can be read in more than one way")]
    Ambiguous,
    #[error("an HTTP/1.1 request needs a Host header field")]
    NoHost,
    #[error("the request has more than one Host header field; send one")]
    ManyHosts,
    #[error("the Host header field is not a host with an optional port")]
    BadHost,
    #[error("the expectation in Expect is not known here; only 100-continue is")]
    UnknownExpectation,

    // The length of the body.
    #[error("the request has both Content-Length and Transfer-Encoding; send one of them")]
    LengthAndEncoding,
    #[error("the request has more than one Content-Length; send one")]
    ManyLengths,
    #[error("Content-Length is not a decimal number of bytes")]
    BadLength,
    #[error("Transfer-Encoding has no meaning in HTTP/1.0; send Content-Length, or use HTTP/1.1")]
    EncodingInHttp10,
    #[error("Transfer-Encoding must be chunked, and nothing after it, for the body's end to be known")]
    NotChunkedLast,
    #[error("the only transfer coding known here is chunked; send the body without any other")]
    UnknownEncoding,

    // The body.
    #[error("the body is longer than {BODY_BYTES_MAX} bytes; send fewer events in one request")]
    BodyTooLong,
    #[error("a chunk of the body does not begin with its size in hexadecimal")]
    BadChunkSize,
    #[error("a chunk of the body does not end where its size says")]
    BadChunkEnd,
    #[error("the chunk extensions of the body are too long or malformed; send none")]
    BadChunkExtension,
    #[error("the trailer of the body is too long or malformed; send none")]
    BadTrailer,
}

impl RequestError {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::DotSegment => StatusCode::NOT_FOUND,
            Self::BodyTooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::UnknownExpectation => StatusCode::EXPECTATION_FAILED,
            Self::TooManyFields | Self::HeadTooLong => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::MethodTooLong | Self::Connect | Self::UnknownEncoding => StatusCode::NOT_IMPLEMENTED,
            Self::UnsupportedVersion => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The short name in the error body, like `bad_request`: one for each status.
    pub fn name(&self) -> &'static str {
        match self {
            Self::DotSegment => "not_found",
            Self::BodyTooLong => "body_too_large",
            Self::TargetTooLong => "target_too_long",
            Self::UnknownExpectation => "expectation_failed",
            Self::TooManyFields | Self::HeadTooLong => "head_too_large",
            Self::MethodTooLong | Self::Connect | Self::UnknownEncoding => "not_implemented",
            Self::UnsupportedVersion => "version_not_supported",
            _ => "bad_request",
        }
    }
}
