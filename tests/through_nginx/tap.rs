//! Stands between the proxy and the server, passes every byte on, and keeps what each of them said. Its reader of both
//! is strict, small and nobody else's.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request that the proxy sent, and the status that the server answered.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) id: String,
    pub(crate) body: Vec<u8>,
    pub(crate) status: u16,
}

/// What was said on one connection.
#[derive(Debug, Default)]
struct Talk {
    asked: Vec<u8>,
    answered: Vec<u8>,
}

pub(crate) struct Tap {
    pub(crate) address: SocketAddr,
    talks: Arc<Mutex<Vec<Arc<Mutex<Talk>>>>>,
}

impl Tap {
    /// Before the server at `server`; passes on until the test's process ends.
    pub(crate) fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let talks = Arc::<Mutex<Vec<_>>>::default();
        let kept = Arc::clone(&talks);
        std::thread::spawn(move || {
            for proxy in listener.incoming() {
                let (proxy, server) = (proxy.unwrap(), TcpStream::connect(server).unwrap());
                let talk = Arc::<Mutex<Talk>>::default();
                kept.lock().unwrap().push(Arc::clone(&talk));
                let ways = [proxy.try_clone().unwrap(), server.try_clone().unwrap()];
                let asking = Arc::clone(&talk);
                std::thread::spawn(move || {
                    pass(ways[0].try_clone().unwrap(), &ways[1], |bytes| {
                        asking.lock().unwrap().asked.extend_from_slice(bytes);
                    });
                });
                std::thread::spawn(move || {
                    pass(server, &proxy, |bytes| talk.lock().unwrap().answered.extend_from_slice(bytes));
                });
            }
        });
        Self { address, talks }
    }

    /// Everything said so far. Fails where the server answered more or fewer requests than the proxy sent.
    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        let talks = self.talks.lock().unwrap();
        talks.iter().flat_map(|talk| exchanges(&talk.lock().unwrap())).collect()
    }
}

/// Passes bytes on until the end, and the end as well.
fn pass(mut from: TcpStream, mut to: &TcpStream, mut keep: impl FnMut(&[u8])) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count) = from.read(&mut buffer)
        && count > 0
    {
        keep(&buffer[..count]);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _gone = to.shutdown(Shutdown::Write);
}

fn exchanges(talk: &Talk) -> Vec<Exchange> {
    let (mut asked, mut answered) = (talk.asked.as_slice(), talk.answered.as_slice());
    let mut found = Vec::new();
    while !asked.is_empty() {
        let (line, fields) = head(&mut asked);
        let mut words = line.split(' ');
        let [method, target, "HTTP/1.1"] = [(); 3].map(|()| words.next().unwrap()) else {
            panic!("the proxy sent {line:?}")
        };
        let body = body(&mut asked, &fields);
        assert!(!answered.is_empty(), "no answer to {line:?}");
        let (status_line, answer) = head(&mut answered);
        let status: u16 = status_line.split(' ').nth(1).unwrap().parse().unwrap();
        assert!(status >= 200, "{status_line}");
        if method != "HEAD" && status != 204 {
            self::body(&mut answered, &answer);
        }
        found.push(Exchange {
            method: method.to_owned(),
            target: target.to_owned(),
            id: field(&fields, "x-request-id").expect("a request that the proxy did not make").to_owned(),
            body,
            status,
        });
    }
    assert_eq!(String::from_utf8_lossy(answered), "", "answers to nothing, behind {found:?}");
    found
}

type Fields = Vec<(String, String)>;

fn field<'f>(fields: &'f Fields, name: &str) -> Option<&'f str> {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn head(bytes: &mut &[u8]) -> (String, Fields) {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head");
    let text: String = bytes[..end].iter().map(|&byte| char::from(byte)).collect();
    *bytes = &bytes[end + 4..];
    let mut lines = text.split("\r\n");
    let first = lines.next().unwrap().to_owned();
    let field = |line: &str| {
        let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("{line:?} is no field"));
        (name.to_ascii_lowercase(), value.trim().to_owned())
    };
    (first, lines.map(field).collect())
}

fn body(bytes: &mut &[u8], fields: &Fields) -> Vec<u8> {
    let mut take = |count: usize| {
        let (taken, rest) = bytes.split_at(count);
        *bytes = rest;
        taken.to_vec()
    };
    if field(fields, "transfer-encoding") != Some("chunked") {
        return take(field(fields, "content-length").map_or(0, |length| length.parse().unwrap()));
    }
    let mut body = Vec::new();
    loop {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.extend(take(1));
        }
        let size = usize::from_str_radix(std::str::from_utf8(&line).unwrap().trim_end(), 16).unwrap();
        body.extend(take(size));
        assert_eq!(take(2), b"\r\n");
        if size == 0 {
            return body;
        }
    }
}
