//! Tickets: good once, for 30 s, for one grant; a table that cannot be filled by one token nor grow.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::auth::tests::support::granted;
use crate::auth::{Full, Grant, Reach, Tickets, TokenDigest};
use crate::limits;
use crate::topic::User;

/// A grant whose token is told apart by `number`.
fn grant(number: usize) -> Arc<Grant> {
    let grant = granted(r#"{"exp":1700000060}"#).unwrap();
    Arc::new(Grant { digest: TokenDigest::of(&number.to_string()), ..grant })
}

fn grant_of_user(number: usize, user: &str) -> Arc<Grant> {
    Arc::new(Grant { subject: Some(User::parse(user).unwrap()), ..(*grant(number)).clone() })
}

fn random(number: usize) -> [u8; 32] {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    bytes
}

#[test]
fn a_ticket_is_good_once() {
    let tickets = Tickets::new();
    let (one, other) = (grant(1), grant(2));
    let first = tickets.issue(Arc::clone(&one), random(1), 1000).unwrap();
    let second = tickets.issue(Arc::clone(&other), random(2), 1000).unwrap();
    assert_ne!(first, second);
    assert_eq!(tickets.peek(&first, 2000), Some(Arc::clone(&one)));
    assert_eq!(tickets.take(&first, 2000), Some(one), "looking does not use it up");
    assert!(tickets.take(&first, 2000).is_none() && tickets.peek(&first, 2000).is_none());
    assert_eq!(tickets.take(&second, 2000), Some(other));
    assert_eq!(tickets.waiting(2000), 0);
}

#[test]
fn a_ticket_is_good_for_thirty_seconds() {
    let tickets = Tickets::new();
    let ticket = tickets.issue(grant(1), random(1), 1000).unwrap();
    assert!(tickets.peek(&ticket, 1000 + limits::TICKET_MS - 1).is_some());
    assert!(tickets.peek(&ticket, 1000 + limits::TICKET_MS).is_none());
    assert!(tickets.take(&ticket, 1000 + limits::TICKET_MS).is_none());
}

#[test]
fn what_is_no_ticket_is_none() {
    let tickets = Tickets::new();
    let ticket = tickets.issue(grant(1), random(1), 1000).unwrap();
    let cut = &ticket[..ticket.len() - 1];
    let spelt = ticket.replace("tkt_", "TKT_");
    for text in ["", "tkt_", cut, &format!("{ticket} "), &spelt, "a.b.c"] {
        assert!(tickets.take(text, 1000).is_none(), "{text}");
    }
    assert!(tickets.take(&ticket, 1000).is_some());
}

#[test]
fn the_table_is_full_at_its_size_and_expiry_makes_room() {
    let tickets = Tickets::new();
    for number in 0..limits::TICKETS_MAX {
        tickets.issue(grant(number / 100), random(number), 1000).unwrap();
    }
    assert_eq!(tickets.issue(grant(1 << 20), random(1 << 20), 1000), Err(Full));
    assert_eq!(tickets.waiting(1000), limits::TICKETS_MAX);
    tickets.issue(grant(1), random(1 << 20), 1000 + limits::TICKET_MS).unwrap();
    assert_eq!(tickets.waiting(1000 + limits::TICKET_MS), 1);
}

#[test]
fn one_token_cannot_fill_the_table() {
    let tickets = Tickets::new();
    let mut last = String::new();
    for number in 0..limits::TICKETS_PER_HOLDER_MAX {
        last = tickets.issue(grant(1), random(number), 1000).unwrap();
    }
    assert_eq!(tickets.issue(grant(1), random(1 << 20), 1000), Err(Full));
    tickets.issue(grant(2), random(1 << 21), 1000).unwrap();
    tickets.take(&last, 1000).unwrap();
    tickets.issue(grant(1), random(1 << 20), 1000).unwrap();
}

#[test]
fn all_tokens_of_a_user_have_one_share() {
    let tickets = Tickets::new();
    for number in 0..limits::TICKETS_PER_HOLDER_MAX {
        tickets.issue(grant_of_user(number, "GA"), random(number), 1000).unwrap();
    }
    assert_eq!(tickets.issue(grant_of_user(1 << 20, "GA"), random(1 << 20), 1000), Err(Full));
    tickets.issue(grant_of_user(0, "GB"), random(1 << 20), 1000).unwrap();
}

#[test]
fn large_grants_are_bounded_in_bytes() {
    let tickets = Tickets::new();
    let users = (0..limits::FILTER_TERMS_MAX).map(|number| User::parse(&format!("{number:0>128}")).unwrap());
    let reach = Reach::topics(Vec::new(), users.collect());
    let mut issued = 0;
    loop {
        let large = Grant { reach: reach.clone(), ..(*grant(issued)).clone() };
        match tickets.issue(Arc::new(large), random(issued), 1000) {
            Ok(_) => issued += 1,
            Err(Full) => break,
        }
    }
    let least = limits::FILTER_TERMS_MAX * limits::USER_MAX;
    assert!(issued > 100 && issued * least <= limits::TICKET_GRANT_BYTES_MAX, "{issued}");
    let later = 1000 + limits::TICKET_MS;
    assert!(tickets.issue(grant(1 << 20), random(1 << 20), later).is_ok(), "expiry makes room");
}

#[test]
fn of_many_threads_one_uses_a_ticket() {
    let tickets = Tickets::new();
    let all: Vec<String> =
        (0..200).map(|number| tickets.issue(grant(number), random(number), 1000).unwrap()).collect();
    let used = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (tickets, all, used) = (&tickets, &all, &used);
            scope.spawn(move || {
                for (number, ticket) in all.iter().enumerate() {
                    if tickets.take(ticket, 1000).is_some() {
                        used.fetch_add(1, Ordering::Relaxed);
                    }
                    let mine =
                        tickets.issue(grant(1000 + thread), random(1000 * (thread + 1) + number), 1000);
                    assert!(tickets.take(&mine.unwrap(), 1000).is_some());
                }
            });
        }
    });
    assert_eq!(used.into_inner(), 200, "each is used once");
    assert_eq!(tickets.waiting(1000), 0);
}
