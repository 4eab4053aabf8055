//! Instructions of each hot step that needs no socket, counted by `valgrind`: the same program and input give the same
//! count, but for what hash tables make of their random keys.
//!
//! This file runs itself again under `valgrind` for each step. The bounds are for the profile that tests are built
//! with, 5 to 15 % above what was counted: processors and C libraries differ a little. `costs` says when to change
//! them.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use tailwire::event::{EventId, EventType, Rules, parse_json, parse_ndjson};
use tailwire::http::parse_head;
use tailwire::sse;

use crate::rig::Rig;
use crate::support::{created, data_directory, run_to_end, skipped};

const STEP: &str = "TAILWIRE_COSTS_STEP";
const HEAD: &[u8] = b"POST /events HTTP/1.1\r\nHost: 127.0.0.1:3001\r\nUser-Agent: indexer/1.4\r\n\
    Accept: application/json\r\nContent-Type: application/json\r\nContent-Length: 412\r\n\r\n";
const ROUNDS: u64 = 64;

/// Steps: for how many units each is counted, and the most instructions a unit may take.
const STEPS: [(&str, u64, u64); 9] = [
    ("parse the head of a request", ROUNDS, 16_000),
    ("parse an event", ROUNDS, 21_200),
    ("parse an event of a batch", ROUNDS, 14_900),
    ("encode a frame", ROUNDS, 3260),
    ("append an event of a batch", ROUNDS, 4440),
    ("deliver an event to 10 of everything", 10 * ROUNDS, 1330),
    ("deliver an event to 300 of everything", 300 * ROUNDS, 1240),
    ("match an event among 10 payment streams", ROUNDS, 3800),
    ("match an event among 5000 payment streams", ROUNDS, 3800),
];

/// What is counted happens in here, and is found by this name.
#[inline(never)]
fn counted_by_valgrind(step: &mut dyn FnMut()) {
    step();
    black_box(());
}

#[test]
#[ignore = "run under valgrind by the test beside it"]
fn step() {
    let Ok(name) = std::env::var(STEP) else { return };
    let event =
        created("7", "GDQP2KPQGKIHYJGXNUIYOMHARUARCA7DJT5FO2FFO", "GBRPYHIL2CI3FNQ4BXLFMNDLFJUNPU2HY3ZMF");
    let measure = |step: &mut dyn FnMut()| {
        // Once before, so that tables are grown and lazy values made.
        step();
        counted_by_valgrind(step);
    };
    let repeat = |step: &mut dyn FnMut()| measure(&mut || (0..ROUNDS).for_each(|_| step()));
    let number = |text: &str| text.split(' ').find_map(|word| word.parse::<u64>().ok());
    match name.as_str() {
        "parse the head of a request" => {
            repeat(&mut || drop(black_box(parse_head(black_box(HEAD)).unwrap())))
        }
        "parse an event" => {
            repeat(&mut || {
                drop(black_box(parse_json(black_box(event.as_bytes()), Rules::default()).unwrap()))
            });
        }
        "parse an event of a batch" => {
            let lines = vec![event; ROUNDS as usize].join("\n");
            measure(&mut || {
                drop(black_box(parse_ndjson(black_box(lines.as_bytes()), Rules::default()).unwrap()))
            });
        }
        "encode a frame" => {
            let mut frame = Vec::new();
            repeat(&mut || {
                frame.clear();
                black_box(
                    sse::event(&mut frame, EventId(90_412), EventType::Created, event.as_bytes()).unwrap(),
                );
            });
        }
        "append an event of a batch" => {
            let mut rig = Rig::open();
            measure(&mut || rig.publish(0..ROUNDS));
        }
        _ => deliver(number(&name).unwrap(), name.contains("everything"), measure),
    }
}

/// One event after the other to as many subscribers, of everything or each of a payment stream of its own.
fn deliver(subscribers: u64, everything: bool, mut measure: impl FnMut(&mut dyn FnMut())) {
    let mut rig = Rig::open();
    rig.publish((0..2 * ROUNDS).map(|number| 1 + number % 10));
    let mut out = rig.way_out(EventId::ZERO);
    match everything {
        true => out.join_many(subscribers, EventId::ZERO),
        false => out.join_each(subscribers, subscribers, EventId::ZERO),
    }
    let mut visible = EventId::ZERO;
    measure(&mut || {
        for _ in 0..ROUNDS {
            visible = visible.next();
            out.run_to(&rig, visible);
        }
    });
    let each = if everything { subscribers } else { 1 };
    assert_eq!(out.hub.counts().deliveries, 2 * ROUNDS * each);
}

/// Instructions of a step.
fn count(directory: &Path, name: &str) -> u64 {
    let itself = std::env::current_exe().unwrap();
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*counted_by_valgrind*"]);
    command.arg(format!("--callgrind-out-file={}", directory.join("callgrind.%p").display()));
    command.arg(itself).args(["--exact", "instructions::step", "--ignored"]).env(STEP, name);
    let output = run_to_end(&mut command);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {said}");
    let collected = said.split("Collected : ").nth(1).and_then(|rest| rest.split_whitespace().next());
    collected.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{name}: {said}"))
}

#[test]
fn no_step_takes_more_instructions() {
    if let Err(error) = Command::new("valgrind").arg("--version").output() {
        skipped(&format!("counting instructions: valgrind cannot be run ({error}); it is a Debian package"));
        return;
    }
    let directory = data_directory();
    let mut dearer = Vec::new();
    // One after the other: together they would starve each other on a busy machine.
    for (name, units, most) in STEPS {
        let each = count(directory.path(), name) / units;
        eprintln!("{name}: {each} instructions, at most {most}");
        if each > most {
            dearer.push(format!("{name}: {each} instructions, {most} are allowed"));
        }
    }
    assert!(dearer.is_empty(), "{dearer:#?}");
}
