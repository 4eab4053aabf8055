//! `GET /events`: pages of the log for clients that poll.

use std::io::Write as _;

use http::StatusCode;

use crate::event::{EventId, EventType};
use crate::http::{Detail, Head, Reply};
use crate::hub::Filter;
use crate::limits;
use crate::log::{Found, Run, Segment, Step, View};
use crate::server::access::Caller;
use crate::server::pager::Search;
use crate::server::params::{Asked, Params, Start, detail};
use crate::server::route::bad_request;
use crate::server::worker::Worker;
use crate::sse;

/// What was asked for.
struct Query {
    filter: Filter,
    after: EventId,
    since_ms: Option<u64>,
    before: EventId,
    limit: usize,
    descending: bool,
}

/// A page being filled.
struct Page {
    events: Vec<u8>,
    count: usize,
    looked_at: usize,
    /// The last event looked at; the page goes on after it.
    last: EventId,
}

/// What a page took of what was found.
enum Taken {
    Some,
    Nothing,
    /// The page stands before events that cannot be read, up to this one.
    UpToDamage(EventId),
    /// The disk does not say what comes next.
    Unreadable,
}

pub(crate) async fn answer(worker: &Worker, caller: &Caller, head: &Head) -> Reply {
    let mut query = match read(worker, caller, head) {
        Ok(query) => query,
        Err(reply) => return *reply,
    };
    if let Some(time_ms) = query.since_ms {
        worker.bring_time(time_ms).await;
    }
    let visible = worker.shared.reader.visible();
    let view = worker.shared.reader.view();
    if let Some(time_ms) = query.since_ms {
        query.after = query.after.max(view.at_or_after(time_ms, visible).previous());
    }
    let earliest = view.earliest();
    let filled = if query.descending {
        descend(worker, &view, &query, visible).await
    } else {
        ascend(worker, &view, &query, visible).await
    };
    let Some((page, gap, more)) = filled else {
        let message = "too many requests wait to read the log; send it again";
        return Reply::error(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message, &[])
            .with("Retry-After", "1");
    };
    let mut body = Vec::with_capacity(page.events.len() + 160);
    body.extend_from_slice(b"{\"events\":[");
    body.extend_from_slice(&page.events);
    // Writing to a Vec cannot fail.
    let _ok = write!(
        body,
        "],\"lastEventId\":\"{}\",\"hasMore\":{more},\"earliestEventId\":\"{earliest}\",\"gap\":",
        page.last
    );
    match gap {
        None => body.extend_from_slice(b"null}"),
        Some((requested, earliest, missed)) => {
            let missed = missed.map_or("null".to_owned(), |missed: u64| missed.to_string());
            let _ok = write!(
                body,
                "{{\"requested\":\"{requested}\",\"earliest\":\"{earliest}\",\"missed\":{missed}}}}}"
            );
        }
    }
    Reply::json(StatusCode::OK, body)
}

fn read(worker: &Worker, caller: &Caller, head: &Head) -> Result<Query, Box<Reply>> {
    let (asked, with_filter) = parse(worker, head).map_err(|details| Box::new(bad_request(details)))?;
    caller.filter(asked, &worker.shared.hasher).map(with_filter)
}

/// What the filter names, and the query but for it.
fn parse(worker: &Worker, head: &Head) -> Result<(Asked, impl FnOnce(Filter) -> Query), Vec<Detail>> {
    let params = Params::read(&head.query)?;
    let asked = params.asked(worker.shared.settings.limits.filter_terms)?;
    let id = |name: &str, text: &Option<String>, default| match text.as_deref() {
        None | Some("") => Ok(default),
        Some(text) => EventId::parse(text.as_bytes())
            .ok_or_else(|| vec![detail(name, "an event id: a whole number without leading zeros".into())]),
    };
    let descending = match params.order.as_deref() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(_) => return Err(vec![detail("order", "asc or desc".into())]),
    };
    let limit = match params.limit.as_deref().map(str::parse::<usize>) {
        None => limits::HISTORY_LIMIT_DEFAULT,
        Some(Ok(limit)) if (1..=limits::HISTORY_LIMIT_MAX).contains(&limit) => limit,
        Some(_) => {
            return Err(vec![detail("limit", format!("a number from 1 to {}", limits::HISTORY_LIMIT_MAX))]);
        }
    };
    let after = id("after", &params.after, EventId::ZERO)?;
    let since_ms = match params.start(None).map_err(|detail| vec![detail])? {
        Start::Since { time_ms, .. } => Some(time_ms),
        _ => None,
    };
    let before = id("before", &params.before, EventId(u64::MAX))?;
    Ok((asked, move |filter| Query { filter, after, since_ms, before, limit, descending }))
}

type Gap = Option<(EventId, EventId, Option<u64>)>;

impl Page {
    fn new(last: EventId) -> Self {
        Self { events: Vec::new(), count: 0, looked_at: 0, last }
    }

