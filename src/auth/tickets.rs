//! Tickets: what stands in a URL in place of a token. Good once, for 30 s, for a request of the grant it was swapped
//! for; a table of fixed size, shared by the workers, which touch it only when a ticket is issued or used.
//!
//! A ticket is looked up by its hash, so that the time of a look-up tells nothing about the tickets there are. It is
//! not looked at whether the grant itself has expired meanwhile: that is the caller's, as with a token.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::auth::grant::{Grant, TokenDigest, sha256};
use crate::limits;
use crate::topic::User;

/// What a ticket begins with. No token does: a token's first part is the base64 of `{`.
const MARK: &str = "tkt_";

/// The tickets there are. `now_ms` is one and the same clock in all calls.
pub struct Tickets {
    table: Mutex<Table>,
}

/// There is no room for another ticket, in all or for this user; expired ones make room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tickets are waiting to be used; try again in {} s", limits::TICKET_MS / 1000)]
pub struct Full;

type Key = [u8; 32];

#[derive(Clone)]
struct Held {
    grant: Arc<Grant>,
    expires_ms: u64,
    /// Apart from others that expire at the same time.
    number: u64,
}

/// Whose share of the table a ticket takes: a user's, however many tokens it has, or that of a token for nobody.
#[derive(PartialEq, Eq, Hash)]
enum Holder {
    User(User),
    Token(TokenDigest),
}

#[derive(Default)]
struct Table {
    held: HashMap<Key, Held>,
    /// By expiry, the earliest first.
    order: BTreeMap<(u64, u64), Key>,
    of_holder: HashMap<Holder, usize>,
    grant_bytes: usize,
    numbers: u64,
}

impl Tickets {
    #[expect(clippy::new_without_default, reason = "an empty table is no default of anything")]
    pub fn new() -> Self {
        Self { table: Mutex::new(Table::default()) }
    }

    /// Makes a ticket for a grant. `random`: from the system's source, never used before.
    pub fn issue(&self, grant: Arc<Grant>, random: [u8; 32], now_ms: u64) -> Result<String, Full> {
        let ticket = format!("{MARK}{}", URL_SAFE_NO_PAD.encode(random));
        let mut table = self.table();
        table.forget_expired(now_ms);
        let number = table.numbers;
        table.numbers += 1;
        let held = Held { grant, expires_ms: now_ms.saturating_add(limits::TICKET_MS), number };
        table.add(sha256(ticket.as_bytes()), held)?;
        Ok(ticket)
    }

    /// The ticket's grant; the ticket stays.
    pub fn peek(&self, ticket: &str, now_ms: u64) -> Option<Arc<Grant>> {
        let key = sha256(ticket.as_bytes());
        let table = self.table();
        table.held.get(&key).filter(|held| now_ms < held.expires_ms).map(|held| Arc::clone(&held.grant))
    }

    /// Uses the ticket up. Of several callers at once, one gets it.
    pub fn take(&self, ticket: &str, now_ms: u64) -> Option<Arc<Grant>> {
        let key = sha256(ticket.as_bytes());
        let held = self.table().remove(&key)?;
        (now_ms < held.expires_ms).then_some(held.grant)
    }

    /// Tickets that wait to be used.
    pub fn waiting(&self, now_ms: u64) -> usize {
        let mut table = self.table();
        table.forget_expired(now_ms);
        table.held.len()
    }

    /// No call can leave the table half done, so one that panicked says nothing about it.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a text is meant as a ticket rather than a token.
pub(in crate::auth) fn is_ticket(text: &str) -> bool {
    text.starts_with(MARK)
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tickets(..)")
    }
}

impl Holder {
    fn of(grant: &Grant) -> Self {
        grant.subject.clone().map_or(Self::Token(grant.digest), Self::User)
    }
}

impl Table {
    fn add(&mut self, key: Key, held: Held) -> Result<(), Full> {
        let weight = held.grant.weight();
        let holder = Holder::of(&held.grant);
        let of_holder = self.of_holder.get(&holder).copied().unwrap_or(0);
        if self.held.len() >= limits::TICKETS_MAX
            || of_holder >= limits::TICKETS_PER_HOLDER_MAX
            || self.grant_bytes.saturating_add(weight) > limits::TICKET_GRANT_BYTES_MAX
        {
            return Err(Full);
        }
        self.grant_bytes += weight;
        self.of_holder.insert(holder, of_holder + 1);
        self.order.insert((held.expires_ms, held.number), key);
        self.held.insert(key, held);
        Ok(())
    }

    fn remove(&mut self, key: &Key) -> Option<Held> {
        let held = self.held.remove(key)?;
        self.order.remove(&(held.expires_ms, held.number));
        self.grant_bytes = self.grant_bytes.saturating_sub(held.grant.weight());
        let holder = Holder::of(&held.grant);
        if let Some(count) = self.of_holder.get_mut(&holder) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.of_holder.remove(&holder);
            }
        }
        Some(held)
    }

    fn forget_expired(&mut self, now_ms: u64) {
        while let Some((&(expires_ms, _), &key)) = self.order.first_key_value() {
            if now_ms < expires_ms {
                return;
            }
            self.remove(&key);
        }
    }
}
