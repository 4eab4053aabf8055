//! The table of slots against a plain map: places are told apart and reused, the lowest first, and chunks go with their
//! last tenant.

use std::collections::BTreeMap;

use crate::hub::places::Places;
use crate::hub::table::Table;
use crate::hub::tests::support::Random;

#[test]
fn it_is_a_map_whose_places_are_reused() {
    let mut random = Random(0x5EED);
    let mut table: Table<u64> = Table::default();
    let mut model: BTreeMap<u32, u64> = BTreeMap::new();
    for round in 0..20_000 {
        // It grows for a while, then shrinks for a while.
        let grows = round / 2500 % 2 == 0;
        if random.below(20) < if grows { 16 } else { 1 } {
            let lowest = (0..).find(|place| !model.contains_key(place)).unwrap();
            assert_eq!(table.insert(round), lowest, "the lowest free place");
            model.insert(lowest, round);
        } else {
            // Mostly one that is taken, so that whole chunks empty in the middle.
            let at = random.below(u64::from(table.end()) + 3) as u32;
            let place = model.range(at..).next().map_or(at, |(taken, _)| *taken);
            assert_eq!(table.remove(place), model.remove(&place));
        }
        assert_eq!(table.len(), model.len());
        let chunks: std::collections::BTreeSet<u32> = model.keys().map(|place| place / 63).collect();
        assert_eq!(table.chunks(), chunks.len(), "no chunk is held for nobody");
        assert_eq!(table.end(), chunks.last().map_or(0, |last| (last + 1) * 63));
        let place = random.below(u64::from(table.end()) + 3) as u32;
        assert_eq!(table.get(place), model.get(&place));
        assert_eq!(table.get_mut(place).copied(), model.get(&place).copied());
    }
}

#[test]
fn a_list_of_places_is_a_vector_without_order() {
    let mut random = Random(0x9A7C);
    let (mut places, mut model) = (Places::default(), Vec::new());
    for round in 0..20_000_u32 {
        if random.below(10) < if round / 4000 % 2 == 0 { 8 } else { 1 } {
            places.push(round);
            model.push(round);
        } else if !model.is_empty() {
            let at = random.below(model.len() as u64) as usize;
            model.swap_remove(at);
            places.swap_remove(at);
        }
        let at = random.below(model.len() as u64 + 2) as usize;
        assert_eq!(places.get(at), model.get(at));
        assert_eq!(places.len(), model.len());
    }
    assert!((0..model.len()).all(|at| places.get(at) == model.get(at)));
}
