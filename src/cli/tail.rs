//! `tailwire tail`: follows events in a terminal and goes on after any cut where it was.

use std::io::{Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use simd_json::prelude::{ValueObjectAccessAsArray, ValueObjectAccessAsScalar};

use crate::cli::answer::complaint;
use crate::cli::backoff::{Backoff, random};
use crate::cli::exit::Exit;
use crate::cli::notice::{Meaning, meaning};
use crate::cli::show::{human, json_line, parse};
use crate::cli::terminal::is_watched;
use crate::cli::token_place::authorization;
use crate::cli::transport::{agent, hope, retry_after, unreachable};
use crate::clock;
use crate::config::{Start, TailOptions};
use crate::sse::{Decoder, Event};

/// Four heartbeats of a server with default settings; an operator may have chosen fewer, so it is generous.
const SILENCE: Duration = Duration::from_secs(120);
/// Longest block of a stream; the server's frames are under 64 KiB.
const BLOCK_BYTES_MAX: usize = 1024 * 1024;
const READ_BYTES: usize = 16 * 1024;
/// For the one short request beside a subscription.
const LOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs the command on the process's own output.
pub fn tail(options: &TailOptions) -> ExitCode {
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr().lock());
    let colours = options.colours && is_watched();
    Tail::new(options, &mut out, &mut err, &std::thread::sleep, colours).run().into()
}

/// One run of the command, its world given.
pub(in crate::cli) struct Tail<'a> {
    options: &'a TailOptions,
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    wait: &'a dyn Fn(Duration),
    colours: bool,
    /// The last event id; empty before any is known.
    position: String,
    /// The last event from before this connection; what came up to it is a replay. `None`: not known.
    replay_end: Option<u64>,
    backoff: Backoff,
    printed: u64,
}

/// Why reading one connection ended.
enum End {
    /// Connect again.
    Cut(String),
    Exit(Exit),
}

impl<'a> Tail<'a> {
    pub(in crate::cli) fn new(
        options: &'a TailOptions,
        out: &'a mut dyn Write,
        err: &'a mut dyn Write,
        wait: &'a dyn Fn(Duration),
        colours: bool,
    ) -> Self {
        let position = match options.start {
            Start::After(id) => id.to_string(),
            _ => String::new(),
        };
        let backoff = Backoff::new();
        Self { options, out, err, wait, colours, position, replay_end: None, backoff, printed: 0 }
    }

    /// Follows until the server refuses for good, the wanted count is printed, or nobody reads the output.
    pub(in crate::cli) fn run(&mut self) -> Exit {
        let agent = agent(SILENCE);
        loop {
            let reason = match self.connect(&agent) {
                End::Exit(exit) => return exit,
                End::Cut(reason) => reason,
            };
            let wait = self.backoff.next(random());
            self.notice(&format!("{reason}; connecting again in {:.1} s", wait.as_secs_f64()));
            (self.wait)(wait);
        }
    }

    /// One connection, from its request to its end.
    fn connect(&mut self, agent: &ureq::Agent) -> End {
        let url = format!("{}/events/subscribe", self.options.url);
        let mut request = agent.get(&url).header("Accept", "text/event-stream");
        for (name, value) in self.query() {
            request = request.query(name, value);
        }
        if !self.position.is_empty() {
            request = request.header("Last-Event-ID", &self.position);
        }
        let authorization = match authorization(&self.options.token) {
            Ok(authorization) => authorization,
            Err(error) => {
                self.notice(&error.to_string());
                return End::Exit(Exit::Refused);
            }
        };
        if let Some(authorization) = &authorization {
            request = request.header("Authorization", authorization.as_str());
        }
        let mut response = match request.call() {
            Ok(response) => response,
            Err(error) => {
                let message = unreachable(&url, &error);
                if hope(&error) == Exit::TryLater {
                    return End::Cut(message);
                }
                self.notice(&message);
                return End::Exit(hope(&error));
            }
        };
        let status = response.status().as_u16();
        if status != 200 {
            if let Some(wait) = retry_after(&response) {
                self.backoff.wish(wait.as_millis() as u64);
            }
            let text = response.body_mut().read_to_string().unwrap_or_default();
            let message = complaint(status, &text, &[]);
            if matches!(status, 408 | 429 | 500..) {
                return End::Cut(message);
            }
            self.notice(&message);
            return End::Exit(Exit::Refused);
        }
        if !self.options.json {
            self.replay_end = self.find_replay_end(agent, authorization.as_ref().map(|field| field.as_str()));
        }
        self.read(response.into_body().into_reader())
    }

