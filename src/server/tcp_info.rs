//! What the kernel knows of a connection: whether its peer still acknowledges.

use std::os::fd::{AsRawFd, BorrowedFd};

/// The part of `TCP_INFO` (tcp(7)) by which a vanished peer is told from a slow one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TcpInfo {
    /// Segments on the way that are not acknowledged.
    pub(crate) unacked: u32,
    /// Probes of a closed window that are not acknowledged.
    pub(crate) probes: u32,
    /// Milliseconds since the last acknowledgement came in.
    pub(crate) last_ack_ms: u32,
}

/// Asks the kernel; `None` where the socket is no TCP connection any more.
#[expect(unsafe_code, reason = "no safe wrapper of TCP_INFO is at hand")]
pub(crate) fn tcp_info(socket: BorrowedFd<'_>) -> Option<TcpInfo> {
    // SAFETY: `tcp_info` is plain integers, for which all zeros is a value.
    let mut info: libc::tcp_info = unsafe { std::mem::zeroed() };
    let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
    let place = (&raw mut info).cast();
    let socket = socket.as_raw_fd();
    // SAFETY: `place` and `length` describe `info`, which outlives the call.
    let answer =
        unsafe { libc::getsockopt(socket, libc::IPPROTO_TCP, libc::TCP_INFO, place, &raw mut length) };
    (answer == 0).then_some(TcpInfo {
        unacked: info.tcpi_unacked,
        probes: info.tcpi_probes.into(),
        last_ack_ms: info.tcpi_last_ack_recv,
    })
}
