//! Requests to a server: one agent with timeouts that suit short requests and endless answers alike.

use std::time::Duration;

use crate::cli::exit::Exit;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// An agent whose connections count as dead after `silence` without a byte. A status is never an error: what it means
/// is for the caller to say.
pub(in crate::cli) fn agent(silence: Duration) -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .user_agent(concat!("tailwire/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_per_read(Some(silence))
        .timeout_per_write(Some(silence))
        .max_redirects(0)
        .build()
        .new_agent()
}

/// Why a request had no answer, for a person.
pub(in crate::cli) fn unreachable(url: &str, error: &ureq::Error) -> String {
    match failure(error) {
        Failure::NoTls => {
            format!("the server at {url} does not speak TLS: write http:// in place of https://")
        }
        Failure::Tls => format!("no secure connection to {url}: {error}; look at the server's certificate"),
        Failure::Other => format!("cannot reach {url}: {error}; is the server running there?"),
    }
}

/// Whether trying again later may work.
pub(in crate::cli) fn hope(error: &ureq::Error) -> Exit {
    match failure(error) {
        Failure::NoTls | Failure::Tls => Exit::Refused,
        Failure::Other => Exit::TryLater,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// What came in answer to the TLS greeting was no TLS.
    NoTls,
    Tls,
    Other,
}

/// The TLS library's error is the content of an input/output error, and its type is not ours to name; `InvalidData`
/// comes from nowhere else before the answer's head has been read.
fn failure(error: &ureq::Error) -> Failure {
    match error {
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => Failure::Tls,
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            if error.to_string().contains("corrupt message") { Failure::NoTls } else { Failure::Tls }
        }
        _ => Failure::Other,
    }
}

/// The seconds of a `Retry-After` field, if there is one that names seconds.
pub(in crate::cli) fn retry_after(response: &ureq::http::Response<ureq::Body>) -> Option<Duration> {
    let field = response.headers().get("retry-after")?.to_str().ok()?;
    field.trim().parse().ok().map(Duration::from_secs)
}
