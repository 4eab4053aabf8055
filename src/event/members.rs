//! The members of a canonical JSON object, as they stand in the text: for answers that repeat an event's fields.

/// Name (with its quotes) and value of each top-level member, in order. `object` is canonical data of an event: an
/// object without white space outside strings. Whatever else it is, the iterator ends early and never panics.
pub fn members(object: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let inner = object.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")).unwrap_or_default();
    let mut rest = inner;
    std::iter::from_fn(move || {
        let name_end = value_end(rest);
        let (name, after) = rest.split_at_checked(name_end)?;
        let after = after.strip_prefix(b":")?;
        let (value, after) = after.split_at_checked(value_end(after))?;
        rest = after.strip_prefix(b",").unwrap_or_default();
        (!name.is_empty() && !value.is_empty()).then_some((name, value))
    })
}

/// Where the value at the front of `text` ends.
fn value_end(text: &[u8]) -> usize {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (true, b'"') => in_string = false,
            (true, _) => {}
            (false, b'"') => in_string = true,
            (false, b'{' | b'[') => depth += 1,
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            (false, b':' | b',') if depth == 0 => return at,
            (false, _) => {}
        }
    }
    text.len()
}
