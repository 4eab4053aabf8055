//! A network namespace and a pair of virtual links into it, made with iproute2 and taken away again at the
//! end.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::AsFd as _;
use std::process::Command;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use socket2::{Domain, SockAddr, Socket, Type};

/// One end is the host's, the other lies in the namespace.
pub(crate) struct Link {
    /// The namespace's name; unique to this process.
    space: String,
    host_end: String,
    far_end: String,
    /// The second byte of the addresses, so that two runs at once do not meet.
    net: u8,
    addresses: usize,
}

impl Link {
    /// Makes a link whose far end has this many addresses.
    pub(crate) fn make(addresses: usize) -> Self {
        let pid = std::process::id();
        let net = u8::try_from(pid % 200).unwrap() + 20;
        let link = Self {
            space: format!("tailwire-test-{pid}"),
            // A link's name has at most 15 letters.
            host_end: format!("twh{pid}"),
            far_end: format!("twf{pid}"),
            net,
            addresses,
        };
        let Self { space, host_end, far_end, .. } = &link;
        ip(&format!("netns add {space}"));
        ip(&format!("link add {host_end} type veth peer name {far_end} netns {space}"));
        ip(&format!("address add {}/16 dev {host_end}", link.host_address()));
        ip(&format!("link set {host_end} up"));
        for number in 0..addresses {
            ip(&format!("-n {space} address add {}/16 dev {far_end}", link.far_address(number)));
        }
        ip(&format!("-n {space} link set {far_end} up"));
        link
    }

    pub(crate) fn host_address(&self) -> IpAddr {
        Ipv4Addr::new(10, self.net, 0, 1).into()
    }

    fn far_address(&self, number: usize) -> IpAddr {
        Ipv4Addr::new(10, self.net, 1, u8::try_from(number + 1).unwrap()).into()
    }

    /// Connects from inside the namespace. Only the connecting thread moves there; its sockets stay there for
    /// good.
    pub(crate) fn connect(&self, server: SocketAddr, count: usize, each_address: usize) -> Vec<TcpStream> {
        let connecting = || {
            let space = File::open(format!("/run/netns/{}", self.space)).unwrap();
            move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            (0..count).map(|number| self.connect_from(number / each_address, server)).collect()
        };
        std::thread::scope(|scope| scope.spawn(connecting).join().unwrap())
    }

    fn connect_from(&self, number: usize, server: SocketAddr) -> TcpStream {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let address = SocketAddr::from((self.far_address(number % self.addresses), 0));
        socket.bind(&SockAddr::from(address)).unwrap();
        socket.connect_timeout(&SockAddr::from(server), crate::support::DEADLINE).unwrap();
        socket.into()
    }

    /// The far end goes down: what is sent to it is lost without an answer.
    pub(crate) fn cut(&self) {
        ip(&format!("-n {} link set {} down", self.space, self.far_end));
    }

    pub(crate) fn mend(&self) {
        ip(&format!("-n {} link set {} up", self.space, self.far_end));
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Made by this test alone; a failure here must not hide the test's own.
        for arguments in [format!("link delete {}", self.host_end), format!("netns delete {}", self.space)] {
            let _left_behind = Command::new("ip").args(arguments.split(' ')).status();
        }
    }
}

fn ip(arguments: &str) {
    let output = Command::new("ip").args(arguments.split(' ')).output().expect("iproute2 is installed");
    assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}
