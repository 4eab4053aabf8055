//! Where a connection comes from. One address has some 28,000 ports for one server address; all of 127.0.0.0/8
//! is this machine, so a herd that needs more takes further addresses of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// The address to bind to for the `nth` source; `None` where the kernel's choice will do, and for IPv6, which
/// has one loopback address.
pub(crate) fn source_address(server: SocketAddr, nth: usize) -> Option<IpAddr> {
    let host = u32::try_from(nth).ok().filter(|nth| *nth > 0 && server.is_ipv4())?;
    let first = u32::from(Ipv4Addr::LOCALHOST);
    // 127.255.255.255 is the broadcast address.
    first
        .checked_add(host)
        .filter(|ip| *ip < u32::from(Ipv4Addr::new(127, 255, 255, 255)))
        .map(|ip| IpAddr::V4(ip.into()))
}

/// Connects, from `source` if there is one.
pub(crate) fn connect_from(
    source: Option<IpAddr>,
    server: SocketAddr,
    timeout: Duration,
) -> std::io::Result<TcpStream> {
    let Some(ip) = source else { return TcpStream::connect_timeout(&server, timeout) };
    let socket = Socket::new(Domain::for_address(server), Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(ip, 0).into())?;
    socket.connect_timeout(&server.into(), timeout)?;
    Ok(socket.into())
}