    /// What is to be found next of `first..=last`; `None` when the page is full or there is no more to look at.
    fn search(&self, query: &Query, first: EventId, last: EventId) -> Option<Search> {
        let entries_left = limits::HISTORY_SCAN_MAX.saturating_sub(self.looked_at);
        let events_left = query.limit.saturating_sub(self.count);
        if entries_left == 0 || events_left == 0 || self.events.len() >= limits::HISTORY_BYTES_MAX {
            return None;
        }
        let step = if query.descending { limits::FIND_BACK_ENTRIES_MAX } else { limits::FIND_ENTRIES_MAX };
        (first <= last).then(|| Search {
            filter: query.filter.clone(),
            first,
            last,
            events_max: events_left.min(limits::FOUND_EVENTS_MAX),
            entries_max: entries_left.min(step),
            descending: query.descending,
        })
    }

    /// Takes in what was found, as far as there is room, and stops before what is damaged; on the way down that is
    /// passed over, as holes are.
    fn take(&mut self, view: &View, found: &Found, descending: bool) -> Taken {
        let from = self.last;
        let mut damaged = None;
        for id in &found.ids {
            let Some(segment) = view.segment(*id).filter(|_| self.events.len() < limits::HISTORY_BYTES_MAX)
            else {
                break;
            };
            match segment.scattered_run(*id, *id) {
                Run::Whole(_) => self.push(segment, *id),
                Run::Unreadable => return Taken::Unreadable,
                Run::Damaged(_) if descending => {}
                Run::Damaged(through) => {
                    (damaged, self.last) = (Some(through), id.previous());
                    break;
                }
            }
            self.last = *id;
        }
        if damaged.is_none() && self.events.len() < limits::HISTORY_BYTES_MAX {
            self.last = found.through;
        }
        // The way down may go over a hole, in which there is nothing to look at.
        self.looked_at += (from.0.abs_diff(self.last.0) as usize).min(limits::FIND_ENTRIES_MAX);
        let next = self.last.next();
        let segment = view.segment(next).filter(|_| !descending && from == self.last);
        match (damaged, segment.map(|segment| segment.index_run(next, next))) {
            (Some(through), _) | (None, Some(Run::Damaged(through))) => Taken::UpToDamage(through),
            (None, Some(Run::Unreadable)) => Taken::Unreadable,
            _ if from == self.last => Taken::Nothing,
            _ => Taken::Some,
        }
    }

    fn push(&mut self, segment: &Segment, id: EventId) {
        let entry = segment.entry(id);
        let Some(kind) = EventType::from_code(entry.kind()) else { return };
        if self.count > 0 {
            self.events.push(b',');
        }
        self.count += 1;
        let time_ms = segment.time_ms(id);
        // Writing to a Vec cannot fail.
        let _ok = write!(self.events, "{{\"id\":\"{id}\",\"type\":\"{}\",\"data\":", kind.name());
        self.events.extend_from_slice(sse::payload(segment.frame(id), entry.payload_offset()));
        let _ok = write!(self.events, ",\"publishedAt\":{time_ms}}}");
    }
}

/// From `after` on; stops at a hole or at damage met on the way, so that the next page announces it. `None`: refused
/// for now.
async fn ascend(worker: &Worker, view: &View, query: &Query, visible: EventId) -> Option<(Page, Gap, bool)> {
    let (first, mut gap) = match view.step(query.after, visible) {
        Step::Next(next) => (next, None),
        Step::Gap { earliest, missed } => (earliest, Some((query.after, earliest, missed))),
        Step::Ahead => {
            return Some((Page::new(visible), Some((query.after, visible.next(), None)), false));
        }
    };
    let mut page = Page::new(first.previous());
    let end = visible.min(query.before.previous());
    while let Some(search) = page.search(query, page.last.next(), end) {
        if view.segment(search.first).is_none() {
            break;
        }
        match page.take(view, &worker.find(view, search).await?, false) {
            Taken::Some => {}
            Taken::Nothing => break,
            Taken::Unreadable => return None,
            Taken::UpToDamage(_) if page.looked_at > 0 || gap.is_some() => break,
            Taken::UpToDamage(through) => {
                page.last = through;
                gap = Some((query.after, through.next(), Some(through.0 - query.after.0)));
            }
        }
    }
    let more = page.last < end;
    Some((page, gap, more))
}

/// From `before` down. `lastEventId` is the next `before`. `None`: refused for now.
async fn descend(worker: &Worker, view: &View, query: &Query, visible: EventId) -> Option<(Page, Gap, bool)> {
    let mut page = Page::new(query.before.min(visible.next()));
    while let Some(search) = page.search(query, query.after.next(), page.last.previous()) {
        match page.take(view, &worker.find(view, search).await?, true) {
            Taken::Nothing => break,
            Taken::Unreadable => return None,
            Taken::Some | Taken::UpToDamage(_) => {}
        }
    }
    let more = page.last > view.earliest() && page.last > query.after.next();
    Some((page, None, more))
}
