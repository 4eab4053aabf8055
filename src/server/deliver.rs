//! The fan-out: answers first, then chunk after chunk of what the hub says, with room for the others in between.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use rustix::event::epoll;
use rustix::io::Errno;

use crate::event::EventId;
use crate::hub::{Filled, Hub, Job, Outcome, Sent, SubscriberId};
use crate::ingest::Publisher;
use crate::limits;
use crate::server::addresses::Peer;
use crate::server::coalesce::Coalescing;
use crate::server::ring::Sender;
use crate::server::stride::Stride;
use crate::server::worker::Worker;

/// Gathered bytes for which room is kept while nothing is sent.
const SCRATCH_BYTES_KEPT: usize = 64 * 1024;

/// Serves the doorbell until the runtime ends.
pub(crate) async fn deliver_loop(worker: Rc<Worker>, mut sender: Sender, mut coalescing: Option<Coalescing>) {
    let mut buffers = Buffers::default();
    // Up to here events may go out; the commit point, but for those that are held.
    let mut shown = worker.shared.reader.visible();
    loop {
        worker.watches.bell.readable().await;
        worker.bell.answer();
        let newer = worker.shared.reader.visible() != shown;
        let held = coalescing.as_mut().is_some_and(|coalescing| coalescing.holds(newer));
        let mut stride = Stride::default();
        loop {
            if worker.take_answers() {
                worker.breather.breathe().await;
            }
            if !held {
                shown = worker.shared.reader.visible();
            }
            let filled = worker.send_chunk(&mut sender, &mut buffers, shown, stride.sends());
            if filled.jobs == 0 && !filled.unfinished {
                if worker.buffers_old.take() && buffers.scratch.capacity() > SCRATCH_BYTES_KEPT {
                    buffers.scratch = Vec::new();
                }
                break;
            }
            if filled.pressed {
                worker.send_on(&mut sender, &mut buffers, shown, filled.jobs);
            }
            worker.make_way();
            worker.breather.breathe().await;
            stride.step(worker.is_wanted());
        }
    }
}

#[derive(Default)]
struct Buffers {
    scratch: Vec<u8>,
    results: Vec<Sent>,
}

impl Worker {
    /// Hands answers of the writer thread to the requests that wait, and what the pager brought to whoever wants it.
    /// Says whether there were any of the writer's.
    fn take_answers(&self) -> bool {
        let mut any = false;
        while let Some(answer) = self.answers.try_next() {
            any = true;
            self.waiting.settle(answer.ticket.token, answer.outcome);
        }
        self.asking.take_answers(&self.hub);
        any
    }

    /// Goes on until as many have been served as a long chunk has places, whoever waits: events come faster than they
    /// go out, and requests that are not read bring no more of them. Otherwise publishers had most of the time, and
    /// deliveries were ever later. That is at most `BEHIND_BYTES_PER_TURN` for each; fewer bytes where each lacks
    /// more would be fewer subscribers a turn the later they are, from which none would ever recover.
    fn send_on(&self, sender: &mut Sender, buffers: &mut Buffers, shown: EventId, mut sent: usize) {
        while sent < limits::SENDS_PER_CHUNK {
            let filled = self.send_chunk(sender, buffers, shown, limits::SENDS_PER_CHUNK - sent);
            if filled.jobs == 0 || !filled.pressed {
                return;
            }
            sent += filled.jobs;
        }
    }

    /// Lets the threads of the log have this CPU while somebody waits for them. Otherwise nobody is given it: among
    /// programs that are always ready each yield is a turn of all of them, and a delivery has dozens of chunks.
    fn make_way(&self) {
        if self.publisher.borrow().as_ref().is_some_and(Publisher::is_awaited) {
            rustix::thread::sched_yield();
        }
    }

