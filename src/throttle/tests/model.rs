//! One bucket behaves as a count of tokens that grows with time, and says truly when to come back.

use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

use crate::throttle::{Buckets, Rate, RateError};

/// Tokens as an exact fraction: in units of 1/period of a token.
struct Model {
    tokens: i128,
    at_us: i128,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn a_bucket_is_a_count_of_tokens(
        tokens in proptest::sample::select(vec![1u32, 2, 4, 5, 10, 1000, 10_000]),
        burst in 1u32..300,
        steps in proptest::collection::vec((0u64..3000, 1u32..600), 1..120),
    ) {
        // Rates that divide a second: then the microseconds are exact.
        let buckets = Buckets::new(Rate::per_second(tokens, burst).unwrap());
        let unit = 1_000_000 / i128::from(tokens);
        let mut model = Model { tokens: i128::from(burst) * unit, at_us: 0 };
        let mut now_ms = 7;
        for (wait_ms, cost) in steps {
            now_ms += wait_ms;
            let now_us = i128::from(now_ms) * 1000;
            model.tokens = (model.tokens + now_us - model.at_us).min(i128::from(burst) * unit);
            model.at_us = now_us;
            let expected = model.tokens >= unit;
            let looked = buckets.look(99, now_ms);
            prop_assert_eq!(looked.is_ok(), expected, "{} of {}", model.tokens, unit);
            let took = buckets.take(99, cost, now_ms);
            prop_assert_eq!(took, looked);
            match took {
                Ok(()) => model.tokens -= i128::from(cost) * unit,
                Err(retry) => {
                    prop_assert!(retry.0 >= 1);
                    prop_assert!(buckets.look(99, now_ms + retry.0).is_ok(), "not there when it was said");
                    prop_assert!(buckets.look(99, now_ms + retry.0 - 1).is_err(), "there before it was said");
                }
            }
        }
    }
}

#[test]
fn rates_have_bounds() {
    assert_eq!(Rate::per_second(0, 1), Err(RateError::Tokens));
    assert_eq!(Rate::per_second(1_000_001, 1), Err(RateError::Tokens));
    assert_eq!(Rate::per_second(1, 0), Err(RateError::Burst { most: 259_200 }));
    assert_eq!(Rate::per_minute(1, 4321), Err(RateError::Burst { most: 4320 }));
    assert!(Rate::per_minute(1, 4320).is_ok());
}
