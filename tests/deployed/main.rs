//! The server as `deploy/` puts it on a machine: the unit file is one that systemd takes and rates as confined, every
//! system call of a busy server is in its list, the server lives under that list as an ordinary user who may write one
//! directory; and what it makes there is nobody else's, whatever the umask; and what it says
//! holds no secret.
//!
//! No systemd runs here: what the unit asks for is done by hand, from the same file. What systemd makes of the lines
//! that no test reads is not shown.

#![allow(unreachable_pub, reason = "as tests/support has it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

mod confined;
mod diagnostics;
mod filter;
mod life;
mod modes;
#[path = "../support/mod.rs"]
mod support;
mod traced;
mod unit_file;
