//! Reads what stands around the data of an event of `POST /events`: its type, its identity, its parties.
//!
//! Two forms: `{"type","data"}`, and the indexer's, whose remaining members are the data.

use crate::event::data::{EventData, Stream, Task, read_data};
use crate::event::fault::{EventError, Faults, JsonFault};
use crate::event::fields;
use crate::event::fields::Rules;
use crate::event::json::{Document, Kind, Value};
use crate::event::{EventType, Identity, NewEvent};
use crate::limits;
use crate::topic::User;

const TYPE: &str = "type";
const EVENT_TYPE: &str = "eventType";
const DATA: &str = "data";
const DEDUPE_KEY: &str = "dedupeKey";
const SOURCE: &str = "source";
const POSITION: &str = "position";
const PARTIES: &str = "parties";

/// Reads an event in either form.
pub(super) fn read_event(
    document: &Document<'_>,
    index: Option<usize>,
    rules: Rules,
) -> Result<NewEvent, EventError> {
    let mut faults = Faults::new(index);
    let envelope = Envelope::open(document).map_err(|fault| EventError::Json { index, fault })?;
    let data = match envelope.indexer {
        true => envelope.indexer_data(rules, &mut faults),
        false => envelope.data(rules, &mut faults),
    };
    envelope.join(data, rules, faults)
}

/// Reads an event whose type the request names: the body is its data, but for `dedupeKey` and `parties`.
pub(super) fn read_flat(document: &Document<'_>, task: Task<'_>) -> Result<NewEvent, EventError> {
    let mut faults = Faults::new(None);
    let envelope = Envelope::flat(document).map_err(|fault| EventError::Json { index: None, fault })?;
    let apart = |name: &str| matches!(name, DEDUPE_KEY | PARTIES);
    let data = read_data(envelope.root, apart, task, &mut faults);
    envelope.join(data.map(|data| (task.kind, data)), task.rules, faults)
}

/// The members that stand around the data.
#[derive(Clone, Copy)]
struct Envelope<'d> {
    root: Value<'d>,
    indexer: bool,
    kind: Option<Value<'d>>,
    data: Option<Value<'d>>,
    dedupe_key: Option<Value<'d>>,
    source: Option<Value<'d>>,
    position: Option<Value<'d>>,
    parties: Option<Value<'d>>,
}

impl<'d> Envelope<'d> {
    fn open(document: &'d Document<'d>) -> Result<Self, JsonFault> {
        let indexer = document.event()?.any(|member| member.name == EVENT_TYPE);
        document.depth_within(limits::JSON_DEPTH_MAX + usize::from(!indexer))?;
        Self::read(document, indexer)
    }

    /// A body that is data, whatever it says of a type.
    fn flat(document: &'d Document<'d>) -> Result<Self, JsonFault> {
        document.event()?;
        document.depth_within(limits::JSON_DEPTH_MAX)?;
        Self::read(document, true).map(|envelope| Self { source: None, position: None, ..envelope })
    }

    fn read(document: &'d Document<'d>, indexer: bool) -> Result<Self, JsonFault> {
        let mut envelope = Self {
            root: document.root(),
            indexer,
            kind: None,
            data: None,
            dedupe_key: None,
            source: None,
            position: None,
            parties: None,
        };
        for member in document.event()? {
            let place = match member.name {
                EVENT_TYPE => &mut envelope.kind,
                TYPE if !indexer => &mut envelope.kind,
                DATA if !indexer => &mut envelope.data,
                DEDUPE_KEY => &mut envelope.dedupe_key,
                SOURCE => &mut envelope.source,
                POSITION => &mut envelope.position,
                PARTIES => &mut envelope.parties,
                _ => continue,
            };
            *place = Some(member.value);
        }
        Ok(envelope)
    }

    /// The data of the form `{"type","data"}`.
    fn data(self, rules: Rules, faults: &mut Faults) -> Option<(EventType, EventData)> {
        for member in self.root.members().into_iter().flatten() {
            if !beside_data(member.name) && !matches!(member.name, TYPE | DATA) {
                faults.add("", member.name, "is not known beside type and data: put it into data");
            }
        }
        let kind = self.event_type(TYPE, EventType::from_name, EventType::name, faults);
        match self.data.map(Value::kind) {
            Some(Kind::Object) => {}
            Some(kind) => faults.add("", DATA, format!("must be an object, not {}", kind.noun())),
            None => faults.add("", DATA, "is missing: it holds the event's fields"),
        }
        let (kind, data) = kind.zip(self.data)?;
        let task = Task { kind, stream: Stream::Named, rules, parent: "data." };
        read_data(data, |_| false, task, faults).map(|data| (kind, data))
    }

