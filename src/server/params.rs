//! The query of a subscription and of the history: terms of the filter and where to begin.

use crate::event::EventType;
use crate::http::{Detail, pairs};
use crate::hub::{Filter, TypeSet};
use crate::limits;
use crate::topic::{StreamId, TopicHasher, User};

/// Below this a number of milliseconds is taken for seconds, and refused.
const SINCE_MS_MIN: u64 = 100_000_000_000;

/// The parameters we know, as they came. Others are ignored: clients add cache busters.
#[derive(Debug, Default)]
pub struct Params {
    streams: Vec<String>,
    users: Vec<String>,
    types: Vec<String>,
    all: Option<String>,
    last_event_id: Option<String>,
    since: Option<String>,
    from: Option<String>,
    pub(crate) after: Option<String>,
    pub(crate) before: Option<String>,
    pub(crate) limit: Option<String>,
    pub(crate) order: Option<String>,
}

/// A filter by its names, for which rights are judged.
#[derive(Debug)]
pub struct Asked {
    pub(crate) all: bool,
    pub(crate) streams: Vec<StreamId>,
    pub(crate) users: Vec<User>,
    types: TypeSet,
}

/// Where a subscriber begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    Latest,
    Earliest,
    /// After a last event id, as the client gave it.
    After(String),
    Since {
        time_ms: u64,
        text: String,
    },
}

impl Params {
    /// Reads a query, as it came, without `?`.
    pub fn read(query: &str) -> Result<Self, Vec<Detail>> {
        let pairs = pairs(query).map_err(|error| vec![detail("query", error.to_string())])?;
        let mut params = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "streams" => params.streams.extend(terms(&value)),
                "users" => params.users.extend(terms(&value)),
                "types" => params.types.extend(terms(&value)),
                "all" => params.all = Some(value),
                "lastEventId" => params.last_event_id = Some(value),
                "since" => params.since = Some(value),
                "from" => params.from = Some(value),
                "after" => params.after = Some(value),
                "before" => params.before = Some(value),
                "limit" => params.limit = Some(value),
                "order" => params.order = Some(value),
                _ => {}
            }
        }
        Ok(params)
    }

    /// What the filter names. `terms_max`: how many names it may have.
    pub fn asked(&self, terms_max: usize) -> Result<Asked, Vec<Detail>> {
        let mut faults = Vec::new();
        let types = self.type_set(&mut faults);
        let all = match self.all.as_deref() {
            None | Some("false" | "0") => false,
            Some("true" | "1") => true,
            Some(_) => {
                faults.push(detail("all", "true or 1, false or 0".into()));
                false
            }
        };
        let (streams, users) = self.topics(terms_max, &mut faults);
        if faults.is_empty() { Ok(Asked { all, streams, users, types }) } else { Err(faults) }
    }

    fn type_set(&self, faults: &mut Vec<Detail>) -> TypeSet {
        let mut kinds = Vec::new();
        for name in &self.types {
            match EventType::from_name(name) {
                Some(kind) => kinds.push(kind),
                None => {
                    let known: Vec<_> = EventType::ALL.into_iter().map(EventType::name).collect();
                    faults.push(detail("types", format!("an event type is one of {}", known.join(", "))));
                    break;
                }
            }
        }
        TypeSet::of(&kinds)
    }

    fn topics(&self, terms_max: usize, faults: &mut Vec<Detail>) -> (Vec<StreamId>, Vec<User>) {
        let count = self.streams.len() + self.users.len();
        if count > terms_max {
            let message = format!("a filter has at most {terms_max} terms, not {count}");
            faults.push(detail("streams", message));
            return Default::default();
        }
        let (mut streams, mut users) = (Vec::new(), Vec::new());
        for text in &self.streams {
            match StreamId::parse(text) {
                Ok(stream) => streams.push(stream),
                Err(error) => faults.push(detail("streams", error.to_string())),
            }
        }
        for text in &self.users {
            match User::parse(text) {
                Ok(user) => users.push(user),
                Err(error) => faults.push(detail("users", error.to_string())),
            }
        }
        faults.truncate(limits::FAULTS_MAX);
        (streams, users)
    }

    /// Where to begin. `header`: the `Last-Event-ID` field, which wins over the parameter; an empty one counts as none.
    pub fn start(&self, header: Option<&str>) -> Result<Start, Detail> {
        let given =
            [header, self.last_event_id.as_deref()].into_iter().flatten().find(|text| !text.is_empty());
        if let Some(text) = given {
            return Ok(Start::After(text.to_owned()));
        }
        if let Some(text) = &self.since {
            return Ok(Start::Since { time_ms: time_ms(text)?, text: text.clone() });
        }
        match self.from.as_deref() {
            None | Some("latest") => Ok(Start::Latest),
            Some("earliest") => Ok(Start::Earliest),
            Some(_) => Err(detail("from", "earliest or latest".into())),
        }
    }
}

impl Asked {
    pub fn is_nothing(&self) -> bool {
        !self.all && self.streams.is_empty() && self.users.is_empty()
    }

    pub fn filter(&self, hasher: &TopicHasher) -> Filter {
        if self.all {
            return Filter::all(self.types);
        }
        let streams = self.streams.iter().map(|stream| hasher.stream(stream)).collect();
        let users = self.users.iter().map(|user| hasher.user(user)).collect();
        Filter::union(streams, users, self.types)
    }
}

/// A comma list's terms; empty ones count as none.
fn terms(value: &str) -> impl Iterator<Item = String> + '_ {
    value.split(',').filter(|term| !term.is_empty()).map(str::to_owned)
}

/// A time in unix milliseconds or RFC 3339.
fn time_ms(text: &str) -> Result<u64, Detail> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return match text.parse() {
            Ok(time_ms) if time_ms >= SINCE_MS_MIN => Ok(time_ms),
            Ok(_) => Err(detail("since", "unix milliseconds are wanted; this looks like seconds".into())),
            Err(_) => Err(detail("since", "a number of milliseconds since 1970, not so large".into())),
        };
    }
    // A `+` in a query is a space: an offset like +02:00 that was not escaped is understood all the same.
    let moment: Result<jiff::Timestamp, _> = text.replace(' ', "+").parse();
    match moment {
        Ok(moment) => Ok(u64::try_from(moment.as_millisecond()).unwrap_or(0)),
        Err(_) => Err(detail("since", "unix milliseconds, or a time like 2026-03-01T12:00:00Z".into())),
    }
}

pub(crate) fn detail(path: &str, message: String) -> Detail {
    Detail { path: path.into(), message }
}

/// Nothing was asked for: never a silent empty stream.
pub(crate) fn no_filter() -> Detail {
    detail("all", "name what to get: all=true, streams=1,2 or users=G…".into())
}
