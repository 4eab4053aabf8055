//! Lines keep the order of coming, whoever leaves from the middle, against a plain list.

use std::collections::VecDeque;

use proptest::prelude::*;

use crate::server::lines::{Line, Lines};

#[derive(Debug, Clone, Copy)]
enum Step {
    Join(usize, Line),
    Leave(usize),
    Trim,
}

fn step() -> impl Strategy<Value = Step> {
    let line = prop_oneof![Just(Line::Asking), Just(Line::Taking)];
    prop_oneof![
        4 => (0..9_usize, line).prop_map(|(key, line)| Step::Join(key, line)),
        3 => (0..12_usize).prop_map(Step::Leave),
        1 => Just(Step::Trim),
    ]
}

proptest! {
    #[test]
    fn the_first_is_who_came_first_of_those_that_stand(steps in prop::collection::vec(step(), 1..200)) {
        let mut lines = Lines::default();
        let mut plain: VecDeque<(usize, Line)> = VecDeque::new();
        for step in steps {
            match step {
                Step::Join(key, line) => {
                    lines.join(key, line);
                    plain.retain(|(known, _)| *known != key);
                    plain.push_back((key, line));
                }
                Step::Leave(key) => {
                    lines.leave(key);
                    plain.retain(|(known, _)| *known != key);
                }
                Step::Trim => lines.trim(plain.iter().map(|(key, _)| key + 1).max().unwrap_or(0)),
            }
            for line in [Line::Asking, Line::Taking] {
                let first = plain.iter().find(|(_, known)| *known == line).map(|(key, _)| *key);
                prop_assert_eq!(lines.first(line), first);
            }
        }
    }
}
