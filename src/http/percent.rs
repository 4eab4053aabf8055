//! One percent-encoded octet (RFC 3986, section 2.1). What to do about a malformed one is the caller's.

/// The octet that the first two characters after a `%` stand for.
pub(super) fn octet(after_percent: &[u8]) -> Option<u8> {
    let &[high, low, ..] = after_percent else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some((digit(high)? << 4 | digit(low)?) as u8)
}
