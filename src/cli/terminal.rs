//! Text from elsewhere made safe to print, and colour where a person looks.

use std::io::IsTerminal;

/// Writes control characters, and those that reorder text, as JSON escapes: data may not steer a terminal. Within a
/// JSON string the escapes mean the same, so JSON stays what it was.
pub(in crate::cli) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() || reorders(letter) {
            out.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            out.push(letter);
        }
    }
    out
}

/// The bidirectional controls, by which a line can be made to read as another.
const fn reorders(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a person looks at standard output.
pub(in crate::cli) fn is_watched() -> bool {
    std::io::stdout().is_terminal()
}

/// The SGR parameters of an event type's colour.
pub(in crate::cli) fn colour_of(kind: &str) -> &'static str {
    match kind {
        "stream.created" => "32",
        "stream.topped_up" => "36",
        "stream.withdrawn" => "33",
        "stream.cancelled" => "31",
        "stream.completed" => "34",
        _ => "35",
    }
}
