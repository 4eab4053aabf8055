//! `GET /events`: pages of the log for clients that poll.

use std::io::Write as _;

use http::StatusCode;

use crate::event::{EventId, EventType};
use crate::http::{Detail, Head, Reply};
use crate::hub::Filter;
use crate::limits;
use crate::log::{Run, Segment, Step, View};
use crate::server::params::{self, Params, Start, detail};
use crate::server::route::bad_request;
use crate::server::worker::Worker;
use crate::sse;

/// What was asked for.
struct Query {
    filter: Filter,
    after: EventId,
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

pub(crate) async fn answer(worker: &Worker, head: &Head) -> Reply {
    let visible = worker.shared.reader.visible();
    let view = worker.shared.reader.view();
    let query = match read(worker, head, &view, visible) {
        Ok(query) => query,
        Err(details) => return bad_request(details),
    };
    let earliest = view.earliest();
    let (page, gap, more) = if query.descending {
        descend(worker, &view, &query, visible).await
    } else {
        ascend(worker, &view, &query, visible).await
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

fn read(worker: &Worker, head: &Head, view: &View, visible: EventId) -> Result<Query, Vec<Detail>> {
    let params = Params::read(&head.query)?;
    let filter = params.filter(&worker.shared.hasher)?.ok_or_else(|| vec![params::no_filter()])?;
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
    let mut after = id("after", &params.after, EventId::ZERO)?;
    if let Start::Since { time_ms, .. } = params.start(None).map_err(|detail| vec![detail])? {
        after = after.max(view.at_or_after(time_ms, visible).previous());
    }
    let before = id("before", &params.before, visible.next())?;
    Ok(Query { filter, after, before, limit, descending })
}

type Gap = Option<(EventId, EventId, Option<u64>)>;

impl Page {
    fn new(last: EventId) -> Self {
        Self { events: Vec::new(), count: 0, looked_at: 0, last }
    }

    fn is_full(&self, limit: usize) -> bool {
        self.count >= limit
            || self.events.len() >= limits::HISTORY_BYTES_MAX
            || self.looked_at >= limits::HISTORY_SCAN_MAX
    }

    /// A long search lets others run in between.
    async fn breathe(&self, worker: &Worker) {
        if self.looked_at.is_multiple_of(limits::HISTORY_SCAN_PER_TURN) {
            worker.breather.breathe().await;
        }
    }

    /// Takes an event in, if it matches and is whole; what can be said of it otherwise.
    fn look(&mut self, segment: &Segment, id: EventId, filter: &Filter) -> Run {
        let entry = segment.entry(id);
        let Some(kind) = EventType::from_code(entry.kind()).filter(|_| filter.matches(entry)) else {
            self.pass(id);
            return Run::Whole(id);
        };
        if let Run::Damaged(through) = segment.frame_run(id, id, usize::MAX) {
            return Run::Damaged(through);
        }
        self.pass(id);
        if self.count > 0 {
            self.events.push(b',');
        }
        self.count += 1;
        let time_ms = segment.time_ms(id);
        // Writing to a Vec cannot fail.
        let _ok = write!(self.events, "{{\"id\":\"{id}\",\"type\":\"{}\",\"data\":", kind.name());
        self.events.extend_from_slice(sse::payload(segment.frame(id), entry.payload_offset()));
        let _ok = write!(self.events, ",\"publishedAt\":{time_ms}}}");
        Run::Whole(id)
    }

    fn pass(&mut self, id: EventId) {
        self.looked_at += 1;
        self.last = id;
    }
}

/// From `after` on; stops at a hole or at damage met on the way, so that the next page announces it.
async fn ascend(worker: &Worker, view: &View, query: &Query, visible: EventId) -> (Page, Gap, bool) {
    let (mut next, mut gap) = match view.step(query.after, visible) {
        Step::Next(next) => (next, None),
        Step::Gap { earliest, missed } => (earliest, Some((query.after, earliest, missed))),
        Step::Ahead => return (Page::new(visible), Some((query.after, visible.next(), None)), false),
    };
    let mut page = Page::new(next.previous());
    let end = visible.min(query.before.previous());
    while next <= end && !page.is_full(query.limit) {
        let Some(segment) = view.segment(next) else { break };
        let last = segment.last(visible).min(end);
        if last < next {
            break;
        }
        let mut run = segment.index_run(next, last);
        if let Run::Whole(last) = run {
            while next <= last && !page.is_full(query.limit) {
                run = page.look(segment, next, &query.filter);
                if let Run::Damaged(_) = run {
                    break;
                }
                next = next.next();
                page.breathe(worker).await;
            }
        }
        if let Run::Damaged(through) = run {
            if page.looked_at > 0 || gap.is_some() {
                break;
            }
            next = through.next();
            page.last = through;
            gap = Some((query.after, next, Some(next.0 - query.after.next().0)));
        }
    }
    let more = page.last < end;
    (page, gap, more)
}

/// From `before` down. `lastEventId` is the next `before`.
async fn descend(worker: &Worker, view: &View, query: &Query, visible: EventId) -> (Page, Gap, bool) {
    let from = query.before.previous().min(visible);
    let mut page = Page::new(query.before.min(visible.next()));
    for segment in view.segments().iter().rev() {
        let mut id = segment.last(visible).min(from);
        while id >= segment.base() && id > query.after && !page.is_full(query.limit) {
            // What is damaged is passed over, as holes are in this direction.
            if let Run::Damaged(_) = segment.index_run(id, id) {
                page.pass(id);
            } else if let Run::Damaged(_) = page.look(segment, id, &query.filter) {
                page.pass(id);
            }
            id = id.previous();
            page.breathe(worker).await;
        }
    }
    let more = page.last > view.earliest() && page.last > query.after.next();
    (page, None, more)
}
