//! An nginx of the test's own, set up as the operations guide says, on sockets in a directory of its own.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use simd_json::prelude::*;

use crate::support::{DEADLINE, Json, until};

/// A line of the access log: what nginx understood, and what it was told by the server behind it.
#[derive(Debug, Clone)]
pub(crate) struct Logged {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) target: String,
    /// `None`: it came in chunks, or was passed on as it came, and nginx does not say.
    pub(crate) body: Option<String>,
    /// `None`: nginx answered by itself.
    pub(crate) status: Option<u16>,
}

pub(crate) struct Nginx {
    child: Child,
    directory: PathBuf,
}

/// Where nginx is, if it is.
pub(crate) fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    places.map(|place| place.join("nginx")).find(|program| program.is_file())
}

impl Nginx {
    /// Before `upstream`, with one server for each name, which adds its directives.
    pub(crate) fn start(
        program: &Path,
        directory: &Path,
        upstream: SocketAddr,
        servers: &[(&str, &str)],
    ) -> Self {
        let config = directory.join("nginx.conf");
        std::fs::write(&config, configuration(directory, upstream, servers)).unwrap();
        let child = Command::new(program)
            .arg("-p")
            .arg(directory)
            .arg("-e")
            .arg(directory.join("error.log"))
            .arg("-c")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut nginx = Self { child, directory: directory.to_owned() };
        until("nginx listens", || {
            assert_eq!(nginx.child.try_wait().unwrap(), None, "nginx ended: {}", nginx.errors());
            servers.iter().all(|(name, _)| UnixStream::connect(nginx.socket(name)).is_ok()).then_some(())
        });
        nginx
    }

    /// Sends the bytes and the end, and waits for nginx's end. Gives what it answered.
    pub(crate) fn send(&self, server: &str, bytes: &[u8]) -> Vec<u8> {
        let mut stream = UnixStream::connect(self.socket(server)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let _refused = stream.write_all(bytes);
        let _refused = stream.shutdown(Shutdown::Write);
        let mut answers = Vec::new();
        match stream.read_to_end(&mut answers) {
            Ok(_) => answers,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => answers,
            Err(error) => panic!("{error} of {:?}", String::from_utf8_lossy(bytes)),
        }
    }

    /// Lets nginx finish what it has begun.
    pub(crate) fn finish(&mut self) {
        kill_process(Pid::from_child(&self.child), Signal::QUIT).unwrap();
        let status = until("nginx ends", || self.child.try_wait().unwrap());
        assert!(status.success(), "nginx ended with {status}: {}", self.errors());
    }

    /// What a server has logged.
    pub(crate) fn logged(&self, server: &str) -> Vec<Logged> {
        let log = std::fs::read(self.directory.join(format!("{server}.log"))).unwrap();
        // A byte a character, as the tap reads.
        let text: String = log.iter().map(|&byte| char::from(byte)).collect();
        text.lines().map(logged).collect()
    }

    fn socket(&self, server: &str) -> PathBuf {
        self.directory.join(format!("{server}.sock"))
    }

    fn errors(&self) -> String {
        std::fs::read_to_string(self.directory.join("error.log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn logged(line: &str) -> Logged {
    let json: Json = simd_json::to_owned_value(&mut line.as_bytes().to_vec()).unwrap();
    let text = |name: &str| json.get_str(name).unwrap().to_owned();
    Logged {
        id: text("id"),
        method: text("method"),
        target: text("target"),
        body: text("coding").is_empty().then(|| text("body")),
        // Of a request that was tried twice it names both.
        status: (!text("status").is_empty()).then(|| text("status").parse().unwrap()),
    }
}

/// One process, which stays in the foreground, writes into its own directory alone, and keeps connections to the server
/// alive.
fn configuration(directory: &Path, upstream: SocketAddr, servers: &[(&str, &str)]) -> String {
    let directory = directory.display();
    let mut text = format!(
        "daemon off;\nmaster_process off;\npid {directory}/nginx.pid;\nerror_log {directory}/error.log info;\n\
         events {{ worker_connections 256; }}\nhttp {{\n\
         log_format meaning escape=json '{{\"id\":\"$request_id\",\"method\":\"$request_method\",\
         \"target\":\"$request_uri\",\"body\":\"$request_body\",\"coding\":\"$http_transfer_encoding\",\
         \"status\":\"$upstream_status\"}}';\n\
         upstream tailwire {{ server {upstream}; keepalive 8; }}\n"
    );
    for path in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        text += &format!("{path}_temp_path {directory}/{path};\n");
    }
    for (name, directives) in servers {
        // Without the last line nginx gives up a request whose client has said all that it had to say.
        text += &format!(
            "server {{\nlisten unix:{directory}/{name}.sock;\naccess_log {directory}/{name}.log meaning;\n\
             location / {{\nproxy_pass http://tailwire;\nproxy_http_version 1.1;\n\
             proxy_set_header Host 127.0.0.1:3001;\nproxy_set_header Connection \"\";\n\
             proxy_set_header X-Request-Id $request_id;\nproxy_buffering off;\n{directives}\n\
             proxy_ignore_client_abort on;\n}}\n}}\n"
        );
    }
    text + "}\n"
}
