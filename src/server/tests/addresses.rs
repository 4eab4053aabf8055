//! Places are counted exactly, however many come at once, and the table holds nobody who has left.

use std::net::IpAddr;
use std::sync::{Arc, Barrier, Mutex};

use crate::server::addresses::{Addresses, Full, PlaceFigures, PlacesMax, Site};
use crate::topic::User;

const THREADS: usize = 64;
const LIMIT: u32 = 10;

fn site(text: &str) -> Site {
    Site::of(text.parse().unwrap())
}

#[test]
fn of_many_at_once_exactly_the_limit_gets_in() {
    let user = User::parse("GA").unwrap();
    let only = |address, user| PlacesMax { address, user };
    for (max, full) in [(only(Some(LIMIT), None), Full::Address), (only(None, Some(LIMIT)), Full::User)] {
        let (addresses, barrier, inside) =
            (Addresses::default(), Barrier::new(THREADS), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    barrier.wait();
                    match addresses.enter(site("192.0.2.1"), Some(&user), max) {
                        Ok(place) => inside.lock().unwrap().push(place),
                        Err(refused) => assert_eq!(refused, full),
                    }
                });
            }
        });
        let inside = inside.into_inner().unwrap();
        assert_eq!(inside.len(), LIMIT as usize, "{full:?}");
        assert_eq!(addresses.figures().address_peak, LIMIT);
        inside.into_iter().for_each(|place| addresses.leave(place));
        assert_eq!(addresses.figures(), PlaceFigures::default(), "the table is empty again");
    }
}

#[test]
fn a_refused_user_takes_no_place_of_the_address() {
    let addresses = Addresses::default();
    let (one, other) = (User::parse("GA").unwrap(), User::parse("GB").unwrap());
    let max = PlacesMax { address: Some(2), user: Some(1) };
    let first = addresses.enter(site("192.0.2.1"), Some(&one), max).unwrap();
    assert_eq!(addresses.enter(site("192.0.2.1"), Some(&one), max), Err(Full::User));
    addresses.enter(site("192.0.2.1"), Some(&other), max).unwrap();
    assert_eq!(addresses.enter(site("192.0.2.1"), None, max), Err(Full::Address));
    assert_eq!(addresses.figures(), PlaceFigures { addresses: 1, address_peak: 2, users: 2, user_peak: 1 });
    addresses.leave(first);
    addresses.enter(site("192.0.2.1"), Some(&one), max).unwrap();
}

#[test]
fn connections_and_subscribers_of_an_address_count_together() {
    let addresses = Arc::new(Addresses::default());
    let (here, there) = (site("192.0.2.1"), site("192.0.2.2"));
    let place = addresses.enter(here, None, PlacesMax::default()).unwrap();
    let arrivals: Vec<_> = (0..2).map(|_| addresses.arrive(here, 3).unwrap()).collect();
    assert!(addresses.arrive(here, 3).is_none(), "a subscriber and two connections are three");
    assert!(addresses.arrive(there, 3).is_some());
    assert_eq!(addresses.figures().address_peak, 1, "connections are no subscribers");
    drop(arrivals);
    assert!(addresses.arrive(here, 3).is_some());
    addresses.leave(place);
    assert_eq!(addresses.figures(), PlaceFigures::default());
}

#[test]
fn of_ipv6_a_64_is_one_site() {
    for (one, other, same) in [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
        ("192.0.2.1", "192.0.2.2", false),
        ("::ffff:192.0.2.1", "192.0.2.1", true),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
    ] {
        let [one, other] = [one, other].map(|text| Site::of(text.parse::<IpAddr>().unwrap()));
        assert_eq!(one == other, same, "{one:?} {other:?}");
    }
}
