//! What the diagnostics never hold, at the most talkative filter: tokens, secrets, URLs, what is published.

use std::process::Command;

use rustix::process::Signal;

use crate::support::{BINARY, Server, data_directory, get_with, post_with, run_to_end, serve, until};

/// Three words, each its own, so that a part of one in the log is found as well.
const SECRET: &str = "quokkaquokkaquokkaquokkaquokkaquokka";
const TOKEN: &str = "axolotlaxolotl.axolotlaxolotl.axolotlaxolotl";
const EVENT: &str = "narwhal";

#[test]
fn they_hold_no_token_no_secret_and_no_event() {
    for format in ["human", "json"] {
        for keys in [false, true] {
            let log = talkative_day(format, keys);
            assert!(log.contains("listening on"), "{log}");
            for word in ["quokka", "axolotl", EVENT, "token="] {
                assert!(!log.contains(word), "{word} in {log}");
            }
        }
    }
}

/// Everything that a server says of requests with credentials in all places, good and bad, of a reload and of its end.
fn talkative_day(format: &str, keys: bool) -> String {
    let directory = data_directory();
    let mut command = Command::new(BINARY);
    if keys {
        command.env("TAILWIRE_JWT_SECRET", SECRET);
    }
    let flags = ["--log-filter", "trace", "--log-format", format, "--max-connections", "100"];
    let server = Server::attempt(serve(&mut command, directory.path(), &flags)).unwrap();
    let (bearer, cookie) = (format!("Bearer {TOKEN}"), format!("tailwire={TOKEN}"));
    let fields = [("Authorization", bearer.as_str()), ("Cookie", cookie.as_str())];
    let event = format!("{{\"streamId\":1,\"amount\":\"1\",\"memo\":\"{EVENT}\"}}");
    let (good, bad) =
        (format!("{{\"type\":\"stream.topped_up\",\"data\":{event}}}"), format!("{{\"{EVENT}\":"));
    for query in ["", "?token=axolotl", "?all=true&token=axolotl", "?%&token=axolotl"] {
        for fields in [&fields[..0], &fields[..1], &fields[1..], &fields] {
            get_with(server.address, &format!("/events{query}"), fields);
            for body in [&good, &bad] {
                let fields = [fields, &[("Content-Type", "application/json")]].concat();
                post_with(server.address, &format!("/events{query}"), &fields, body);
            }
        }
    }
    if reads_keys_again() {
        server.signal(Signal::HUP);
        let heard = || server.log().matches("keys").count() > usize::from(keys);
        until("the signal is heard", || heard().then_some(()));
    }
    let mut server = server;
    server.signal(Signal::TERM);
    let ended = until("it ends", || server.has_ended());
    assert!(ended.success(), "{}", server.log());
    until("all of its log is here", || server.log().contains("stopped").then(|| server.log()))
}

/// Whether SIGHUP is more than the end.
fn reads_keys_again() -> bool {
    let help = run_to_end(Command::new(BINARY).args(["serve", "--help"])).stdout;
    String::from_utf8(help).unwrap().contains("--jwt-secret-file")
}
