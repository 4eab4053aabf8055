//! The body of an event stream: chunks into blocks. Strict where the contract is: a chunk holds whole frames,
//! lines end in LF, `id` stands last, a comment is one line without a blank one.

/// One block of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Block {
    /// `None`: an unnamed message.
    pub(super) event: Option<String>,
    pub(super) data: String,
    pub(super) id: Option<String>,
}

/// Longest chunk that is believed.
const CHUNK_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Takes a chunked body's bytes as they come.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    input: Vec<u8>,
    used: usize,
}

/// What the front of a body is.
enum Chunk {
    Incomplete,
    Last,
    /// Where the payload begins and ends, and where the next chunk begins.
    Whole(usize, usize, usize),
}

impl Decoder {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.input.drain(..self.used);
        self.used = 0;
        self.input.extend_from_slice(bytes);
    }

    /// The blocks of the next complete chunk. `Ok(None)`: more bytes are needed, or the last chunk was read.
    pub(super) fn chunk(&mut self) -> Result<Option<Vec<Block>>, String> {
        match self.next_chunk()? {
            Chunk::Incomplete | Chunk::Last => Ok(None),
            Chunk::Whole(start, end, next) => {
                let blocks = blocks(&self.input[start..end])?;
                self.used = next;
                Ok(Some(blocks))
            }
        }
    }

    /// Whether the body has ended with its last chunk, and nothing follows.
    pub(super) fn ended(&self) -> bool {
        matches!(self.next_chunk(), Ok(Chunk::Last))
    }

    fn next_chunk(&self) -> Result<Chunk, String> {
        let rest = &self.input[self.used..];
        let Some(line_end) = rest.windows(2).position(|pair| pair == b"\r\n") else {
            return if rest.len() > 32 {
                Err("a chunk without a size".to_owned())
            } else {
                Ok(Chunk::Incomplete)
            };
        };
        let line = std::str::from_utf8(&rest[..line_end]).unwrap_or("");
        let hexadecimal = line.bytes().all(|byte| byte.is_ascii_hexdigit());
        let size = usize::from_str_radix(line, 16).ok();
        let size = size.filter(|size| hexadecimal && *size <= CHUNK_BYTES_MAX);
        let size = size.ok_or_else(|| format!("the chunk size {line:?} is no hexadecimal number"))?;
        let start = line_end + 2;
        let Some(tail) = rest.get(start + size..start + size + 2) else { return Ok(Chunk::Incomplete) };
        if tail != b"\r\n" {
            return Err("a chunk does not end where its size says".to_owned());
        }
        if size == 0 {
            return Ok(Chunk::Last);
        }
        let at = self.used + start;
        Ok(Chunk::Whole(at, at + size, at + size + 2))
    }
}

/// The blocks of one chunk's payload.
fn blocks(payload: &[u8]) -> Result<Vec<Block>, String> {
    let text = std::str::from_utf8(payload).map_err(|_| "the stream is not UTF-8".to_owned())?;
    let mut blocks = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if rest.starts_with(':') {
            let (_, after) = rest.split_once('\n').ok_or("a comment is cut by the end of a chunk")?;
            rest = after;
            continue;
        }
        let (block, after) = rest.split_once("\n\n").ok_or("a chunk ends inside a block")?;
        blocks.push(parse(block)?);
        rest = after;
    }
    Ok(blocks)
}

fn parse(text: &str) -> Result<Block, String> {
    let mut block = Block::default();
    let mut data = None;
    for line in text.split('\n') {
        let (field, value) =
            line.split_once(": ").ok_or_else(|| format!("the line {line:?} has no field"))?;
        if block.id.is_some() {
            return Err(format!("a line follows the id in {text:?}"));
        }
        match field {
            "event" => block.event = Some(value.to_owned()),
            "data" if data.is_none() => data = Some(value.to_owned()),
            "id" => block.id = Some(value.to_owned()),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {}
            _ => return Err(format!("the line {line:?} is none of the contract's")),
        }
    }
    block.data = data.ok_or_else(|| format!("a block without data: {text:?}"))?;
    Ok(block)
}
