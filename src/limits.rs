//! Every bound of the program, with the relations between bounds checked by the compiler.
//!
//! What an operator may change is in `config`; these are the limits a change of which needs a thought
//! about the protocol or the memory. This file holds numbers alone and knows no type of the program.

/// Longest event frame in bytes, chunk framing included. Some clients stop at 64 KiB a block.
pub const FRAME_BYTES_MAX: usize = 60 * 1024;
/// Longest request body in bytes, after chunked decoding.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Longest request head in bytes, the request line and the blank line included.
pub const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Longest request target in bytes.
pub const TARGET_BYTES_MAX: usize = 16 * 1024;
/// Most header fields of a request.
pub const HEADER_FIELDS_MAX: usize = 100;
/// Deepest nesting of an event's data, the data object itself counted.
pub const JSON_DEPTH_MAX: usize = 16;
/// Most faults of one event that are reported together.
pub const FAULTS_MAX: usize = 16;
/// Most events of one batch.
pub const BATCH_EVENTS_MAX: usize = 4096;
/// Most filter terms (payment streams and users together) of one subscription.
pub const FILTER_TERMS_MAX: usize = 1024;
/// Longest name of a payment stream in characters.
pub const STREAM_NAME_MAX: usize = 64;
/// Longest user in characters.
pub const USER_MAX: usize = 128;
/// Longest idempotency key or source name in characters.
pub const KEY_MAX: usize = 128;
/// Newest idempotency keys that are remembered.
pub const KEYS_MAX: usize = 1_000_000;
/// Sources (indexers) whose highest position is remembered.
pub const SOURCES_MAX: usize = 65_536;
/// Payment streams whose parties can be remembered at the most, whatever the operator asks for: 3 GiB.
pub const PAYMENT_STREAMS_MAX: usize = 1 << 26;