    /// The data of the indexer's form.
    fn indexer_data(self, rules: Rules, faults: &mut Faults) -> Option<(EventType, EventData)> {
        let kind = self.event_type(EVENT_TYPE, EventType::from_indexer_name, EventType::indexer_name, faults);
        let apart = |name: &str| name == EVENT_TYPE || beside_data(name);
        let task = Task { kind: kind?, stream: Stream::Named, rules, parent: "" };
        read_data(self.root, apart, task, faults).map(|data| (task.kind, data))
    }

    fn event_type(
        self,
        member: &str,
        known: fn(&str) -> Option<EventType>,
        name: fn(EventType) -> &'static str,
        faults: &mut Faults,
    ) -> Option<EventType> {
        let kind = match self.kind.map(Value::kind) {
            Some(Kind::Text(text)) => known(text),
            _ => None,
        };
        if kind.is_none() {
            let problem = if self.kind.is_some() { "must be" } else { "is missing: it is" };
            let names = EventType::ALL.map(name).join(", ");
            faults.add("", member, format!("{problem} one of {names}"));
        }
        kind
    }

    /// The event of this data and of what stands around it; what the data itself names of the parties comes first.
    fn join(
        self,
        data: Option<(EventType, EventData)>,
        rules: Rules,
        mut faults: Faults,
    ) -> Result<NewEvent, EventError> {
        let identity = self.identity(&mut faults);
        let (sender, recipient) = self.parties(rules, &mut faults);
        let event = data.map(|(kind, data)| NewEvent {
            kind,
            stream: data.stream,
            data: data.bytes,
            sender: data.sender.or(sender),
            recipient: data.recipient.or(recipient),
            identity,
        });
        faults.into_result(event)
    }

    fn identity(self, faults: &mut Faults) -> Identity {
        match (self.dedupe_key, self.source, self.position) {
            (None, None, None) => return Identity::None,
            (Some(key), None, None) => {
                if let Some(key) = key_text(DEDUPE_KEY, key, faults) {
                    return Identity::Key(key.to_owned());
                }
            }
            (None, Some(source), Some(position)) => {
                let source = key_text(SOURCE, source, faults);
                let position = position_number(position, faults);
                if let Some((source, position)) = source.zip(position) {
                    return Identity::Source { source: source.to_owned(), position };
                }
            }
            (Some(_), ..) => {
                faults.add("", DEDUPE_KEY, "stands beside source and position: send the one or the others");
            }
            (None, None, Some(_)) => faults.add("", SOURCE, "is missing beside position"),
            (None, Some(_), None) => faults.add("", POSITION, "is missing beside source"),
        }
        Identity::None
    }

    fn parties(self, rules: Rules, faults: &mut Faults) -> (Option<User>, Option<User>) {
        let (mut sender, mut recipient) = (None, None);
        let Some(parties) = self.parties else { return (None, None) };
        let Some(members) = parties.members() else {
            faults.add("", PARTIES, format!("must be an object, not {}", parties.kind().noun()));
            return (None, None);
        };
        for member in members {
            let read = match member.name {
                "sender" => fields::user(member.value, rules).map(|user| sender = Some(user)),
                "recipient" => fields::user(member.value, rules).map(|user| recipient = Some(user)),
                _ => Err("is not known here: parties are sender and recipient".to_owned()),
            };
            if let Err(message) = read {
                faults.add("parties.", member.name, message);
            }
        }
        (sender, recipient)
    }
}

/// Whether a member belongs beside the data, in both forms.
fn beside_data(name: &str) -> bool {
    matches!(name, DEDUPE_KEY | SOURCE | POSITION | PARTIES)
}

fn key_text<'d>(name: &str, value: Value<'d>, faults: &mut Faults) -> Option<&'d str> {
    match value.kind() {
        Kind::Text(text)
            if !text.is_empty()
                && text.len() <= limits::KEY_MAX
                && text.bytes().all(|byte| byte.is_ascii_graphic()) =>
        {
            Some(text)
        }
        _ => {
            let max = limits::KEY_MAX;
            faults.add("", name, format!("must be a string of 1 to {max} visible ASCII characters"));
            None
        }
    }
}

fn position_number(value: Value<'_>, faults: &mut Faults) -> Option<u64> {
    let number = match value.kind() {
        Kind::Text(text) | Kind::Integer(text) if fields::is_decimal(text) => text.parse().ok(),
        _ => None,
    };
    if number.is_none() {
        let message = format!("must be a whole number from 0 to {}, or that as a decimal string", u64::MAX);
        faults.add("", POSITION, message);
    }
    number
}
