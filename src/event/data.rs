//! Reads the data of one event, and writes it as the log keeps it.
//!
//! The fields we know are checked and brought to one spelling; all others are kept as they came, in their
//! order. What stands around the data is not read here.

use std::ops::Range;

use crate::event::EventType;
use crate::event::fault::Faults;
use crate::event::fields;
use crate::event::fields::{Field, FieldSet, Holds, Rules};
use crate::event::json::{Document, Member, Value};
use crate::topic::{StreamId, User};

/// How the names of payment streams begin that `POST /streams` makes up; publishers may not name one so.
pub const PENDING_PREFIX: &str = "pending-";
/// Bytes that the data of most events grows by at the most: an id in front, or quotes around amounts.
const GROWTH: usize = 64;
/// The largest integer that every JSON reader holds exactly.
const JSON_NUMBER_MAX: u64 = (1 << 53) - 1;

/// Where the payment stream's id comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stream<'a> {
    /// From the data.
    Named,
    /// From the data, else this one.
    Else(&'a StreamId),
    /// This one; the data may repeat it.
    Given(&'a StreamId),
}

/// What is to be read from the members of an event's data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Task<'a> {
    pub(super) kind: EventType,
    pub(super) stream: Stream<'a>,
    pub(super) rules: Rules,
    /// The path of the data in front of its members: `data.` or nothing.
    pub(super) parent: &'static str,
}

/// The data of one event.
#[derive(Debug)]
pub(super) struct EventData {
    pub(super) stream: StreamId,
    pub(super) sender: Option<User>,
    pub(super) recipient: Option<User>,
    pub(super) bytes: Vec<u8>,
}

/// Reads the data that the members of `object` are, but for those whose names `apart` picks. None if it is no
/// object, or if `faults` say why.
pub(super) fn read_data(
    object: Value<'_>,
    apart: fn(&str) -> bool,
    task: Task<'_>,
    faults: &mut Faults,
) -> Option<EventData> {
    let members = object.members()?;
    let mut writer = DataWriter {
        task,
        faults,
        document: object.document(),
        kept: 0..0,
        bytes: Vec::with_capacity(object.raw().len() + GROWTH),
        seen: FieldSet::default(),
        alias: false,
        stream: None,
        sender: None,
        recipient: None,
    };
    writer.bytes.push(b'{');
    let named = || members.clone().any(|member| member.name == Field::StreamId.name());
    match task.stream {
        Stream::Given(stream) => writer.lead(stream),
        Stream::Else(stream) if !named() => writer.lead(stream),
        Stream::Named | Stream::Else(_) => {}
    }
    for member in members.filter(|member| !apart(member.name)) {
        match Field::of(member.name, task.kind) {
            Some(field) => writer.field(field, member),
            None => writer.keep(member),
        }
    }
    writer.finish()
}

struct DataWriter<'w> {
    task: Task<'w>,
    faults: &'w mut Faults,
    document: &'w Document<'w>,
    bytes: Vec<u8>,
    /// Members in a row that stay as they came and are not in `bytes` yet.
    kept: Range<usize>,
    seen: FieldSet,
    /// Whether the short names of an amount or a token stand for the long ones.
    alias: bool,
    stream: Option<StreamId>,
    sender: Option<User>,
    recipient: Option<User>,
}

