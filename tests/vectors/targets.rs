//! Targets: the four forms, and paths that one reader takes for another than the next.

use super::Row;

pub(super) const ROWS: &[Row] = &[
    (
        "with the prefix",
        "9112 3.2.1",
        &[201, 201],
        "POST /v1/streams/FIRST/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "with a query",
        "9112 3.2.1",
        &[201, 201],
        "POST /streams/FIRST/pause?x=%0d%0aX:%20y HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "an encoded letter",
        "3986 6.2.2.2",
        &[201, 201],
        "POST /streams/FIRST/%70ause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    // Absolute form: the target's host counts and the Host field does not.
    (
        "absolute form",
        "9112 3.2.2",
        &[201, 201],
        "POST http://localhost/streams/FIRST/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "absolute form, the scheme in large letters",
        "3986 6.2.2.1",
        &[201, 201],
        "POST HTTP://LOCALHOST/streams/FIRST/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "absolute form against a foreign Host",
        "9112 3.2.2",
        &[201, 201],
        "POST http://localhost/streams/FIRST/pause HTTP/1.1\r\nHost: evil.example\r\n\
         Content-Length: 0\r\n\r\n",
    ),
    (
        "a foreign absolute form",
        "9112 3.2.2",
        &[403, 201],
        "POST http://evil.example/streams/FIRST/pause HTTP/1.1\r\nHost: localhost\r\n\
         Content-Length: 0\r\n\r\n",
    ),
    (
        "absolute form without Host",
        "9112 3.2.2",
        &[400],
        "POST http://localhost/streams/FIRST/pause HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "absolute form with a user",
        "9110 4.2.4",
        &[400],
        "GET http://localhost@evil.example/health?FIRST HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ),
    (
        "absolute form without a host",
        "9110 4.2.1",
        &[400],
        "GET http:///health?FIRST HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ),
    (
        "absolute form of another scheme",
        "9112 3.2.2",
        &[400],
        "GET ftp://localhost/health?FIRST HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ),
    (
        "absolute form with one slash",
        "9112 3.2.2",
        &[400],
        "GET http:/localhost/health?FIRST HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ),
    (
        "absolute form with a backslash",
        "3986 3.2",
        &[400],
        "GET http://localhost\\@evil.example/health?FIRST HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ),
    (
        "absolute form with a fragment",
        "9112 3.2.2",
        &[400],
        "GET http://localhost/health?FIRST#x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ),
    (
        "a host without a scheme",
        "9112 3.2",
        &[404, 201],
        "GET //evil.example/health?FIRST HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ),
    // Authority form and asterisk form.
    ("authority form", "9112 3.2.3", &[400], "GET localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("CONNECT", "9110 9.3.6", &[501], "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    (
        "CONNECT with a path",
        "9112 3.2.3",
        &[501],
        "CONNECT /health?FIRST HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ),
    (
        "CONNECT with a body that is a request",
        "9110 9.3.6",
        &[501],
        "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\nContent-Length: <LENGTH>\r\n\r\n<HIDDEN>",
    ),
    ("asterisk form", "9112 3.2.4", &[204, 201], "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("asterisk form for GET", "9112 3.2.4", &[400], "GET * HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    (
        "asterisk form for POST",
        "9112 3.2.4",
        &[400],
        "POST * HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    ("more behind an asterisk", "9112 3.2.4", &[400], "OPTIONS *?FIRST HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    // Paths.
    ("no slash in front", "9112 3.2.1", &[400], "GET health?FIRST HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("only a query", "9112 3.2.1", &[400], "GET ?FIRST HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    (
        "two slashes in front",
        "3986 3.3",
        &[404, 201],
        "POST //streams/FIRST/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "a slash too many",
        "3986 3.3",
        &[404, 201],
        "POST /streams/FIRST/pause/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "a parameter to a segment",
        "3986 3.3",
        &[404, 201],
        "POST /streams/FIRST/pause;x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "a backslash",
        "3986 2",
        &[404, 201],
        "POST /streams/FIRST\\pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "another case",
        "3986 6.2.2.1",
        &[404, 201],
        "POST /STREAMS/FIRST/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "a dot segment",
        "3986 5.2.4",
        &[404],
        "POST /streams/./FIRST/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "two dots",
        "3986 5.2.4",
        &[404],
        "POST /x/../streams/FIRST/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "encoded dots",
        "3986 5.2.4",
        &[404],
        "POST /x/%2e%2E/streams/FIRST/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "an encoded slash",
        "3986 2.2",
        &[400],
        "POST /streams%2fFIRST/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "an encoded NUL",
        "3986 7.3",
        &[400],
        "POST /streams/FIRST%00/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "an encoded line end",
        "3986 2.1",
        &[400],
        "POST /streams/FIRST%0d%0a/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "an encoded question mark",
        "3986 2.2",
        &[404, 201],
        "POST /streams/FIRST/pause%3fx HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "encoded twice",
        "3986 2.4",
        &[404, 201],
        "POST /streams/FIRST/%2570ause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "half an encoding",
        "3986 2.1",
        &[400],
        "POST /streams/FIRST/pause% HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "an encoding that is none",
        "3986 2.1",
        &[400],
        "POST /streams/FIRST/%u0070ause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "a letter encoded at too great length",
        "3629 3",
        &[400],
        "POST /streams/FIRST/%c1%b0ause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "half a character",
        "3629 3",
        &[400],
        "POST /streams/FIRST%e2%82/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "a surrogate",
        "3629 3",
        &[400],
        "POST /streams/FIRST%ed%a0%80/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "a fragment",
        "9112 3.2",
        &[400],
        "POST /streams/FIRST/pause#x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    ),
    ("a long target", "9110 15.5.15", &[414], "GET /health?FIRST<LONG> HTTP/1.1\r\nHost: localhost\r\n\r\n"),
];
