//! One subscriber's frames against the counts they must give. Each row is a history a faulty server could
//! make.

use crate::client::{Dialect, Frame};
use crate::load::account::{Account, Tally};
use crate::load::event::{Filter, Run};
use crate::load::ledger::Ledger;

const RUN: Run = Run { id: 7, topics: 3, dialect: Dialect::Tailwire };

/// One event: its id and its number in the run.
type Sent = (u64, u64);

fn history(filter: Filter, topic: u64, greeted_at: u64, sent: &[Sent]) -> (Tally, u64) {
    let mut account = Account::new(filter, topic);
    let (mut ledger, mut tally) = (Ledger::default(), Tally::default());
    let greeting =
        Frame::Greeting { retry_ms: 1, last_event_id: greeted_at, earliest_event_id: 1, has_id: true };
    account.enter(&greeting, &RUN, &mut ledger, &mut tally);
    for (id, seq) in sent {
        let data = format!("{{\"x\":0,\"run\":7,\"seq\":{seq},\"due\":5}}");
        let frame = Frame::Event { kind: "stream.withdrawn", data: &data, id: *id };
        account.enter(&frame, &RUN, &mut ledger, &mut tally);
    }
    (tally, account.received())
}

#[test]
fn an_unfiltered_subscriber_is_held_to_dense_ids() {
    let check = |sent: &[Sent], wanted: Tally| {
        let (tally, received) = history(Filter::All, 0, 40, sent);
        assert_eq!(tally, wanted, "{sent:?}");
        assert_eq!(received, wanted.delivered, "{sent:?}");
    };
    let clean = |delivered| Tally { delivered, ..Tally::default() };
    check(&[(41, 0), (42, 1), (43, 2)], clean(3));
    check(&[(41, 1), (42, 0), (43, 2)], clean(3)); // Two publishers: the log's order counts, not theirs.
    check(&[(42, 0), (43, 1)], Tally { id_holes: 1, ..clean(2) });
    check(&[(41, 0), (45, 4)], Tally { id_holes: 3, ..clean(2) });
    check(&[(41, 0), (42, 1), (42, 1)], Tally { duplicated: 1, ..clean(2) });
    check(&[(41, 0), (42, 1), (41, 0), (43, 2)], Tally { duplicated: 1, ..clean(3) });
    check(&[(41, 0), (43, 2), (42, 1)], Tally { id_holes: 1, misordered: 1, ..clean(3) });
    check(&[(40, 0)], Tally { misordered: 1, ..clean(1) });
    check(&[(41, 0), (42, 0)], Tally { duplicated: 1, changed: 1, ..clean(1) }); // Stored twice.
}

#[test]
fn a_filtered_subscriber_is_held_to_its_topic() {
    let check = |filter: Filter, sent: &[Sent], wanted: Tally| {
        assert_eq!(history(filter, 1, 40, sent).0, wanted, "{sent:?}");
    };
    for filter in [Filter::Streams, Filter::Users] {
        check(filter, &[(42, 1), (45, 4), (48, 7)], Tally { delivered: 3, ..Tally::default() });
        check(filter, &[(42, 1), (43, 2)], Tally { delivered: 1, foreign: 1, ..Tally::default() });
        check(filter, &[(45, 4), (42, 1)], Tally { delivered: 2, misordered: 1, ..Tally::default() });
        check(filter, &[(45, 4), (45, 4)], Tally { delivered: 1, duplicated: 1, ..Tally::default() });
    }
}

#[test]
fn events_of_others_are_none_of_ours() {
    let enter = |filter| {
        let mut account = Account::new(filter, 0);
        let mut tally = Tally::default();
        let frame =
            Frame::Event { kind: "stream.created", data: "{\"x\":0,\"run\":8,\"seq\":1,\"due\":1}", id: 1 };
        assert_eq!(account.enter(&frame, &RUN, &mut Ledger::default(), &mut tally), None);
        tally
    };
    assert_eq!(enter(Filter::All), Tally { others: 1, ..Tally::default() });
    assert_eq!(
        enter(Filter::Streams),
        Tally { foreign: 1, ..Tally::default() },
        "none of them match the filter"
    );
}

#[test]
fn gaps_and_positions_move_the_account_on() {
    let mut account = Account::new(Filter::All, 0);
    let (mut ledger, mut tally) = (Ledger::default(), Tally::default());
    let mut enter = |frame: Frame<'_>| account.enter(&frame, &RUN, &mut ledger, &mut tally).is_some();
    enter(Frame::Gap { earliest: 100, missed: None, id: 99 });
    enter(Frame::Position { id: 150 });
    assert!(enter(Frame::Event {
        kind: "stream.created",
        data: "{\"x\":0,\"run\":7,\"seq\":0,\"due\":1}",
        id: 151
    }));
    enter(Frame::Position { id: 120 });
    enter(Frame::Heartbeat);
    let wanted =
        Tally { delivered: 1, gaps: 1, positions: 2, heartbeats: 1, misordered: 1, ..Tally::default() };
    assert_eq!(tally, wanted);
    assert!(wanted.has_faults());
}

#[test]
fn without_dense_ids_the_order_of_first_deliveries_is_held_to() {
    // Two subscribers of one server, one after the other; the first shows the order.
    let check = |second: &[u64], wanted: Tally| {
        let run = RUN.speaking(Dialect::Nchan);
        let mut ledger = Ledger::default();
        let mut tallies = [Tally::default(); 2];
        for (tally, seqs) in tallies.iter_mut().zip([[5, 4, 6].as_slice(), second]) {
            let mut account = Account::new(Filter::All, 0);
            let greeting =
                Frame::Greeting { retry_ms: 0, last_event_id: 0, earliest_event_id: 1, has_id: true };
            account.enter(&greeting, &run, &mut ledger, tally);
            for seq in seqs {
                let data = format!("{{\"x\":0,\"run\":7,\"seq\":{seq},\"due\":5}}");
                account.enter(
                    &Frame::Event { kind: "message", data: &data, id: 0 },
                    &run,
                    &mut ledger,
                    tally,
                );
            }
        }
        assert_eq!(tallies, [Tally { delivered: 3, ..Tally::default() }, wanted], "{second:?}");
    };
    let clean = |delivered| Tally { delivered, ..Tally::default() };
    check(&[5, 4, 6], clean(3));
    check(&[5, 6], Tally { id_holes: 1, ..clean(2) });
    check(&[5, 4, 4, 6], Tally { duplicated: 1, ..clean(3) });
    // Sent in another order than to the first: a hole where it jumped ahead, and a step back.
    check(&[4, 5, 6], Tally { id_holes: 1, misordered: 1, ..clean(3) });
}
