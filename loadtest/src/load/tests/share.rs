//! What several processes counted adds up to what one would have: nothing is lost on the way or rounded, and a
//! difference between two shares shows.

use crate::load::account::Tally;
use crate::load::event::{Filter, Run};
use crate::load::gather::Expected;
use crate::load::herd::Herd;
use crate::load::herd_process::Shares;
use crate::load::latency::Latency;
use crate::load::share::Share;

fn share(digest: u64) -> Share {
    let tally = Tally {
        delivered: 1,
        others: 2,
        heartbeats: 3,
        positions: 4,
        bytes: 5,
        duplicated: 6,
        misordered: 7,
        id_holes: 8,
        foreign: 9,
        changed: 10,
        gaps: 11,
        lost: 12,
    };
    Share {
        tally,
        owed: 13,
        missing: 14,
        lacking: 15,
        last_delivery_ns: u64::MAX,
        latency: vec![(1_234_567, 3), (599_999_999_999, 1)],
        events: vec![(0, 41, digest), (5, 46, u64::MAX)],
        stories: vec!["cut \"short\"".to_owned()],
    }
}

#[test]
fn a_share_survives_its_way() {
    let text = share(7).json().to_string();
    assert_eq!(Share::read(&serde_json::from_str(&text).unwrap()), Some(share(7)));
    assert_eq!(Share::read(&serde_json::json!({ "tally": {} })), None);
}

#[test]
fn shares_add_up() {
    let run = Run::starting_at(7, 1);
    let mut herd = Herd::new("127.0.0.1:9".parse().unwrap(), run, Filter::All).unwrap();
    herd.add(&share(7));
    herd.add(&share(7));
    let expected = Expected::default();
    assert_eq!((herd.owed(&expected), herd.missing(&expected)), (26, (28, 30)));
    assert_eq!(herd.tally.delivered, 2);
    assert_eq!(herd.tally.changed, 20, "both were sent the same");
    assert_eq!(herd.latency.count(), 8);
    herd.add(&share(8));
    assert_eq!(herd.tally.changed, 31, "one event had other bytes in the third");
    assert_eq!(herd.contradicted(&[(0, 41), (5, 40)]), 1);
}

#[test]
fn a_distribution_is_the_same_in_parts_and_whole() {
    let (mut whole, mut parts) = (Latency::new().unwrap(), Latency::new().unwrap());
    for part in 0..3 {
        let mut latency = Latency::new().unwrap();
        for nth in 0..10_000u64 {
            let ns = (nth * 7919 + part) % 1_000_003 * 997;
            latency.record(ns);
            whole.record(ns);
        }
        parts.add(latency.value_counts());
    }
    assert!(whole.value_counts().eq(parts.value_counts()));
    assert_eq!(whole.json(), parts.json());
}

#[test]
fn subscribers_are_divided_without_a_rest() {
    for (subscribers, processes) in [(10_000, 2), (10, 3), (1, 4), (24_000, 16), (0, 1)] {
        let shares = Shares { subscribers, processes };
        let counts: Vec<usize> = (0..processes).map(|process| shares.of(process)).collect();
        assert_eq!(counts.iter().sum::<usize>(), subscribers, "{counts:?}");
        assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1, "{counts:?}");
    }
}
