//! However a body is cut into reads, it decodes to the same bytes, ends at the same place and fails the same
//! way.

use proptest::collection::vec;
use proptest::prelude::{any, prop_assert_eq, proptest};
use proptest::sample::Index;

use crate::http::{BodyDecoder, BodyLength, RequestError};

/// The decoded bytes, and where the body ended, if it did.
type Outcome = Result<(Vec<u8>, Option<usize>), RequestError>;

/// Feeds `input` as a server does: what was not consumed is given again with what came.
fn read_in_pieces(length: BodyLength, input: &[u8], ends: impl IntoIterator<Item = usize>) -> Outcome {
    let mut decoder = BodyDecoder::new(length);
    let mut out = Vec::new();
    let mut consumed = 0;
    for end in ends {
        let progress = decoder.read(&input[consumed..end.max(consumed)], &mut out)?;
        consumed += progress.consumed;
        if progress.done {
            return Ok((out, Some(consumed)));
        }
        assert_eq!(consumed, end, "everything is used until the body is done");
    }
    Ok((out, None))
}

/// Feeds `input` as a server does that lets the kernel write what is the body's own, `step` bytes at a time.
fn read_past(length: BodyLength, input: &[u8], step: usize) -> Outcome {
    let mut decoder = BodyDecoder::new(length);
    let mut out = Vec::new();
    let mut consumed = 0;
    loop {
        // One byte at a time, so that it never meets the body's own bytes but the first of them.
        let progress = decoder.read(&input[consumed..input.len().min(consumed + 1)], &mut out)?;
        consumed += progress.consumed;
        if progress.done {
            return Ok((out, Some(consumed)));
        }
        if consumed == input.len() {
            return Ok((out, None));
        }
        let passed = decoder.plain_bytes().min(step).min(input.len() - consumed);
        out.extend_from_slice(&input[consumed..consumed + passed]);
        decoder.passed(passed);
        consumed += passed;
    }
}

#[test]
fn cut_at_every_byte() {
    let chunked = b"2;a=\"b\"\r\n{}\r\n0003\r\n\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\nGET";
    for (length, input) in [(BodyLength::Chunked, &chunked[..]), (BodyLength::Exact(5), b"helloGET")] {
        let whole = read_in_pieces(length, input, [input.len()]);
        assert_eq!(whole.clone().unwrap().1, Some(input.len() - "GET".len()));
        assert_eq!(read_in_pieces(length, input, 0..=input.len()), whole);
        for cut in 0..=input.len() {
            assert_eq!(read_in_pieces(length, input, [cut, input.len()]), whole, "cut at {cut}");
        }
    }
}

proptest! {
    #[test]
    fn random_bodies(
        input in "(0|00|1|2|a|10|;x| |\r\n|\r\n|\r\n|\n|\r|\
             1\r\nx\r\n|2;y\r\nxx\r\n|0\r\n|A: b\r\n|:|z){0,20}",
        cuts in vec(any::<Index>(), 0..6),
    ) {
        let input = input.as_bytes();
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
        ends.push(input.len());
        ends.sort_unstable();
        let whole = read_in_pieces(BodyLength::Chunked, input, [input.len()]);
        prop_assert_eq!(read_in_pieces(BodyLength::Chunked, input, ends), whole.clone());
        for step in [1, 2, 100] {
            prop_assert_eq!(read_past(BodyLength::Chunked, input, step), whole.clone());
        }
        prop_assert_eq!(read_in_pieces(BodyLength::Chunked, input, 0..=input.len()), whole);
    }

    #[test]
    fn random_bytes(input: Vec<u8>, exact in 0..64_u64) {
        for length in [BodyLength::Chunked, BodyLength::Exact(exact)] {
            let whole = read_in_pieces(length, &input, [input.len()]);
            prop_assert_eq!(read_in_pieces(length, &input, 0..=input.len()), whole.clone());
            prop_assert_eq!(read_past(length, &input, 7), whole);
        }
    }

    #[test]
    fn what_was_chunked_comes_back(pieces in vec(vec(any::<u8>(), 1..40), 0..8)) {
        let mut body = Vec::new();
        for piece in &pieces {
            body.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            body.extend_from_slice(piece);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"0\r\n\r\n");
        let outcome = read_in_pieces(BodyLength::Chunked, &body, 0..=body.len());
        prop_assert_eq!(outcome, Ok((pieces.concat(), Some(body.len()))));
    }
}
