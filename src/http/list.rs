//! Comma lists in field values (RFC 9110, section 5.6.1), and the questions asked of them: Accept, Prefer,
//! Connection.
//!
//! Unlike the fields that say where a request ends, these are read kindly: an element that makes no sense is
//! passed over.

use http::HeaderMap;

/// The elements of all lines of a field, trimmed, without empty ones. A comma within quotes does not
/// separate.
pub(super) fn elements<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| unquoted_split(line, ',')).map(str::trim).filter(|element| !element.is_empty())
}

/// Whether a list of tokens holds this one.
pub(super) fn holds(headers: &HeaderMap, name: &str, token: &str) -> bool {
    elements(headers, name).any(|element| element.eq_ignore_ascii_case(token))
}

/// Whether a list of preferences (RFC 7240, section 2) holds this one, with whatever value and parameters.
pub(super) fn prefers(headers: &HeaderMap, preference: &str) -> bool {
    elements(headers, "prefer").any(|element| {
        let name = element.split([';', '=']).next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case(preference)
    })
}

/// Whether `Accept` admits a media type. The most specific range that matches decides (RFC 9110, section
/// 12.5.1). Parameters other than `q` are not looked at: `text/event-stream;charset=utf-8` means our only
/// event stream.
pub(super) fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    let mut decided = None;
    let mut asked = false;
    for element in elements(headers, "accept") {
        asked = true;
        let mut parts = unquoted_split(element, ';').map(str::trim);
        let range = parts.next().unwrap_or_default();
        let Some(specificity) = specificity(range, media_type) else { continue };
        let admitted = !parts.any(is_zero_weight);
        // Of two equal ranges one that admits is enough.
        decided = decided.max(Some((specificity, admitted)));
    }
    decided.map_or(!asked, |(_, admitted)| admitted)
}

/// How closely a media range names a media type; `None`: not at all.
fn specificity(range: &str, media_type: &str) -> Option<u8> {
    if range.eq_ignore_ascii_case(media_type) {
        return Some(2);
    }
    // A lone star is what Java sends.
    if matches!(range, "*/*" | "*") {
        return Some(0);
    }
    let main = range.strip_suffix("/*")?;
    media_type.split_once('/').filter(|(own, _)| own.eq_ignore_ascii_case(main)).map(|_| 1)
}

/// `q=0`, `q=0.0` and so on.
fn is_zero_weight(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    name.trim().eq_ignore_ascii_case("q")
        && value.contains('0')
        && value.trim().bytes().all(|b| b"0.".contains(&b))
}

pub(super) fn unquoted_split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |character| {
        let taken = escaped;
        escaped = quoted && !taken && character == '\\';
        if character == '"' && !taken {
            quoted = !quoted;
        }
        !quoted && character == separator
    })
}
