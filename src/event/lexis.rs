//! The spelling of JSON strings and numbers, and what is wrong with a text that is not JSON.
//!
//! `simd-json` finds out quickly that a text is bad, but seldom says where; `diagnose` looks again, in its
//! own time. It is no parser: commas and colons in the wrong place are for `simd-json` to find.

use simd_json::ErrorType;

use crate::event::elements::is_space;
use crate::event::fault::JsonFault;
use crate::limits;

/// Says what is wrong with `text`, which `simd-json` refused with `error`.
pub(super) fn diagnose(text: &[u8], error: &simd_json::Error) -> JsonFault {
    if let Err(error) = std::str::from_utf8(text) {
        return JsonFault::Utf8 { offset: error.valid_up_to() };
    }
    if *error.error() == ErrorType::DepthLimitExceeded {
        return JsonFault::Depth { max: limits::JSON_DEPTH_MAX };
    }
    first_fault(text).unwrap_or(JsonFault::Syntax { offset: error.index().min(text.len()) })
}

/// The first token of `text` that is at fault, or what is wrong at its end.
fn first_fault(text: &[u8]) -> Option<JsonFault> {
    let mut at = 0;
    let mut closers = Vec::new();
    while let Some(byte) = text.get(at) {
        let token = match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' => {
                at += 1;
                continue;
            }
            // The closing bracket in ASCII is two behind the opening one.
            b'[' | b'{' => {
                closers.push(byte + 2);
                Ok(at + 1)
            }
            b']' | b'}' if closers.pop() == Some(*byte) => Ok(at + 1),
            b'"' => string_end(text, at),
            b'-' | b'0'..=b'9' => number_end(text, at).map_or(syntax(at), |(end, whole)| {
                number_range(text.get(at..end).unwrap_or_default(), whole, at).map(|()| end)
            }),
            _ => ["true", "false", "null"]
                .iter()
                .find(|word| text.get(at..).is_some_and(|rest| rest.starts_with(word.as_bytes())))
                .map_or(syntax(at), |word| Ok(at + word.len())),
        };
        match token {
            Ok(end) => at = end,
            Err(fault) => return Some(fault),
        }
        if closers.is_empty() {
            let rest = text.get(at..).unwrap_or_default();
            let more = rest.iter().position(|byte| !is_space(byte))?;
            return Some(JsonFault::Trailing { offset: at + more });
        }
    }
    Some(JsonFault::Unclosed)
}

fn syntax(offset: usize) -> Result<usize, JsonFault> {
    Err(JsonFault::Syntax { offset })
}

fn number_range(number: &[u8], whole: bool, offset: usize) -> Result<(), JsonFault> {
    let number = std::str::from_utf8(number).unwrap_or_default();
    if whole && number.parse::<u64>().is_err() && number.parse::<i64>().is_err() {
        return Err(JsonFault::Integer { offset });
    }
    match number.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(()),
        _ => Err(JsonFault::Float { offset }),
    }
}

/// Where the string that begins at `at` ends. RFC 8259, section 7; surrogates must come in pairs.
pub(super) fn string_end(text: &[u8], at: usize) -> Result<usize, JsonFault> {
    if text.get(at) != Some(&b'"') {
        return Err(JsonFault::Syntax { offset: at });
    }
    let mut at = at + 1;
    loop {
        match text.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at += escape_length(text, at)?,
            Some(0..0x20) => return Err(JsonFault::Control { offset: at }),
            Some(_) => at += 1,
            None => return Err(JsonFault::Unclosed),
        }
    }
}

/// The length of the escape at `at`; a surrogate pair is one escape.
fn escape_length(text: &[u8], at: usize) -> Result<usize, JsonFault> {
    match text.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => return Ok(2),
        Some(b'u') => {}
        _ => return Err(JsonFault::Syntax { offset: at }),
    }
    match unicode_escape(text, at).ok_or(JsonFault::Syntax { offset: at })? {
        0xD800..0xDC00 => match unicode_escape(text, at + 6) {
            Some(0xDC00..0xE000) => Ok(12),
            _ => Err(JsonFault::Surrogate { offset: at }),
        },
        0xDC00..0xE000 => Err(JsonFault::Surrogate { offset: at }),
        _ => Ok(6),
    }
}

/// The code unit of the `\uXXXX` at `at`.
fn unicode_escape(text: &[u8], at: usize) -> Option<u32> {
    let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
}

/// Where the number at `at` ends, and whether it is spelled as an integer. RFC 8259, section 6.
pub(super) fn number_end(text: &[u8], at: usize) -> Option<(usize, bool)> {
    let digits_end = |from: usize| {
        let digits = text.get(from..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (digits > 0).then_some(from + digits)
    };
    let whole_start = at + usize::from(text.get(at) == Some(&b'-'));
    let mut end = digits_end(whole_start)?;
    if text.get(whole_start) == Some(&b'0') && end > whole_start + 1 {
        return None;
    }
    let whole_end = end;
    if text.get(end) == Some(&b'.') {
        end = digits_end(end + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(end) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        end = digits_end(end + 1 + sign)?;
    }
    Some((end, end == whole_end))
}
