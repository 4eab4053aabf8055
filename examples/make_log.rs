//! Makes a large log in a directory, about as fast as the disk takes it, to try a start or a replay on: `make_log DIR
//! [GIB] [STREAMS] [KEYS]`. Every so often an event has the key `key-N` and creates the payment stream N, so that the
//! whole window of keys and all payment streams lie spread over the whole log; the others are withdrawals.
//!
//! It writes through the log's own writer, but allocates segments without zeroing them: what it makes is only as good
//! as a clean end.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for the developers of this program")]

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tailwire::event::{EventId, EventType};
use tailwire::log::{
    Access, Disk, DiskFile, Durability, Lock, LogOptions, RealDisk, Record, Region, WriteError, Writer,
};
use tailwire::topic::{StreamId, TopicHasher, User};

const SEGMENT_BYTES: u64 = 128 * 1024 * 1024;
const BATCH: u64 = 1000;
/// About what an event takes, entry and all.
const EVENT_BYTES: u64 = 365;
/// Bytes that wait for the disk at most.
const UNSYNCED_BYTES_MAX: u64 = 64 * 1024 * 1024;
const SENDER: &str = "GBRPYHIL2CI3FNQ4BXLFMNDLFJUNPU2HY3ZMFSHONUCEOASW7QC7OX2H";
const RECIPIENT: &str = "GDQP2KPQGKIHYJGXNUIYOMHARUARCA7DJT5FO2FFOOKY3B2WSQHG4W37";

/// What an event of about 350 bytes says, the digits of a number in it.
fn data(out: &mut Vec<u8>, created: bool, stream: u64, event: u64) {
    use std::io::Write as _;
    out.clear();
    if created {
        write!(
            out,
            concat!(
                r#"{{"streamId":{},"sender":"{}","recipient":"{}","tokenAddress":"C","#,
                r#""ratePerSecond":"1","depositedAmount":"{}","startTime":1767225600}}"#
            ),
            stream, SENDER, RECIPIENT, event
        )
    } else {
        write!(
            out,
            concat!(
                r#"{{"streamId":{},"amount":"1500000000","recipient":"{}","transactionHash":"{:064x}","#,
                r#""ledger":51234567,"timestamp":1767225600}}"#
            ),
            stream, RECIPIENT, event
        )
    }
    .unwrap();
}

fn main() {
    let mut args = std::env::args().skip(1);
    let dir = PathBuf::from(args.next().unwrap_or_else(|| "data".to_owned()));
    let mut number = |default: u64| args.next().map_or(default, |text| text.parse().unwrap());
    let (bytes, streams, keys) = (number(20) << 30, number(1_000_000), number(1_000_000));
    let began = Instant::now();
    let disk: Arc<dyn Disk> = Arc::new(Unzeroed(RealDisk::open(&dir).unwrap()));
    let options = LogOptions {
        segment_bytes: SEGMENT_BYTES,
        durability: Durability::Commit,
        new_epoch: false,
        accept_gap: false,
    };
    let log = tailwire::log::open(disk, options, tailwire::clock::unix_ms()).unwrap();
    let (mut writer, mut syncer, mut preparer, reader) = (log.writer, log.syncer, log.preparer, log.reader);
    let preparing = std::thread::spawn(move || preparer.run());
    let mut maker = Maker::new(&reader, bytes, keys, streams);
    let mut unsynced = 0;
    while reader.view().bytes() < bytes {
        unsynced += maker.batch(&mut writer);
        if unsynced >= UNSYNCED_BYTES_MAX {
            syncer.sync().unwrap();
            unsynced = 0;
        }
    }
    let last = writer.next_id().previous();
    drop(writer);
    syncer.close().unwrap();
    drop(syncer);
    preparing.join().unwrap();
    let view = reader.view();
    println!(
        "{} bytes in {} segments, events up to {last}, {} with a key, in {:.1} s",
        view.bytes(),
        view.segments().len(),
        maker.keyed,
        began.elapsed().as_secs_f64()
    );
}

/// Makes events.
struct Maker {
    hasher: TopicHasher,
    parties: (u64, u64),
    /// Every so many events one has a key and creates a payment stream.
    every: u64,
    keys: u64,
    streams: u64,
    made: u64,
    keyed: u64,
    data: Vec<u8>,
    frames: Vec<u8>,
    rows: Vec<Row>,
}

struct Row {
    stream: u64,
    key: u64,
    aux: u64,
    kind: EventType,
    frame_bytes: usize,
    payload_offset: u8,
}

