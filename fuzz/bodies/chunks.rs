//! Chunked bodies (RFC 9112, section 7.1) taken apart in the plainest way, by whoever has all of the bytes: what the
//! targets hold the server's own decoder and frames against.
//!
//! It takes what is right and need not say what is wrong with the rest.

/// A chunked body.
#[derive(Debug)]
pub(crate) struct Chunked<'a> {
    pub(crate) body: Vec<u8>,
    /// The data of each chunk but the last, empty one.
    pub(crate) chunks: Vec<&'a [u8]>,
    /// Bytes of the whole, to the end of the trailer.
    pub(crate) bytes: usize,
}

/// The chunked body at the front of `input`. None where it is malformed or cut off.
pub(crate) fn dechunked(input: &[u8]) -> Option<Chunked<'_>> {
    let mut chunked = Chunked { body: Vec::new(), chunks: Vec::new(), bytes: 0 };
    let mut rest = input;
    loop {
        let size = line(&mut rest)?;
        let digits = size.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let (digits, extension) = size.split_at(digits);
        let extension = extension.trim_ascii_start();
        if !extension.is_empty() && extension[0] != b';' {
            return None;
        }
        let size = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        if size == 0 {
            break;
        }
        let (data, after) = rest.split_at_checked(size)?;
        chunked.chunks.push(data);
        chunked.body.extend_from_slice(data);
        rest = after.strip_prefix(b"\r\n")?;
    }
    while !line(&mut rest)?.is_empty() {}
    chunked.bytes = input.len() - rest.len();
    Some(chunked)
}

fn line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.windows(2).position(|two| two == b"\r\n")?;
    let (line, after) = rest.split_at(end);
    *rest = &after[2..];
    Some(line)
}