/// Longest token in bytes. Other servers stop at 8 KiB of a head, so a longer one would not get here in every place.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// Longest name of a key (`kid`) in characters.
pub const KEY_ID_MAX: usize = 128;
/// Keys that verify tokens, at most; and those of one algorithm without a name, each of which a token without a
/// `kid` is tried with.
pub const VERIFYING_KEYS_MAX: usize = 64;
pub const UNNAMED_KEYS_MAX: usize = 4;
/// Largest file of keys.
pub const KEY_FILE_BYTES_MAX: usize = 256 * 1024;
/// Seconds by which the clocks of a token's issuer and of this machine may differ.
pub const TOKEN_LEEWAY_S: u64 = 30;
/// Latest time of a token's claims: the end of the year 9999. Milliseconds of it are far from the end of 64 bits.
pub const TOKEN_TIME_MAX_S: u64 = 253_402_300_799;
/// Tickets at a time, how long one is good for, and how many one token may have.
pub const TICKETS_MAX: usize = 16_384;
pub const TICKET_MS: u64 = 30_000;
pub const TICKETS_PER_HOLDER_MAX: usize = 256;
/// Bytes of grants that all tickets together keep in memory.
pub const TICKET_GRANT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Submissions (one request's events each) that wait for the writer thread.
pub const INGEST_QUEUE_MAX: usize = 1024;
/// Bytes of submissions that wait for the writer thread, as they lie in memory.
pub const INGEST_QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes of frames after which the writer thread takes no further submission into one write.
pub const WRITE_BYTES_MAX: usize = 1024 * 1024;
/// Requests of one worker that wait for the writer thread's answer; also its answer queue's size.
pub const WORKER_IN_FLIGHT_MAX: usize = 4096;
/// Writes whose acknowledgements wait for the sync thread; then the writer thread waits as well.
pub const WRITES_UNSYNCED_MAX: usize = 16;
/// Milliseconds between two flushes where durability promises none.
pub const LAZY_SYNC_MS: u64 = 1000;
/// Requests of one connection that are answered before others get a turn.
pub const REQUESTS_PER_TURN: u32 = 8;
/// Connections beyond `--max-connections`: for publishers and pollers while all subscribers' places are taken, and so
/// that a subscriber too many can be told to come back.
pub const CONNECTIONS_RESERVE: usize = 128;
/// Bytes taken off a socket at a time while a head or the framing of a body is read; so many of further requests can
/// come with it and are held until this one is answered.
pub const PIPELINE_BYTES_MAX: usize = 16 * 1024;
/// Bytes held by one worker for connections that do not take their answers.
pub const ANSWERS_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes by which an answer may be behind the least rate on top of the time it has: a peer that reads slowly opens its
/// window in steps as large.
pub const ANSWER_STEP_BYTES: usize = 64 * 1024;
/// Bytes of request bodies held at a time in the whole server, and up to which a single body is not counted.
pub const BODIES_BYTES_MAX: usize = 256 * 1024 * 1024;
pub const BODY_BYTES_UNCOUNTED: usize = 16 * 1024;

/// Token buckets of one kind (subscriptions of addresses, say), 8 bytes each.
pub const BUCKETS_MAX: usize = 65_536;
/// Connections of one address beyond its subscriptions that are still listened to: to be told to come back, to publish.
pub const ADDRESS_RESERVE: u32 = 32;
/// Most ranges of trusted proxies.
pub const TRUSTED_PROXIES_MAX: usize = 256;
/// Longest head of the PROXY protocol in bytes.
pub const PROXY_HEAD_BYTES_MAX: usize = 4096;
/// Most hops that are walked back through what proxies say.
pub const HOPS_MAX: usize = 64;

/// Bytes of a subscriber that its socket holds unsent.
pub const UNSENT_BYTES_MAX: u32 = 32 * 1024;

/// Sends of one chunk, at most; between chunks a worker lets its neighbours run.
pub const SENDS_PER_CHUNK: usize = 128;
/// Bytes that live subscribers lack, on average, from which on a worker is short of time for sending.
pub const PRESSED_BYTES: usize = 16 * 1024;
/// Sends of one chunk while requests come in or wait.
pub const SENDS_PER_CHUNK_MIN: usize = 16;
/// The longest time for which `--coalesce-us` may hold events.
pub const COALESCE_US_MAX: u64 = 100_000;
/// Bytes one subscriber that is behind may take in one turn.
pub const BEHIND_BYTES_PER_TURN: usize = 128 * 1024;
/// Bytes all subscribers that are behind may take in one turn.
pub const BEHIND_BYTES_PER_TURN_ALL: usize = 1024 * 1024;
/// Events of the open segment that get their postings together; a search looks at each of those after them.
pub const POSTINGS_STRETCH_EVENTS: u32 = 32_768;
/// Index entries that filtered subscribers may have looked at in one turn.
pub const SCAN_ENTRIES_PER_TURN: usize = 65_536;
/// Most events of a contiguous piece, so that a few pages of entries describe it.
pub const PIECE_EVENTS_MAX: usize = 1024;
/// Index entries in memory that are looked at on the worker for a filtered subscriber that is behind; one that lacks
/// more leaves the search to the pager.
pub const NEARBY_ENTRIES_MAX: usize = 8192;

/// Asks of one worker that the pager has not answered, and the places of its answer queue. Beyond, subscribers and
/// requests wait at the worker, each for one answer at a time.
pub const PAGER_IN_FLIGHT_MAX: usize = 32;
/// Bytes of frames and events that the pager brings into memory for a subscriber at a time: two turns.
pub const WARM_BYTES_MAX: usize = 2 * BEHIND_BYTES_PER_TURN;
pub const WARM_EVENTS_MAX: usize = 2 * PIECE_EVENTS_MAX;
/// Most events that the pager finds for one ask, and entries it looks at forwards and backwards.
pub const FOUND_EVENTS_MAX: usize = 512;
pub const FIND_ENTRIES_MAX: usize = 131_072;
pub const FIND_BACK_ENTRIES_MAX: usize = 16_384;
/// Found and unsent lists of one worker; with more, no further search is begun.
pub const STRETCHES_MAX: usize = 1024;
/// Longest range of the log of which the kernel is asked whether it is in memory.
pub const RESIDENT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Events a history page may hold, at most and by default.
pub const HISTORY_LIMIT_MAX: usize = 1000;
pub const HISTORY_LIMIT_DEFAULT: usize = 100;
/// Bytes of events after which a history page ends.
pub const HISTORY_BYTES_MAX: usize = 1024 * 1024;
/// Index entries a history page may look at.
pub const HISTORY_SCAN_MAX: usize = 1_000_000;

/// Smallest and largest segment file in bytes.
pub const SEGMENT_BYTES_MIN: u64 = 4 * 1024 * 1024;
pub const SEGMENT_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Bytes of one index entry, of a segment's header and of its seal area.
pub const ENTRY_BYTES: usize = 64;
pub const SEGMENT_HEADER_BYTES: u64 = 4096;
pub const SEAL_BYTES: u64 = 64 * 1024;

/// Bytes that the wire framing adds to an event's data at the most: chunk head and tail, the field names,
/// the longest event type and the longest id.
pub const FRAME_OVERHEAD_MAX: usize = 96;

const _: () = assert!(FRAME_BYTES_MAX <= u16::MAX as usize, "an entry holds the frame length in 16 bits");
const _: () = assert!(
    BATCH_EVENTS_MAX * FRAME_OVERHEAD_MAX + 2 * BODY_BYTES_MAX + BATCH_EVENTS_MAX * ENTRY_BYTES
        < (SEGMENT_BYTES_MIN - SEGMENT_HEADER_BYTES - SEAL_BYTES) as usize,
    "any batch fits an empty segment"
);
const _: () = assert!(4 * BODY_BYTES_MAX <= INGEST_QUEUE_BYTES_MAX, "any batch fits an empty queue");
const _: () = assert!(TARGET_BYTES_MAX < HEAD_BYTES_MAX);
const _: () = assert!(
    2 * (HISTORY_BYTES_MAX + FRAME_BYTES_MAX + PIPELINE_BYTES_MAX) <= ANSWERS_BYTES_MAX,
    "no answer has to give way to itself"
);
const _: () = assert!(TOKEN_BYTES_MAX < TARGET_BYTES_MAX, "a token fits the query");
const _: () = assert!(TICKETS_PER_HOLDER_MAX < TICKETS_MAX);
const _: () = assert!(FRAME_BYTES_MAX <= BEHIND_BYTES_PER_TURN);
const _: () = assert!(BEHIND_BYTES_PER_TURN <= BEHIND_BYTES_PER_TURN_ALL);
const _: () = assert!(WARM_BYTES_MAX <= RESIDENT_BYTES_MAX);
const _: () = assert!(NEARBY_ENTRIES_MAX * ENTRY_BYTES <= RESIDENT_BYTES_MAX);