    /// The last event there is as the connection begins, so that a replayed event is not shown with the time of its
    /// arrival. That is a nicety: where the server does not tell, no event is shown with one.
    fn find_replay_end(&self, agent: &ureq::Agent, authorization: Option<&str>) -> Option<u64> {
        if self.position.is_empty() && self.options.start == Start::Latest {
            return Some(0);
        }
        let url = format!("{}/events", self.options.url);
        let mut request = agent.get(&url).config().timeout_global(Some(LOOK_TIMEOUT)).build();
        // The same filter: a token may reach no more.
        for (name, value) in self.filter() {
            request = request.query(name, value);
        }
        request = request.query("order", "desc").query("limit", "1");
        if let Some(authorization) = authorization {
            request = request.header("Authorization", authorization);
        }
        let text = request.call().ok()?.body_mut().read_to_string().ok()?;
        let page = parse(&text)?;
        match page.get_array("events")?.first() {
            Some(last) => last.get_str("id")?.parse().ok(),
            None if page.get_bool("hasMore") == Some(true) => None,
            None => Some(0),
        }
    }

    fn filter(&self) -> Vec<(&'static str, String)> {
        let options = self.options;
        let mut query = Vec::new();
        if options.all {
            query.push(("all", "true".to_owned()));
        }
        for (name, items) in
            [("streams", &options.streams), ("users", &options.users), ("types", &options.types)]
        {
            query.extend(items.iter().map(|item| (name, item.clone())));
        }
        query
    }

    fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = self.filter();
        match &self.options.start {
            Start::Earliest if self.position.is_empty() => query.push(("from", "earliest".to_owned())),
            Start::Since(time) if self.position.is_empty() => query.push(("since", time.clone())),
            _ => {}
        }
        query
    }

    /// Prints what comes until the connection ends.
    fn read(&mut self, mut body: impl Read) -> End {
        let mut decoder = Decoder::resuming(BLOCK_BYTES_MAX, &self.position);
        let mut buffer = vec![0; READ_BYTES];
        let mut events = Vec::new();
        loop {
            let bytes = match body.read(&mut buffer) {
                Ok(0) => return End::Cut("the stream ended".to_owned()),
                Ok(bytes) => bytes,
                Err(error) => return End::Cut(format!("the stream was cut: {error}")),
            };
            let fed = decoder.feed(&buffer[..bytes], &mut events);
            for event in events.drain(..) {
                if let Some(exit) = self.take(&event) {
                    return End::Exit(exit);
                }
            }
            if self.out.flush().is_err() {
                return End::Exit(Exit::Done);
            }
            if let Some(retry_ms) = decoder.retry_ms() {
                self.backoff.wish(retry_ms);
            }
            self.backoff.succeed();
            decoder.last_event_id().clone_into(&mut self.position);
            if let Err(error) = fed {
                self.notice(&error.to_string());
                return End::Exit(Exit::Refused);
            }
        }
    }

    /// Prints one event. `Some` when that was the last.
    fn take(&mut self, event: &Event) -> Option<Exit> {
        match meaning(event) {
            Meaning::Nothing => return None,
            Meaning::Notice(text) => {
                self.notice(&text);
                return None;
            }
            Meaning::Event => {}
        }
        let line = match self.options.json {
            true => json_line(event),
            false => {
                let live =
                    self.replay_end.zip(event.id.parse().ok()).is_some_and(|(end, id): (_, u64)| id > end);
                human(event, live.then(clock::unix_ms), self.colours)
            }
        };
        // Nobody reads any more (`tailwire tail | head`): that is an end, not a failure.
        let closed = writeln!(self.out, "{line}").is_err();
        self.printed += 1;
        (closed || self.options.count.is_some_and(|count| self.printed >= count)).then_some(Exit::Done)
    }

    fn notice(&mut self, text: &str) {
        let _closed = writeln!(self.err, "tailwire: {text}");
    }
}
