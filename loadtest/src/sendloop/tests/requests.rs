//! Requests arrive in any pieces and several at once; a request is taken when it is whole and not before.

use std::net::{TcpListener, TcpStream};

use crate::sendloop::connection::{Connection, Request, UnknownRequest};

fn connection(unread: &str) -> Connection {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    Connection { socket, unread: unread.as_bytes().to_vec() }
}

#[test]
fn requests_are_taken_one_by_one() {
    let publish = "POST /events HTTP/1.1\r\nHost: x\r\ncontent-length: 5\r\n\r\nhello";
    let all = format!(
        "{publish}GET /health HTTP/1.1\r\n\r\nGET /events/subscribe?all=true HTTP/1.1\r\n\r\n{publish}"
    );
    let mut connection = connection(&all);
    let body = || Request::Publish(b"hello".to_vec());
    for wanted in [body(), Request::Health, Request::Subscribe(None), body()] {
        assert_eq!(connection.next_request(), Ok(Some(wanted)));
    }
    assert_eq!(connection.next_request(), Ok(None));
    for length in 0..publish.len() {
        connection.unread = publish.as_bytes()[..length].to_vec();
        assert_eq!(connection.next_request(), Ok(None), "{length} bytes");
    }
}

#[test]
fn anything_else_closes() {
    for text in ["GET / HTTP/1.1\r\n\r\n", "POST /events HTTP/1.1\r\n\r\n", "\u{1}\r\n\r\n"] {
        assert_eq!(connection(text).next_request(), Err(UnknownRequest), "{text:?}");
    }
}

#[test]
fn a_subscription_may_name_one_payment_stream() {
    for (query, stream) in [("streams=a-1", Some("a-1")), ("users=x", None), ("all=true&streams=1", None)] {
        let mut connection = connection(&format!("GET /events/subscribe?{query} HTTP/1.1\r\n\r\n"));
        let wanted = stream.map(|name| name.as_bytes().to_vec());
        assert_eq!(connection.next_request(), Ok(Some(Request::Subscribe(wanted))), "{query}");
    }
}
