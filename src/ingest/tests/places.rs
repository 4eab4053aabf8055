//! The index of places against a map. Setup: hashes with few different homes, so that they collide and wrap
//! around the end of the table all the time; a place is taken by whoever is inserted and free again when it
//! is removed.

use std::collections::HashMap;

use proptest::prelude::*;

use crate::ingest::places::Places;

const MAX: usize = 8;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn it_finds_what_a_map_finds(pairs in prop::collection::vec((0..4u64, 0..6u64), 1..200)) {
        let mut places = Places::new(MAX);
        let mut table = [0u64; MAX];
        let mut model = HashMap::new();
        for (near, far) in pairs {
            // Homes 14, 15, 0 and 1 of the 16 slots.
            let hash = 14 + near + 16 * far;
            let hash_at = |place: u32| table[place as usize];
            if model.remove(&hash).is_some() {
                places.remove(hash, hash_at);
            } else if let Some(place) = free(&model) {
                table[place as usize] = hash;
                places.insert(hash, place);
                model.insert(hash, place);
            }
            for hash in 0..128 {
                let found = places.find(hash, |place| table[place as usize]);
                prop_assert_eq!(found, model.get(&hash).copied(), "hash {}", hash);
            }
        }
    }
}

fn free(taken: &HashMap<u64, u32>) -> Option<u32> {
    (0..MAX as u32).find(|place| !taken.values().any(|taken| taken == place))
}
