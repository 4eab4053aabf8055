//! What it costs to read events: one body of `POST /events`, and batches of 64 as an array and as NDJSON.
//!
//! The events are FlowFi's `stream.created`, the longest of them, in the indexer's form as well.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tailwire::event::{Rules, parse_json, parse_ndjson};

const BATCH: u64 = 64;
const MEMBERS: &str = concat!(
    r#""streamId":1708,"sender":"GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ","#,
    r#""recipient":"GAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAWHF","#,
    r#""tokenAddress":"CA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUWDA","#,
    r#""ratePerSecond":"1154","depositedAmount":"99750","startTime":1700000000,"#,
    r#""transactionHash":"3389e9f0f1a65f19736cacf544c2e825313e8447f569233bb8db39aa607c8889","ledger":1000003"#
);

fn benches(criterion: &mut Criterion) {
    let rules = Rules::default();
    let one = format!(r#"{{"type":"stream.created","data":{{{MEMBERS}}}}}"#);
    let indexer = format!(r#"{{"eventType":"CREATED",{MEMBERS}}}"#);
    let lines = vec![one.as_str(); BATCH as usize].join("\n");
    let array = format!("[{}]", vec![one.as_str(); BATCH as usize].join(","));

    let mut single = criterion.benchmark_group("event/one");
    single.throughput(Throughput::Elements(1));
    single.bench_function("data", |bench| bench.iter(|| parse_json(black_box(one.as_bytes()), rules)));
    single.bench_function("indexer", |bench| bench.iter(|| parse_json(black_box(indexer.as_bytes()), rules)));
    single.finish();

    let mut batch = criterion.benchmark_group("event/batch");
    batch.throughput(Throughput::Elements(BATCH));
    batch.bench_function("ndjson", |bench| bench.iter(|| parse_ndjson(black_box(lines.as_bytes()), rules)));
    batch.bench_function("array", |bench| bench.iter(|| parse_json(black_box(array.as_bytes()), rules)));
    batch.finish();
}

criterion_group!(event, benches);
criterion_main!(event);
