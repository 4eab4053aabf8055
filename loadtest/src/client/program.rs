//! The programs that can be started as servers: how each is told where to listen and keep its data, what it
//! answers when it is ready, and which protocol it speaks. Where a rival's program lies is not known here.

use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::client::dialect::{DURABLE_STREAM, Dialect};

/// Nchan's configuration; the words in braces are replaced.
const NCHAN_CONF: &str = include_str!("../../rivals/nchan.conf");

/// Which program a child process runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Program {
    Tailwire(PathBuf),
    SendLoop,
    Nchan { nginx: PathBuf, module: PathBuf },
    DurableStreams(PathBuf),
    Node { node: PathBuf, script: PathBuf },
}

/// The request that is repeated until it is answered with 200 or 201.
pub(crate) struct ReadyProbe {
    pub(crate) method: &'static str,
    pub(crate) target: &'static str,
}

impl Program {
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Program::Tailwire(_) | Program::SendLoop | Program::Node { .. } => Dialect::Tailwire,
            Program::Nchan { .. } => Dialect::Nchan,
            Program::DurableStreams(_) => Dialect::DurableStreams,
        }
    }

    /// Only Tailwire promises to drain on SIGTERM and to end with success.
    pub(crate) fn must_end_well(&self) -> bool {
        matches!(self, Program::Tailwire(_))
    }

    /// Durable Streams has no health check, but takes the creation of a stream that exists already.
    pub(crate) fn ready_probe(&self) -> ReadyProbe {
        match self {
            Program::DurableStreams(_) => ReadyProbe { method: "PUT", target: DURABLE_STREAM },
            _ => ReadyProbe { method: "GET", target: "/health" },
        }
    }

    /// What this tool is to run, itself or by way of `run-server`, so that the server ends with it however it
    /// ends. Writes what the program reads at its start into `directory`.
    pub(crate) fn arguments(&self, addr: SocketAddr, directory: &Path) -> std::io::Result<Vec<OsString>> {
        let listen: OsString = addr.to_string().into();
        let port: OsString = addr.port().to_string().into();
        let data = directory.join("data");
        let command: Vec<OsString> = match self {
            Program::SendLoop => return Ok(vec!["sendloop-server".into(), "--listen".into(), listen]),
            Program::Tailwire(path) => {
                vec![path.into(), "serve".into(), "--data-dir".into(), data.into(), "--listen".into(), listen]
            }
            Program::Nchan { nginx, module } => {
                let config = directory.join("nginx.conf");
                let text = NCHAN_CONF
                    .replace("{module}", &module.to_string_lossy())
                    .replace("{listen}", &addr.to_string())
                    .replace("{directory}", &directory.to_string_lossy());
                fs::write(&config, text)?;
                vec![nginx.into(), "-e".into(), "stderr".into(), "-c".into(), config.into()]
            }
            Program::DurableStreams(path) => {
                fs::create_dir(&data)?;
                let mut command: Vec<OsString> = vec![path.into(), "--data-dir".into(), data.into()];
                command.extend(["--durability", "wal", "--port"].map(OsString::from));
                command.push(port);
                command
            }
            Program::Node { node, script } => vec![node.into(), script.into(), port],
        };
        let mut arguments: Vec<OsString> = vec!["run-server".into(), "--".into()];
        arguments.extend(command);
        Ok(arguments)
    }
}
