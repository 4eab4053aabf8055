//! Versions: HTTP/1.1 and HTTP/1.0, and what speaks another or wants to change to one.

use super::{Row, sized};

pub(super) const ROWS: &[Row] = &[
    // HTTP/0.9 has neither version nor fields; RFC 1945, section 4.1.
    ("HTTP/0.9", "9112 2.3", &[400], "GET /health?FIRST\r\n"),
    ("HTTP/0.9 that ends in LF", "9112 2.3", &[400], "GET /health?FIRST\n"),
    ("HTTP/0.9 with a space", "9112 2.3", &[400], "GET /health?FIRST \r\n"),
    ("HTTP/0.9 that publishes", "9112 2.3", &[400], "POST /streams/FIRST/pause\r\n\r\n"),
    ("HTTP/0.9 by its name", "9110 15.6.6", &[505], "GET /health?FIRST HTTP/0.9\r\n\r\n"),
    // HTTP/1.0.
    ("HTTP/1.0", "9112 9.3", &[200], "GET /health?FIRST HTTP/1.0\r\n\r\n"),
    (
        "HTTP/1.0 kept alive",
        "9112 9.3",
        &[200, 201],
        "GET /health?FIRST HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    ),
    (
        "HTTP/1.0 kept alive and closed",
        "9112 9.3",
        &[200],
        "GET /health?FIRST HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
    ),
    (
        "HTTP/1.0 publishes",
        "9112 6.3",
        &[201, 201],
        "POST /streams/FIRST/pause HTTP/1.0\r\nContent-Type: application/json\r\n\
         Connection: keep-alive\r\nContent-Length: 2\r\n\r\n{}",
    ),
    (
        "HTTP/1.0 with chunks",
        "9112 6.1",
        &[400],
        "POST /streams/FIRST/pause HTTP/1.0\r\nContent-Type: application/json\r\n\
         Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ),
    (
        "HTTP/1.0 with chunks and a length",
        "9112 6.1",
        &[400],
        "POST /streams/FIRST/pause HTTP/1.0\r\nContent-Type: application/json\r\n\
         Connection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}",
    ),
    (
        "HTTP/1.0 with identity",
        "9112 6.1",
        &[400],
        "POST /streams/FIRST/pause HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: identity\r\n\r\n",
    ),
    (
        "HTTP/1.0 with two lengths",
        "9112 6.3",
        &[400],
        "POST /streams/FIRST/pause HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\
         Content-Length: 0\r\n\r\n{}",
    ),
    (
        "HTTP/1.0 with two hosts",
        "9112 3.2",
        &[400],
        "GET /health?FIRST HTTP/1.0\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
    ),
    (
        "HTTP/1.0 with a foreign host",
        "9110 7.2",
        &[403, 201],
        "GET /health?FIRST HTTP/1.0\r\nHost: evil.example\r\nConnection: keep-alive\r\n\r\n",
    ),
    (
        "an expectation in HTTP/1.0",
        "9110 10.1.1",
        &[201, 201],
        "POST /streams/FIRST/pause HTTP/1.0\r\nContent-Type: application/json\r\n\
         Connection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
    ),
    // Others.
    ("HTTP/1.2", "9110 15.6.6", &[505], "GET /health?FIRST HTTP/1.2\r\nHost: localhost\r\n\r\n"),
    ("HTTP/2.0", "9110 15.6.6", &[505], "GET /health?FIRST HTTP/2.0\r\nHost: localhost\r\n\r\n"),
    ("HTTP/3.0", "9110 15.6.6", &[505], "GET /health?FIRST HTTP/3.0\r\nHost: localhost\r\n\r\n"),
    ("HTTP/9.9", "9110 15.6.6", &[505], "GET /health?FIRST HTTP/9.9\r\nHost: localhost\r\n\r\n"),
    ("the preface of HTTP/2", "9113 3.4", &[505], "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0"),
    ("two digits", "9112 2.3", &[400], "GET /health?FIRST HTTP/1.10\r\nHost: localhost\r\n\r\n"),
    ("a zero in front", "9112 2.3", &[400], "GET /health?FIRST HTTP/01.1\r\nHost: localhost\r\n\r\n"),
    ("no minor number", "9112 2.3", &[400], "GET /health?FIRST HTTP/1\r\nHost: localhost\r\n\r\n"),
    ("a comma", "9112 2.3", &[400], "GET /health?FIRST HTTP/1,1\r\nHost: localhost\r\n\r\n"),
    ("a sign", "9112 2.3", &[400], "GET /health?FIRST HTTP/+1.1\r\nHost: localhost\r\n\r\n"),
    ("small letters", "9112 2.3", &[400], "GET /health?FIRST http/1.1\r\nHost: localhost\r\n\r\n"),
    ("another name", "9112 2.3", &[400], "GET /health?FIRST HTTQ/1.1\r\nHost: localhost\r\n\r\n"),
    ("a space inside", "9112 2.3", &[400], "GET /health?FIRST HTTP /1.1\r\nHost: localhost\r\n\r\n"),
    // An upgrade may be ignored, and is.
    (
        "h2c",
        "9110 7.8",
        &[201, 201],
        sized!(
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\
             Content-Length: 2\r\n"
        ),
    ),
    (
        "h2c named wrongly",
        "9110 7.8",
        &[201, 201],
        sized!("Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n"),
    ),
    (
        "a web socket",
        "9110 7.8",
        &[200, 201],
        "GET /health?FIRST HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 777\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    ),
    (
        "TLS within HTTP",
        "2817 3",
        &[200, 201],
        "GET /health?FIRST HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0\r\n\r\n",
    ),
];
