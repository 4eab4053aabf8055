//! What accepted sockets have without a system call of their own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use socket2::SockRef;

use crate::limits;
use crate::server::listen;

#[test]
fn accepted_sockets_inherit_what_they_need() {
    let (address, listeners) = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), 1).unwrap();
    let _client = TcpStream::connect(address).unwrap();
    let listener = TcpListener::from(listeners.into_iter().next().unwrap());
    listener.set_nonblocking(false).unwrap();
    let (accepted, _) = listener.accept().unwrap();
    assert!(accepted.nodelay().unwrap());
    assert_eq!(SockRef::from(&accepted).tcp_notsent_lowat().unwrap(), limits::UNSENT_BYTES_MAX);
}
