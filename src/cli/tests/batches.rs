//! How standard input becomes requests.

use std::io::Read;

use crate::cli::batch::{Batch, Batches, InputError};
use crate::limits::{BATCH_EVENTS_MAX, BODY_BYTES_MAX};

/// Hands out one piece for each read, as a pipe does.
struct Pipe<'a>(Vec<&'a [u8]>);

impl Read for Pipe<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.0.is_empty() {
            return Ok(0);
        }
        let piece = self.0.remove(0);
        out[..piece.len()].copy_from_slice(piece);
        Ok(piece.len())
    }
}

fn all(input: impl Read) -> Result<Vec<Batch>, InputError> {
    let mut batches = Batches::new(input);
    std::iter::from_fn(|| batches.next().transpose()).collect()
}

fn bodies(input: impl Read) -> Vec<String> {
    all(input).unwrap().into_iter().map(|batch| String::from_utf8(batch.body).unwrap()).collect()
}

#[test]
fn what_is_there_goes_together_and_what_comes_later_goes_later() {
    let pipe = Pipe(vec![b"{\"a\":1}\n{\"b\":2}\n{\"c\"", b":3}\n", b"{\"d\":4}\n"]);
    assert_eq!(bodies(pipe), ["{\"a\":1}\n{\"b\":2}\n", "{\"c\":3}\n", "{\"d\":4}\n"]);
}

#[test]
fn empty_lines_and_a_missing_last_line_end_do_no_harm() {
    assert_eq!(bodies(Pipe(vec![b"\n \n{\"a\":1}\n\n", b"{\"b\":2}"])), ["{\"a\":1}\n", "{\"b\":2}\n"]);
    assert_eq!(bodies(Pipe(vec![b"\n\n"])), Vec::<String>::new());
}

#[test]
fn lines_are_counted_for_messages() {
    let batches = all(Pipe(vec![b"{}\n{}\n", b"{}\n"])).unwrap();
    assert_eq!(batches.iter().map(|batch| batch.lines.clone()).collect::<Vec<_>>(), [1..=2, 3..=3]);
    let batches = all(Pipe(vec![b"\n{}\n \n\n{}\n", b"\n{}"])).unwrap();
    let lines: Vec<_> = batches.iter().map(|batch| batch.event_lines.clone()).collect();
    assert_eq!(lines, [vec![2, 5], vec![7]], "empty lines count");
}

#[test]
fn no_request_is_over_the_servers_bounds() {
    let many = "{}\n".repeat(3 * BATCH_EVENTS_MAX);
    for body in bodies(many.as_bytes()) {
        assert!(body.lines().count() <= BATCH_EVENTS_MAX);
    }
    let long = format!("{{\"a\":\"{}\"}}\n", "x".repeat(50_000)).repeat(200);
    let bodies = bodies(long.as_bytes());
    assert!(bodies.iter().all(|body| body.len() <= BODY_BYTES_MAX), "{}", bodies.len());
    assert_eq!(bodies.concat(), long, "nothing lost, nothing reordered");
}

#[test]
fn an_array_or_a_text_over_several_lines_is_one_request() {
    for (text, last) in [("[{\"a\":1},\n{\"b\":2}]\n", 2), ("{\n  \"a\": 1\n}\n", 3), ("[{\"a\":1}]\n", 1)] {
        let batches = all(text.as_bytes()).unwrap();
        let [batch] = batches.as_slice() else { panic!("{batches:?}") };
        assert_eq!((batch.content_type, batch.body.as_slice()), ("application/json", text.as_bytes()));
        assert_eq!((batch.lines.clone(), batch.event_lines.len()), (1..=last, 0));
    }
}

#[test]
fn what_can_never_be_sent_is_refused() {
    let line = "x".repeat(BODY_BYTES_MAX + 5);
    assert!(matches!(all(line.as_bytes()), Err(InputError::LineTooLong { line: 1, .. })));
    let text = format!("[\n{}", "1,\n".repeat(BODY_BYTES_MAX / 2));
    assert!(matches!(all(text.as_bytes()), Err(InputError::TextTooLong { .. })));
}
