//! A contender that is not installed is named with what it lacks and how to get it; one that is, is found.

use std::fs;
use std::path::Path;

use crate::client::Program;
use crate::compare::contender::{Contender, Places};

fn places(directory: &Path) -> Places {
    Places {
        tailwire: directory.join("tailwire"),
        scripts: directory.join("rivals"),
        installed: directory.join("installed"),
        path: vec![directory.join("bin")],
        nginx_modules: directory.join("modules"),
    }
}

fn make(directory: &Path, file: &str) {
    let path = directory.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "").unwrap();
}

#[test]
fn what_is_missing_is_named_with_its_cure() {
    let directory = tempfile::tempdir().unwrap();
    let check = |contender: Contender, lacks: &str, cure: &str| {
        let told = contender.find(&places(directory.path())).unwrap_err().to_string();
        for part in [contender.name(), lacks, cure] {
            assert!(told.contains(part), "{told:?} lacks {part:?}");
        }
    };
    assert_eq!(Contender::Loop.find(&places(directory.path())), Ok(Program::SendLoop));
    check(Contender::Tailwire, "tailwire", "cargo build --release");
    check(Contender::DurableStreams, "durable-streams-server", "cargo install durable-streams --locked");
    check(Contender::Nchan, "nginx", "libnginx-mod-nchan");
    check(Contender::Node, "node", "make compare");
    // The one half does not do without the other.
    make(directory.path(), "bin/nginx");
    check(Contender::Nchan, "ngx_nchan_module.so", "libnginx-mod-nchan");
    make(directory.path(), "bin/node");
    check(Contender::Node, "node_modules/express", "npm ci");
}

#[test]
fn what_is_there_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let files = [
        "tailwire",
        "bin/nginx",
        "modules/ngx_nchan_module.so",
        "installed/bin/durable-streams-server",
        "bin/node",
        "rivals/node/server.js",
        "rivals/node/node_modules/express",
    ];
    files.iter().for_each(|file| make(directory.path(), file));
    for contender in Contender::all() {
        assert!(contender.find(&places(directory.path())).is_ok(), "{}", contender.name());
    }
    // What is installed for this repository goes before what else is on the path.
    make(directory.path(), "bin/durable-streams-server");
    let installed = directory.path().join("installed/bin/durable-streams-server");
    let found = Contender::DurableStreams.find(&places(directory.path()));
    assert_eq!(found, Ok(Program::DurableStreams(installed)));
}
