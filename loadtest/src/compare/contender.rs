//! Who is compared, where each one's program is looked for, and what to do when it is not there.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::client::Program;

/// One of the compared servers, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Contender {
    /// The plain send(2) loop of this tool: the kernel's own limit
    Loop,
    /// nginx with the Nchan module
    Nchan,
    /// The server of the crate durable-streams, in its durable mode
    DurableStreams,
    /// Node with Express
    Node,
    /// Tailwire, durable
    Tailwire,
}

/// Where programs are looked for.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    pub(crate) tailwire: PathBuf,
    /// The repository's `loadtest/rivals`, which holds the Node script with its packages.
    pub(crate) scripts: PathBuf,
    /// Where `cargo install --root` put the server of durable-streams.
    pub(crate) installed: PathBuf,
    /// Directories of programs, as in `PATH`.
    pub(crate) path: Vec<PathBuf>,
    pub(crate) nginx_modules: PathBuf,
}

/// A contender that cannot be started: what is missing, and the cure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {lacks} is not there; {cure}, or let `make compare` do it", name = contender.name())]
pub(crate) struct Missing {
    pub(crate) contender: Contender,
    pub(crate) lacks: String,
    pub(crate) cure: &'static str,
}

impl Contender {
    pub(crate) fn all() -> &'static [Contender] {
        Contender::value_variants()
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Contender::Loop => "send loop",
            Contender::Nchan => "nchan",
            Contender::DurableStreams => "durable-streams",
            Contender::Node => "node",
            Contender::Tailwire => "tailwire",
        }
    }

    /// The key in JSON.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Contender::Loop => "sendLoop",
            Contender::Nchan => "nchan",
            Contender::DurableStreams => "durableStreams",
            Contender::Node => "node",
            Contender::Tailwire => "tailwire",
        }
    }

    /// Whether it keeps events, so that there is something to replay.
    pub(crate) fn keeps_events(self) -> bool {
        !matches!(self, Contender::Loop | Contender::Node)
    }

    /// The program to start.
    pub(crate) fn find(self, places: &Places) -> Result<Program, Missing> {
        let lacks = |what: &Path, cure| Missing { contender: self, lacks: what.display().to_string(), cure };
        let installed = |path: PathBuf, cure| if path.exists() { Ok(path) } else { Err(lacks(&path, cure)) };
        match self {
            Contender::Loop => Ok(Program::SendLoop),
            Contender::Tailwire => {
                installed(places.tailwire.clone(), "cargo build --release, or give --tailwire")
                    .map(Program::Tailwire)
            }
            Contender::Nchan => {
                let cure = "apt-get install nginx libnginx-mod-nchan";
                let nginx = places.program("nginx").ok_or_else(|| lacks(Path::new("nginx"), cure))?;
                let module = installed(places.nginx_modules.join("ngx_nchan_module.so"), cure)?;
                Ok(Program::Nchan { nginx, module })
            }
            Contender::DurableStreams => {
                let cure = "cargo install durable-streams --locked --root target/rivals";
                let name = "durable-streams-server";
                let installed = places.installed.join("bin").join(name);
                let found = if installed.exists() { Some(installed) } else { places.program(name) };
                found.map(Program::DurableStreams).ok_or_else(|| lacks(Path::new(name), cure))
            }
            Contender::Node => {
                let cure = "apt-get install nodejs npm, then npm ci in loadtest/rivals/node";
                let node = places.program("node").ok_or_else(|| lacks(Path::new("node"), cure))?;
                let directory = places.scripts.join("node");
                installed(directory.join("node_modules/express"), cure)?;
                let script = installed(directory.join("server.js"), cure)?;
                Ok(Program::Node { node, script })
            }
        }
    }
}

impl Places {
    /// Where they are in this repository and on this system.
    pub(crate) fn usual(tailwire: PathBuf) -> Places {
        let loadtest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = std::env::var_os("PATH").unwrap_or_default();
        // Debian keeps nginx where only root's PATH looks.
        let path = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
        Places {
            tailwire,
            scripts: loadtest.join("rivals"),
            installed: loadtest.join("../target/rivals"),
            path: path.collect(),
            nginx_modules: "/usr/lib/nginx/modules".into(),
        }
    }

    fn program(&self, name: &str) -> Option<PathBuf> {
        self.path.iter().map(|directory| directory.join(name)).find(|path| path.is_file())
    }
}