    /// Fills, sends and takes in one chunk of up to `sends_max` sends. `visible` was read before this: a segment is in
    /// the view before its first event is visible.
    fn send_chunk(
        &self,
        sender: &mut Sender,
        buffers: &mut Buffers,
        visible: EventId,
        sends_max: usize,
    ) -> Filled {
        let view = self.shared.reader.view();
        let mut hub = self.hub.borrow_mut();
        let (mut few, mut many);
        // Each place is written before it is used, which is not for nothing when a chunk is one send.
        let places = if sends_max <= limits::SENDS_PER_CHUNK_MIN {
            few = [Job::default(); limits::SENDS_PER_CHUNK_MIN];
            &mut few[..sends_max]
        } else {
            many = [Job::default(); limits::SENDS_PER_CHUNK];
            &mut many[..sends_max.min(limits::SENDS_PER_CHUNK)]
        };
        let filled = hub.fill(&view, visible, places, &mut buffers.scratch);
        self.asking.ask_on(&mut hub, visible);
        let jobs = &places[..filled.jobs];
        if jobs.is_empty() {
            return filled;
        }
        let nobody: (BorrowedFd<'_>, &[u8]) = (self.epoll.as_fd(), &[]);
        let sends = jobs.iter().map(|job| match hub.connection(job.id) {
            Some(socket) => (socket.as_fd(), job.bytes.resolve(&buffers.scratch)),
            None => nobody,
        });
        sender.send_chunk(sends, &mut buffers.results);
        let now_ms = self.now_ms();
        for (job, sent) in jobs.iter().zip(&buffers.results) {
            let outcome = hub.complete(job, *sent, &view, &buffers.scratch, now_ms);
            self.follow(&mut hub, job.id, outcome);
        }
        filled
    }

    fn follow(&self, hub: &mut Hub<Peer>, id: SubscriberId, outcome: Outcome<Peer>) {
        match outcome {
            Outcome::Done => {}
            Outcome::Watch => {
                if let Some(socket) = hub.connection(id)
                    && watch_writable(&self.epoll, socket, id).is_err()
                {
                    tracing::warn!("a full socket could not be watched; its subscriber is closed");
                    if let Some(peer) = hub.remove(id) {
                        self.subscriber_left(&peer);
                    }
                }
            }
            Outcome::Closed(peer) => self.subscriber_left(&peer),
            Outcome::Ended(peer) => {
                self.subscriber_left(&peer);
                self.linger(peer.socket, false);
            }
        }
    }

    /// Gives a subscriber's places up.
    fn subscriber_left(&self, peer: &Peer) {
        self.leave(peer.place);
        self.shared.connections.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
    }
}

/// Watches a socket once, for room or for its peer's leaving. Added only after it was full, so that the edge is not
/// missed: the kernel reports at once when there is room already.
fn watch_writable(epoll: &OwnedFd, socket: &Peer, id: SubscriberId) -> Result<(), Errno> {
    let data = epoll::EventData::new_u64(u64::from(id.index) << 32 | u64::from(id.generation));
    let flags = epoll::EventFlags::OUT | epoll::EventFlags::RDHUP | epoll::EventFlags::ONESHOT;
    match epoll::add(epoll, socket, data, flags) {
        Err(Errno::EXIST) => epoll::modify(epoll, socket, data, flags),
        other => other,
    }
}

/// Brings watched sockets back to the hub until the runtime ends.
pub(crate) async fn writable_loop(worker: Rc<Worker>) {
    let mut events = Vec::with_capacity(256);
    loop {
        worker.watches.epoll.readable().await;
        events.clear();
        let no_wait = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        let waited = epoll::wait(&worker.epoll, rustix::buffer::spare_capacity(&mut events), Some(&no_wait));
        if waited.is_err() {
            worker.breather.breathe().await;
            continue;
        }
        for event in &events {
            let data = event.data.u64();
            let id = SubscriberId { index: (data >> 32) as u32, generation: data as u32 };
            let flags = event.flags;
            if flags.intersects(epoll::EventFlags::RDHUP | epoll::EventFlags::HUP | epoll::EventFlags::ERR) {
                worker.drop_subscriber(id);
            } else {
                worker.hub.borrow_mut().writable(id);
            }
        }
        worker.bell.ring();
        worker.breather.breathe().await;
    }
}

impl Worker {
    /// Forgets a subscriber whose peer is gone.
    pub(crate) fn drop_subscriber(&self, id: SubscriberId) {
        let removed = self.hub.borrow_mut().remove(id);
        if let Some(peer) = removed {
            self.subscriber_left(&peer);
        }
    }
}
