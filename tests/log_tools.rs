//! `tailwire log …` on logs of the real server, whole and damaged, and what subscribers of a damaged log are told.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use simd_json::prelude::{ValueAsArray as _, ValueAsScalar as _, ValueObjectAccessAsScalar as _};
use support::{
    Block, Json, Server, Subscription, created, data_directory, data_of, get, publish, publish_lines,
    run_to_end, topped_up, type_of, until,
};

const ALL: &str = "/events/subscribe?all=true&from=earliest";

fn tool(directory: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tailwire"));
    command.args(["log", args[0], "--data-dir"]).arg(directory.join("data")).args(&args[1..]);
    run_to_end(&mut command)
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(text: &str) -> Json {
    simd_json::to_owned_value(&mut text.as_bytes().to_vec()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn text<'a>(json: &'a Json, name: &str) -> &'a str {
    json.get_str(name).unwrap_or_else(|| panic!("no {name} in {json:?}"))
}

/// Everything a contract allows: names, escapes, batches, keys, a source, parties beside the data, a fee.
fn publish_all_kinds(server: &Server) -> usize {
    let lines = [
        r#"{"type":"stream.topped_up","data":{"streamId":"early","amount":"1"},"parties":{"sender":"GA"}}"#
            .to_owned(),
        created("7", "GA", "GB"),
        created("\"name:1\"", "G\\\"quoted\\\\", "GB"),
        r#"{"type":"stream.withdrawn","data":{"streamId":7,"amount":"250","memo":"ü \n\u0000\\ 𝄞"}}"#
            .to_owned(),
        r#"{"type":"stream.topped_up","data":{"streamId":7,"amount":"5"},"dedupeKey":"once"}"#.to_owned(),
        r#"{"type":"stream.fee_collected","data":{"streamId":7,"feeAmount":"1"}}"#.to_owned(),
        r#"{"type":"stream.paused","data":{"streamId":7},"source":"indexer","position":9}"#.to_owned(),
    ];
    for line in &lines {
        publish(server.address, line);
    }
    // Parties that only a later event of the same batch tells.
    let batch = [topped_up("8", "1"), created("8", "GC", "GA"), topped_up("8", "2")];
    assert_eq!(publish_lines(server.address, &batch).status, 201);
    lines.len() + batch.len()
}

fn fill(server: &Server, count: usize) {
    let lines: Vec<String> = (0..count).map(|at| topped_up("7", &at.to_string())).collect();
    for lines in lines.chunks(100) {
        assert_eq!(publish_lines(server.address, lines).status, 201);
    }
}

fn events(server: &Server, count: usize) -> Vec<Block> {
    let mut subscription = Subscription::open(server.address, ALL);
    subscription.greeting();
    subscription.events(count)
}

#[test]
fn a_reader_written_from_the_format_page_reads_what_subscribers_get() {
    let directory = data_directory();
    let mut server = Server::start(directory.path(), &["--segment-bytes", "4MiB"]);
    let mut count = publish_all_kinds(&server);
    for _ in 0..2 {
        server.kill();
        server = Server::start(directory.path(), &["--segment-bytes", "4MiB"]);
        fill(&server, 300);
        count += 300;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/read_log.py");
    assert!(std::fs::read_to_string(script).unwrap().lines().count() <= 100);
    // Beside the running server: two segments are sealed, one is open.
    let read = Command::new("python3").arg(script).arg(directory.path().join("data")).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let read: Vec<Json> = out(&read).lines().map(json).collect();
    let sent = events(&server, count);
    assert_eq!((read.len(), sent.len()), (count, count));
    for (read, sent) in read.iter().zip(&sent) {
        assert_eq!(text(read, "id"), sent.id.as_deref().unwrap());
        assert_eq!((text(read, "type"), text(read, "data")), (type_of(sent), sent.data.as_str()));
    }
    let page = get(server.address, "/events?all=true&limit=1000").json();
    let page = page["events"].as_array().unwrap();
    assert_eq!(page.len(), count);
    for (read, event) in read.iter().zip(page) {
        assert_eq!(read["publishedAt"], event["publishedAt"], "{event:?}");
    }
    let verified = tool(directory.path(), &["verify", "--json"]);
    assert!(verified.status.success(), "{}", out(&verified));
    let verified = json(&out(&verified));
    assert_eq!((verified["events"].as_usize(), verified["sound"].as_bool()), (Some(count), Some(true)));
    let uncached = tool(directory.path(), &["verify", "--uncached"]);
    assert!(uncached.status.success() && out(&uncached).contains("sound: 3 segments"), "{}", out(&uncached));
}

/// Publishes the lines of a file as an operator would.
fn import(server: &Server, lines: &str, directory: &Path) {
    let path = directory.join("export.ndjson");
    File::create(&path).unwrap().write_all(lines.as_bytes()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tailwire"));
    command.args(["publish", "--stdin", "--url", &format!("http://{}", server.address)]);
    let output = command.stdin(File::open(&path).unwrap()).stdout(Stdio::piped()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_export_published_to_an_empty_server_is_the_same_events() {
    let (old, new) = (data_directory(), data_directory());
    let server = Server::start(old.path(), &[]);
    let count = publish_all_kinds(&server);
    let exported = tool(old.path(), &["export", "--keys"]);
    assert!(exported.status.success(), "{exported:?}");
    let said = String::from_utf8_lossy(&exported.stderr).into_owned();
    assert!(
        said.contains(&format!("exported {count} events")) && said.contains("2 of them had an idemp"),
        "{said}"
    );
    let other = Server::start(new.path(), &[]);
    for _ in 0..2 {
        import(&other, &out(&exported), new.path());
    }
    let short = |blocks: Vec<Block>| -> Vec<(Option<String>, String)> {
        blocks.into_iter().map(|block| (block.event, block.data)).collect()
    };
    assert_eq!(
        short(events(&other, count)),
        short(events(&server, count)),
        "each once, in order, byte for byte"
    );
    assert_eq!(get(other.address, "/events/stats").json()["lastEventId"].as_str(), Some(&*count.to_string()));
    for filter in ["users=GA", "users=GB", "users=GC", "streams=7", "streams=early"] {
        let ids = |server: &Server| {
            let page = get(server.address, &format!("/events?{filter}&limit=100")).json();
            page["events"]
                .as_array()
                .unwrap()
                .iter()
                .map(|event| text(event, "id").to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(&other), ids(&server), "{filter}");
        assert!(!ids(&other).is_empty(), "{filter}");
    }
    let part =
        tool(old.path(), &["export", "--streams", "7,name:1", "--types", "created,withdrawn", "--from", "3"]);
    let part: Vec<String> = out(&part).lines().map(|line| text(&json(line), "type").to_owned()).collect();
    assert_eq!(part, ["stream.created", "stream.withdrawn"]);
}

/// Where an event lies: file, offset of its frame.
fn place(directory: &Path, id: u64) -> (PathBuf, u64) {
    let dumped = tool(directory, &["dump", "--json", "--from", &id.to_string(), "--limit", "1"]);
    let event = json(out(&dumped).lines().next().unwrap());
    assert_eq!(text(&event, "id"), id.to_string());
    (directory.join("data").join(text(&event, "file")), event["offset"].as_u64().unwrap())
}

fn flip(path: &Path, offset: u64) {
    let file = File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_all_at(&[byte[0] ^ 4], offset).unwrap();
}

/// A log of 300 events in a sealed segment and 20 in the next, closed in order.
fn closed_log(directory: &Path) {
    let server = Server::start(directory, &["--segment-bytes", "4MiB"]);
    publish(server.address, &created("7", "GA", "GB"));
    fill(&server, 299);
    assert!(server.terminate().success());
    let server = Server::start(directory, &["--segment-bytes", "4MiB"]);
    fill(&server, 20);
    assert!(server.terminate().success());
}

/// What a subscriber from the start on is told in place of events 150 to 150 or so.
fn check_gap(server: &Server, target: &str) {
    let mut subscription = Subscription::open(server.address, target);
    subscription.greeting();
    assert_eq!(subscription.ids(149).last().map(String::as_str), Some("149"));
    let gap = subscription.named("gap");
    let expected = r#"{"requested":"149","earliest":"151","missed":1}"#;
    assert_eq!((gap.data.as_str(), gap.id.as_deref()), (expected, Some("150")), "{target}");
    assert_eq!(subscription.ids(170).last().map(String::as_str), Some("320"));
}

#[test]
fn a_damaged_event_of_a_sealed_segment_is_a_gap_until_it_is_repaired_and_after() {
    let directory = data_directory();
    closed_log(directory.path());
    let (file, offset) = place(directory.path(), 150);
    flip(&file, offset + 70);
    let verified = json(&out(&tool(directory.path(), &["verify", "--json"])));
    let faults: Vec<&Json> = verified["faults"].as_array().unwrap().iter().collect();
    let kinds: Vec<&str> = faults.iter().map(|fault| text(fault, "kind")).collect();
    assert_eq!(kinds, ["block", "frame"], "{faults:?}");
    assert_eq!((text(faults[1], "eventId"), faults[1]["offset"].as_u64()), ("150", Some(offset)));
    assert!(file.ends_with(text(faults[1], "file")));

    let server = Server::start(directory.path(), &["--segment-bytes", "4MiB"]);
    for target in
        [ALL, "/events/subscribe?streams=7&from=earliest", "/events/subscribe?users=GB&from=earliest"]
    {
        check_gap(&server, target);
    }
    let page = get(server.address, "/events?all=true&limit=1000").json();
    assert_eq!((text(&page, "lastEventId"), page["hasMore"].as_bool()), ("149", Some(true)));
    let page = get(server.address, "/events?all=true&limit=1000&after=149").json();
    assert_eq!(text(&page["gap"], "earliest"), "151");
    assert_eq!(page["events"].as_array().unwrap().len(), 170);
    until("the damage is told", || {
        server.log().contains("stored bytes are not what was written").then_some(())
    });
    let ready = get(server.address, "/ready");
    assert!(ready.status == 200 && ready.text().contains("\"degraded\":"), "{ready:?}");
    let locked = tool(directory.path(), &["repair", "--yes"]);
    assert!(!locked.status.success() && String::from_utf8_lossy(&locked.stderr).contains("another process"));
    assert!(server.terminate().success());

    let planned = tool(directory.path(), &["repair"]);
    assert_eq!(planned.status.code(), Some(1), "{}", out(&planned));
    for part in ["damaged at event 150", "1 event between 149 and 151", "nothing was changed"] {
        assert!(out(&planned).contains(part), "{part:?} is missing in {}", out(&planned));
    }
    let done = tool(directory.path(), &["repair", "--yes", "--json"]);
    assert!(done.status.success(), "{done:?}");
    let done = json(&out(&done));
    assert_eq!(done["holes"], json(r#"[{"after":"149","first":"151","missed":1}]"#));
    assert_eq!((done["newEpoch"].as_u64(), text(&done, "lastEventId")), (None, "320"));
    let again = tool(directory.path(), &["repair"]);
    assert!(again.status.success() && out(&again).contains("nothing is to be repaired"), "{}", out(&again));
    let verified = json(&out(&tool(directory.path(), &["verify", "--json"])));
    let kinds = verified["faults"].as_array().unwrap().iter().map(|fault| text(fault, "kind"));
    assert_eq!(kinds.collect::<Vec<_>>(), ["aside"], "{verified:?}");

    let server = Server::start(directory.path(), &["--segment-bytes", "4MiB"]);
    check_gap(&server, ALL);
    assert!(!get(server.address, "/ready").text().contains("degraded"));
}

#[test]
fn a_start_refuses_what_it_sees_damaged_and_accepts_it_when_told() {
    let directory = data_directory();
    closed_log(directory.path());
    // Without its seal the segment is read event by event, and one of them is not what was written.
    let (file, offset) = place(directory.path(), 150);
    flip(&file, offset + 70);
    flip(&file, std::fs::metadata(&file).unwrap().len() - 65_536 + 12);
    let mut command = Command::new(env!("CARGO_BIN_EXE_tailwire"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(directory.path().join("data"));
    let refused = run_to_end(&mut command);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    for part in ["00000000000000000001.seg is damaged at event 150", "--accept-gap"] {
        assert!(said.contains(part), "{part:?} is missing in {said}");
    }
    let server = Server::start(directory.path(), &["--accept-gap", "--segment-bytes", "4MiB"]);
    check_gap(&server, ALL);
    publish(server.address, &topped_up("7", "9"));
    assert!(server.terminate().success());
    let server = Server::start(directory.path(), &["--segment-bytes", "4MiB"]);
    check_gap(&server, ALL);
    let mut late = Subscription::resume(server.address, "/events/subscribe?all=true", "149");
    let greeting = late.greeting();
    let gap = late.named("gap");
    assert_eq!((greeting.id, data_of(&gap)["missed"].as_u64()), (None, Some(1)));
}

#[test]
fn verify_finds_a_log_sound_while_it_is_written() {
    let directory = data_directory();
    let server = Server::start(directory.path(), &["--segment-bytes", "4MiB"]);
    publish(server.address, &created("7", "GA", "GB"));
    let pad = "x".repeat(20_000);
    let line = format!(
        "{{\"type\":\"stream.topped_up\",\"data\":{{\"streamId\":7,\"amount\":\"1\",\"pad\":\"{pad}\"}}}}"
    );
    let lines = vec![line; 40];
    let address = server.address;
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                publish_lines(address, &lines);
            }
        });
        for round in 0..12 {
            let verified = tool(directory.path(), &["verify"]);
            stop.store(!verified.status.success() || round == 11, std::sync::atomic::Ordering::Relaxed);
            assert!(verified.status.success(), "round {round}: {}", out(&verified));
        }
    });
    assert!(get(address, "/events/stats").json()["log"]["segments"].as_u64() > Some(1), "it has rolled");
}

#[test]
fn commands_that_are_wrong_end_with_two_and_help_teaches() {
    let directory = data_directory();
    for args in [&["verify", "--what"][..], &["dump", "--from", "x"], &["repair", "--yes", "--dry-run"]] {
        assert_eq!(tool(directory.path(), args).status.code(), Some(2), "{args:?}");
    }
    for command in ["inspect", "verify", "dump", "export", "repair"] {
        let mut help = Command::new(env!("CARGO_BIN_EXE_tailwire"));
        let help = run_to_end(help.args(["log", command, "--help"]));
        assert!(out(&help).contains("Examples:") && out(&help).contains("Ends with 0"), "{command}");
        assert_eq!(tool(directory.path(), &[command]).status.code(), Some(1), "{command}: there is no log");
    }
    assert!(!directory.path().join("data").exists(), "looking makes no directory");
}