impl DataWriter<'_> {
    /// Puts an id that does not come from the data first.
    fn lead(&mut self, stream: &StreamId) {
        self.write_stream(stream);
        self.seen.insert(Field::StreamId);
        self.stream = Some(stream.clone());
    }

    fn field(&mut self, field: Field, member: Member<'_>) {
        let value = member.value;
        let new = self.seen.insert(field);
        self.alias |= member.name != field.name();
        let written = match field.holds() {
            Holds::Stream => self.stream_id(value),
            _ if !new => Err(format!("is {} a second time: send one of the two names", field.name())),
            Holds::User => self.user(field, member),
            Holds::Token => fields::token(value, self.task.rules).map(|()| self.token(field, member)),
            Holds::Amount => fields::amount(value).map(|digits| self.amount(field, member, digits)),
            Holds::Time => fields::time(value, false).map(|()| self.keep(member)),
            Holds::TimeOrText => fields::time(value, true).map(|()| self.keep(member)),
        };
        if let Err(message) = written {
            self.faults.add(self.task.parent, member.name, message);
        }
    }

    fn stream_id(&mut self, value: Value<'_>) -> Result<(), String> {
        let stream = fields::stream_id(value)?;
        if let Stream::Given(given) = self.task.stream {
            return match stream == *given {
                true => Ok(()),
                false => Err(format!("is another payment stream than {} in the path", given.as_str())),
            };
        }
        if self.task.kind == EventType::Created && stream.as_str().starts_with(PENDING_PREFIX) {
            return Err(format!("must not begin with {PENDING_PREFIX}: such names are given by the server"));
        }
        self.write_stream(&stream);
        self.stream = Some(stream);
        Ok(())
    }

    fn user(&mut self, field: Field, member: Member<'_>) -> Result<(), String> {
        let user = fields::user(member.value, self.task.rules)?;
        match field {
            Field::Sender => self.sender = Some(user),
            Field::Recipient => self.recipient = Some(user),
            _ => {}
        }
        self.keep(member);
        Ok(())
    }

    fn token(&mut self, field: Field, member: Member<'_>) {
        let value = member.value.raw();
        // `"name":value`, so that nothing in the name is escaped.
        let canonical = member.place().len() == field.name().len() + value.len() + 3;
        if canonical && member.name == field.name() {
            self.keep(member);
        } else {
            self.named(field, value);
        }
    }

    fn amount(&mut self, field: Field, member: Member<'_>, digits: &str) {
        // As long as its one spelling, so that nothing in it is escaped: `"name":"digits"`.
        let canonical = member.place().len() == field.name().len() + digits.len() + 5;
        if canonical && member.name == field.name() {
            self.keep(member);
        } else {
            self.quoted(field, digits);
        }
    }

    /// The event's data, if its payment stream is known and nothing is missing.
    fn finish(mut self) -> Option<EventData> {
        for field in Field::required(self.task.kind) {
            let optional = matches!(field, Field::RatePerSecond | Field::StartTime) && self.alias;
            if !optional && !self.seen.contains(*field) {
                self.faults.add(self.task.parent, field.name(), "is missing");
            }
        }
        self.write_kept();
        self.bytes.push(b'}');
        Some(EventData {
            stream: self.stream?,
            sender: self.sender,
            recipient: self.recipient,
            bytes: self.bytes,
        })
    }

    fn write_stream(&mut self, stream: &StreamId) {
        match stream.number() {
            Some(0..=JSON_NUMBER_MAX) => self.named(Field::StreamId, stream.as_str().as_bytes()),
            _ => self.quoted(Field::StreamId, stream.as_str()),
        }
    }

    /// A member as it came.
    fn keep(&mut self, member: Member<'_>) {
        let place = member.place();
        if self.kept.is_empty() || self.kept.end + 1 != place.start {
            self.write_kept();
            self.kept.start = place.start;
        }
        self.kept.end = place.end;
    }

    fn write_kept(&mut self) {
        let kept = std::mem::take(&mut self.kept);
        if !kept.is_empty() {
            self.comma();
            self.bytes.extend_from_slice(self.document.text(kept));
        }
    }

    fn named(&mut self, field: Field, value: &[u8]) {
        self.write_kept();
        self.comma();
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(field.name().as_bytes());
        self.bytes.extend_from_slice(b"\":");
        self.bytes.extend_from_slice(value);
    }

    /// A member whose value is a string that needs no escape.
    fn quoted(&mut self, field: Field, text: &str) {
        self.named(field, b"\"");
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(b'"');
    }

    fn comma(&mut self) {
        if self.bytes.len() > 1 {
            self.bytes.push(b',');
        }
    }
}
