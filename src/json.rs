//! JSON text for the answers and control frames that the program writes itself: string literals alone.
//!
//! Objects are put together by whoever knows their fields; reading JSON is `event`'s. What this writes holds
//! no control character and so never a line end, which lets it stand in an SSE `data:` line.

/// Appends `text` as a JSON string, quotes included (RFC 8259, section 7).
pub fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for &byte in text.as_bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x00..=0x1f | 0x7f => {
                let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble & 0x0f)];
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte)]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}