impl Maker {
    fn new(reader: &tailwire::log::Reader, bytes: u64, keys: u64, streams: u64) -> Self {
        let hasher = TopicHasher::new(reader.hash_key());
        let user = |user| hasher.user(&User::parse(user).unwrap()).0;
        let every = (bytes / EVENT_BYTES / keys.max(1)).max(1);
        let parties = (user(SENDER), user(RECIPIENT));
        let (data, frames, rows) = (Vec::new(), Vec::new(), Vec::new());
        Self { hasher, parties, every, keys, streams, made: 0, keyed: 0, data, frames, rows }
    }

    /// Writes a batch; its bytes.
    fn batch(&mut self, writer: &mut Writer) -> u64 {
        let first = writer.next_id();
        self.frames.clear();
        self.rows.clear();
        for id in (first.0..first.0 + BATCH).map(EventId) {
            let row = self.row(id);
            self.rows.push(row);
        }
        let now_ms = tailwire::clock::unix_ms();
        while let Err(error) = writer.begin(self.rows.len(), self.frames.len(), now_ms) {
            assert!(matches!(error, WriteError::NoSegment { .. }), "{error}");
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut rest = self.frames.as_slice();
        for row in &self.rows {
            let (frame, after) = rest.split_at(row.frame_bytes);
            rest = after;
            let (sender, recipient) = self.parties;
            let (kind, payload_offset) = (row.kind.code(), row.payload_offset);
            let (stream, key, aux) = (row.stream, row.key, row.aux);
            let record =
                Record { stream, sender, recipient, key, aux, flags: 0, kind, payload_offset, frame };
            writer.push(writer.next_id(), record);
        }
        writer.flush().unwrap();
        self.frames.len() as u64 + 64 * BATCH
    }

    fn row(&mut self, id: EventId) -> Row {
        let keyed = self.made.is_multiple_of(self.every) && self.keyed < self.keys;
        let stream = self.made / self.every % self.streams.max(1);
        let kind = if keyed { EventType::Created } else { EventType::Withdrawn };
        data(&mut self.data, keyed, stream, self.made);
        let layout = tailwire::sse::event(&mut self.frames, id, kind, &self.data).unwrap();
        let (key, aux) = if keyed {
            let key = self.hasher.key(&format!("key-{}", self.keyed));
            self.keyed += 1;
            (key, self.hasher.digest(kind.code(), &self.data))
        } else {
            (0, 0)
        };
        self.made += 1;
        let stream = self.hasher.stream(&StreamId::from_number(stream)).0;
        let (frame_bytes, payload_offset) = (layout.frame_bytes, layout.payload_offset);
        Row { stream, key, aux, kind, frame_bytes, payload_offset }
    }
}

/// A directory in which a file gets its length and no blocks before they are written: half the work.
struct Unzeroed(RealDisk);

struct UnzeroedFile(Arc<dyn DiskFile>);

impl Disk for Unzeroed {
    fn lock(&self, name: &str, holder: &str) -> io::Result<Box<dyn Lock>> {
        self.0.lock(name, holder)
    }
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.0.create(name).map(|file| Arc::new(UnzeroedFile(file)) as Arc<dyn DiskFile>)
    }
    fn open(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        self.0.open(name, access)
    }
    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.0.list(dir)
    }
    fn make_dir(&self, dir: &str) -> io::Result<()> {
        self.0.make_dir(dir)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.link(from, to)
    }
    fn unlink(&self, name: &str) -> io::Result<()> {
        self.0.unlink(name)
    }
    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        self.0.sync_dir(dir)
    }
    fn free_bytes(&self) -> io::Result<u64> {
        self.0.free_bytes()
    }
    fn fill_random(&self, bytes: &mut [u8]) -> io::Result<()> {
        self.0.fill_random(bytes)
    }
}

impl DiskFile for UnzeroedFile {
    fn bytes(&self) -> io::Result<u64> {
        self.0.bytes()
    }
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, bytes)
    }
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(offset, bytes)
    }
    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }
    fn allocate_zeroed(&self, bytes: u64) -> io::Result<()> {
        self.0.write_at(bytes - 1, &[0])
    }
    fn punch(&self, offset: u64, bytes: u64) -> io::Result<()> {
        self.0.punch(offset, bytes)
    }
    fn map(&self) -> io::Result<Region> {
        self.0.map()
    }
}
