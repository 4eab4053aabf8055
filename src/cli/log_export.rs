//! `tailwire log export`: the events as NDJSON that a server takes again.
//!
//! It reads the log twice: first for the names behind the hashes of senders and recipients, which may stand in
//! a later event, then for the events. What only a hash is left of cannot be exported.

use std::collections::HashMap;
use std::io::Write;

use crate::cli::exit::Exit;
use crate::cli::log_frame;
use crate::cli::log_place::{complain, open_disk, progress};
use crate::cli::log_words::{count, hexadecimal, json_fault, json_list, json_string};
use crate::cli::show::parse;
use crate::cli::terminal::clean;
use crate::config::ExportOptions;
use crate::event::{EventId, EventType, PENDING_PREFIX, members};
use crate::log::{Access, Entry, Extent, Fault, FoundEvent, Survey, Visitor};
use crate::topic::{TopicHasher, User};

/// Users whose names are remembered at the most; the parties of others are not exported.
const NAMES_MAX: usize = 4_000_000;
/// Payment streams of which it is remembered whom the export has named for them.
const TOLD_MAX: usize = 4_000_000;
/// Faults that are told at the most.
const FAULTS_MAX: usize = 1000;

/// Ends with 1 where the log cannot be read or something in the range is damaged.
pub(in crate::cli) fn run(options: &ExportOptions, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let exported = open_disk(&options.data_dir).and_then(|disk| {
        let survey = Survey::open(&disk, Access::Read)?;
        Ok(export(&survey, options, out))
    });
    let exported = match exported {
        Ok(exported) => exported,
        Err(error) => return complain(err, &options.data_dir, &error),
    };
    let text = if options.json { exported.json_text() } else { exported.human_text() };
    let _closed = writeln!(err, "{text}");
    if exported.faults.is_empty() { Exit::Done } else { Exit::Refused }
}

fn export<'a>(survey: &Survey<'_>, options: &'a ExportOptions, out: &'a mut dyn Write) -> Exported<'a> {
    let hasher = TopicHasher::new(survey.hash_key().unwrap_or_default());
    let bar = progress(2 * survey.file_bytes(), "exporting");
    let mut names = Names { hasher, names: HashMap::new() };
    let everything = Extent::Events { first: EventId::ZERO, last: EventId(u64::MAX) };
    for &base in survey.segments() {
        bar.inc(survey.examine(base, everything, &mut names).file_bytes);
    }
    let log = survey.uuid().map_or_else(String::new, |uuid| hexadecimal(uuid.get(..8).unwrap_or_default()));
    let mut topics: Vec<u64> = options.streams.iter().map(|stream| hasher.stream(stream).0).collect();
    topics.extend(options.users.iter().map(|user| hasher.user(user).0));
    topics.sort_unstable();
    let mut exported = Exported {
        out,
        options,
        log,
        topics,
        names,
        told: HashMap::new(),
        events: 0,
        nameless: 0,
        pending: 0,
        keys: 0,
        faults: Vec::new(),
        closed: false,
    };
    let (first, last) = (EventId(options.from), EventId(options.until));
    let mut examined = Vec::new();
    for &base in survey.segments() {
        let found = survey.examine(base, Extent::Events { first, last }, &mut exported);
        bar.inc(found.file_bytes);
        examined.push(found);
    }
    bar.finish_and_clear();
    for fault in survey.conclude(&examined).0 {
        exported.fault(fault);
    }
    exported
}

/// The users that the log names, by their hashes.
struct Names {
    hasher: TopicHasher,
    names: HashMap<u64, Box<str>>,
}

impl Visitor for Names {
    fn event(&mut self, event: &FoundEvent<'_>) -> bool {
        let Ok((_, data)) = log_frame::read(event) else { return true };
        for (name, value) in members(data) {
            if !matches!(name, b"\"sender\"" | b"\"recipient\"") || self.names.len() >= NAMES_MAX {
                continue;
            }
            if let Some(user) = text_of(value).and_then(|text| User::parse(&text).ok()) {
                self.names.entry(self.hasher.user(&user).0).or_insert_with(|| user.as_str().into());
            }
        }
        true
    }

    fn fault(&mut self, _told_by_the_second_pass: Fault) {}

    fn read(&mut self, _bytes: u64) {}
}

/// The export, and what is to be said of it.
struct Exported<'a> {
    out: &'a mut dyn Write,
    options: &'a ExportOptions,
    /// Names the log in the keys.
    log: String,
    /// Hashes of what was asked for, sorted; none for everything.
    topics: Vec<u64>,
    names: Names,
    /// Whom the export has named for a payment stream so far.
    told: HashMap<u64, (u64, u64)>,
    events: u64,
    /// Events with a party whose name is nowhere.
    nameless: u64,
    /// `stream.created` of payment streams that the server named.
    pending: u64,
    /// Events that had an idempotency key or a source.
    keys: u64,
    faults: Vec<Fault>,
    closed: bool,
}

