//! One meaning: however a head is cut into reads, and whatever follows it, it means the same; and no bytes
//! make the scanner that finds its end and the parser that slices it disagree.

use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::Index;

use super::drip;
use crate::http::{Head, HeadReader, RequestError, parse_head};

fn read_in_pieces(input: &[u8], ends: &[usize]) -> Result<Option<Head>, RequestError> {
    let mut reader = HeadReader::default();
    for &end in ends {
        let outcome = reader.read(&input[..end]);
        if outcome != Ok(None) {
            return outcome;
        }
    }
    Ok(None)
}

#[test]
fn cut_at_every_byte() {
    let input =
        b"\r\nPOST /v1/events?a=%20 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nA:\r\nB:  c \r\n\r\n{}GET";
    let whole = parse_head(input).unwrap().unwrap();
    assert_eq!(whole.bytes, input.len() - "{}GET".len());
    for end in 0..=input.len() {
        let expected = (end >= whole.bytes).then(|| whole.clone());
        assert_eq!(parse_head(&input[..end]), Ok(expected), "of {end} bytes");
        let pieces = read_in_pieces(input, &[end, input.len()]);
        assert_eq!(pieces, Ok(Some(whole.clone())), "cut at {end}");
    }
}

#[test]
fn a_reader_goes_on_with_the_next_head() {
    let first = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
    let second = b"GET /b HTTP/1.1\r\nHost: h\r\n\r\n";
    let mut reader = HeadReader::default();
    for _ in 0..2 {
        assert_eq!(reader.read(first).unwrap().unwrap().path, "/a");
        assert_eq!(reader.read(&second[..9]), Ok(None));
        assert_eq!(reader.read(second).unwrap().unwrap().path, "/b");
    }
}

/// A client that drips its head must not cost a scan of everything for each byte. What was looked at is
/// spoilt here: who looks again will refuse it.
#[test]
fn bytes_are_looked_at_once() {
    let input = b"POST /events HTTP/1.1\r\nHost: h\r\nA: b\r\n";
    let mut reader = HeadReader::default();
    for end in 1..=input.len() {
        let mut spoilt = input[..end].to_vec();
        spoilt[..end - 1].fill(0);
        assert_eq!(reader.read(&spoilt), Ok(None), "of {end} bytes");
    }
}

#[test]
fn an_error_stays() {
    let mut reader = HeadReader::default();
    let input = b"GET / HTTP/1.1\r\nHost : h\r\n\r\n";
    for _ in 0..3 {
        assert_eq!(reader.read(input), Err(RequestError::SpaceBeforeColon));
    }
}

proptest! {
    #[test]
    fn random_bytes(input: Vec<u8>, cuts in vec(any::<Index>(), 0..6)) {
        check(&input, &cuts)?;
    }

    #[test]
    fn nearly_requests(
        start in "(\r\n){0,2}(GET|POST|OPTIONS|G\u{0}T|) \
             (/|/a%41|\\*|http://o/|/v1/..|/é|) ?HTTP/[012]\\.[019](\r\n|\n|\r| )",
        fields in vec(
            "(Host: h|Host:|host: a:1|Content-Length: [0-9+, ]{0,3}|Transfer-Encoding: (x, ?)?chunked,?|\
             Expect: (100-continue|x)|Connection: close|A ?:[ -~\t\u{0}é]{0,4}| b|:)\
             (\r\n|\r\n|\r\n|\r\n|\r\n|\n|\r)",
            0..5,
        ),
        end in "(\r\n|\r\n\r\n|\n|)[a-z\r\n]{0,4}",
        cuts in vec(any::<Index>(), 0..6),
    ) {
        check(format!("{start}{}{end}", fields.concat()).as_bytes(), &cuts)?;
    }
}

fn check(input: &[u8], cuts: &[Index]) -> Result<(), proptest::test_runner::TestCaseError> {
    let whole = parse_head(input);
    prop_assert!(whole != Err(RequestError::Ambiguous));
    prop_assert_eq!(&drip(input).0, &whole);
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
    ends.push(input.len());
    ends.sort_unstable();
    prop_assert_eq!(&read_in_pieces(input, &ends), &whole);

    let followed = [input, b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"].concat();
    if whole != Ok(None) {
        prop_assert_eq!(&parse_head(&followed), &whole, "what follows changed what was decided");
    }
    if let Ok(Some(head)) = &whole {
        prop_assert!(input[..head.bytes].ends_with(b"\r\n\r\n"));
        prop_assert_eq!(parse_head(&input[..head.bytes - 1]), Ok(None));
    }
    Ok(())
}
