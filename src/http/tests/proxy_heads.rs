//! Heads of the PROXY protocol: whole, in pieces, followed by a request, and everything that is none.

use crate::http::{NoProxyHead, Proxied, parse_proxy_head};

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

fn client(address: &str) -> Proxied {
    Proxied::Client(address.parse().unwrap())
}

fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16).to_be_bytes();
    [SIGNATURE, &[command, family], &length, body].concat()
}

fn whole() -> Vec<(Vec<u8>, Proxied)> {
    let v4 = [192, 0, 2, 1, 10, 0, 0, 1, 0xc0, 0, 0, 80];
    let v6: Vec<u8> = [0x20, 1, 0xd, 0xb8].into_iter().chain([0; 11]).chain([7]).chain([0; 20]).collect();
    vec![
        (b"PROXY TCP4 192.0.2.1 10.0.0.1 49152 80\r\n".to_vec(), client("192.0.2.1")),
        (b"PROXY TCP6 2001:db8::7 ::1 1 65535\r\n".to_vec(), client("2001:db8::7")),
        (b"PROXY UNKNOWN\r\n".to_vec(), Proxied::Unknown),
        (b"PROXY UNKNOWN what ever 1 2\r\n".to_vec(), Proxied::Unknown),
        (v2(0x21, 0x11, &v4), client("192.0.2.1")),
        (v2(0x21, 0x21, &v6), client("2001:db8::7")),
        // Further fields, known or not, are passed over.
        (v2(0x21, 0x11, &[&v4[..], &[0xea, 0, 3, 1, 2, 3, 0x04, 0, 0]].concat()), client("192.0.2.1")),
        (v2(0x20, 0, &[]), Proxied::Itself),
        (v2(0x20, 0x11, &v4), Proxied::Itself),
        (v2(0x21, 0, &[]), Proxied::Unknown),
        (v2(0x21, 0x31, &[0; 216]), Proxied::Unknown),
    ]
}

#[test]
fn heads_are_read_whole_however_they_come() {
    for (head, proxied) in whole() {
        let followed = [&head[..], b"GET / HTTP/1.1\r\n\r\n"].concat();
        assert_eq!(parse_proxy_head(&followed), Ok(Some((proxied, head.len()))), "{head:?}");
        for end in 0..head.len() {
            assert_eq!(parse_proxy_head(&head[..end]), Ok(None), "{end} bytes of {head:?}");
        }
    }
}

#[test]
fn anything_else_is_refused() {
    let long = [b"PROXY UNKNOWN ", &[b'x'; 100][..], b"\r\n"].concat();
    let refused: Vec<Vec<u8>> = vec![
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        b"\r\nGET / HTTP/1.1\r\n".to_vec(),
        b"proxy TCP4 192.0.2.1 10.0.0.1 1 2\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 10.0.0.1 1\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 10.0.0.1 1 2 3\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 10.0.0.1 1 65536\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 10.0.0.1 +1 2\r\n".to_vec(),
        b"PROXY TCP4  192.0.2.1 10.0.0.1 1 2\r\n".to_vec(),
        b"PROXY TCP4 2001:db8::7 ::1 1 2\r\n".to_vec(),
        b"PROXY TCP6 192.0.2.1 10.0.0.1 1 2\r\n".to_vec(),
        b"PROXY TCP5 192.0.2.1 10.0.0.1 1 2\r\n".to_vec(),
        b"PROXY \xff\r\n".to_vec(),
        long,
        v2(0x11, 0x11, &[0; 12]),
        v2(0x22, 0x11, &[0; 12]),
        v2(0x21, 0x11, &[0; 11]),
        v2(0x21, 0x21, &[0; 35]),
        v2(0x21, 0x11, &[0; 4081]),
    ];
    for head in refused {
        assert_eq!(parse_proxy_head(&head), Err(NoProxyHead), "{:?}", String::from_utf8_lossy(&head));
    }
}