impl Exported<'_> {
    fn is_wanted(&self, kind: EventType, entry: &Entry) -> bool {
        let named = [entry.stream(), entry.sender(), entry.recipient()];
        (self.options.types.is_empty() || self.options.types.contains(&kind))
            && (self.topics.is_empty() || named.iter().any(|hash| self.topics.binary_search(hash).is_ok()))
    }

    /// `,"parties":{…}` where the reader of the export cannot know them yet.
    fn parties(&mut self, entry: &Entry, data: &[u8]) -> String {
        let told = self.told.get(&entry.stream()).copied().unwrap_or_default();
        let parties = (entry.sender(), entry.recipient());
        if entry.stream() == 0 || told == parties {
            return String::new();
        }
        if self.told.len() < TOLD_MAX || told != (0, 0) {
            self.told.insert(entry.stream(), parties);
        }
        let own = |member: &[u8]| {
            let value = members(data).find(|(name, _)| *name == member).map(|(_, value)| value);
            let user = value.and_then(text_of).and_then(|text| User::parse(&text).ok());
            user.map_or(0, |user| self.names.hasher.user(&user).0)
        };
        let mut known = Vec::new();
        let mut nameless = false;
        for (member, hash, told) in [("sender", parties.0, told.0), ("recipient", parties.1, told.1)] {
            if hash == 0 || hash == told || own(format!("\"{member}\"").as_bytes()) == hash {
                continue;
            }
            match self.names.names.get(&hash) {
                Some(name) => known.push(format!("\"{member}\":{}", json_string(name))),
                None => nameless = true,
            }
        }
        self.nameless += u64::from(nameless);
        if known.is_empty() { String::new() } else { format!(",\"parties\":{{{}}}", known.join(",")) }
    }

    fn human_text(&self) -> String {
        let mut text = String::new();
        for fault in &self.faults {
            text.push_str(&format!("FAULT: {}\n", clean(&fault.to_string())));
        }
        text.push_str(&format!("exported {}", count(self.events, "event")));
        for (number, what) in [
            (self.keys, "had an idempotency key or a source, which cannot be turned back from its hash"),
            (self.nameless, "had a sender or recipient whose name stands in no event"),
            (
                self.pending,
                "create a payment stream with a name that POST /events does not take (pending-...)",
            ),
        ] {
            if number > 0 {
                text.push_str(&format!("\n{number} of them {what}"));
            }
        }
        text
    }

    fn json_text(&self) -> String {
        format!(
            r#"{{"events":{},"withKey":{},"namelessParties":{},"pendingStreams":{},"faults":[{}]}}"#,
            self.events,
            self.keys,
            self.nameless,
            self.pending,
            json_list(&self.faults, json_fault)
        )
    }
}

impl Visitor for Exported<'_> {
    fn event(&mut self, event: &FoundEvent<'_>) -> bool {
        let (kind, data) = match log_frame::read(event) {
            Ok(read) => read,
            Err(fault) => {
                self.fault(*fault);
                return true;
            }
        };
        if !self.is_wanted(kind, event.entry) {
            return true;
        }
        let parties = self.parties(event.entry, data);
        let key = match self.options.keys {
            true => format!(",\"dedupeKey\":\"{}-{}\"", self.log, event.id),
            false => String::new(),
        };
        self.events += 1;
        self.keys += u64::from(event.entry.key() != 0);
        let prefix = format!("\"{PENDING_PREFIX}");
        self.pending += u64::from(
            kind == EventType::Created
                && members(data)
                    .any(|(name, value)| name == b"\"streamId\"" && value.starts_with(prefix.as_bytes())),
        );
        let mut line = format!("{{\"type\":\"{}\",\"data\":", kind.name()).into_bytes();
        line.extend_from_slice(data);
        line.extend_from_slice(parties.as_bytes());
        line.extend_from_slice(key.as_bytes());
        line.extend_from_slice(b"}\n");
        self.closed |= self.out.write_all(&line).is_err();
        !self.closed
    }

    fn fault(&mut self, fault: Fault) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        }
    }

    fn read(&mut self, _bytes: u64) {}
}

/// The text of a JSON string.
fn text_of(value: &[u8]) -> Option<String> {
    use simd_json::prelude::ValueAsScalar as _;
    let value = parse(std::str::from_utf8(value).ok()?)?;
    value.as_str().map(str::to_owned)
}
