//! Tells a Stellar address, as SEP-23 spells it, from other text.
//!
//! Accounts (`G…`) and contracts (`C…`) alone: those are what a payment stream has as parties. It yields no
//! key.

const CHARACTERS: usize = 56;
const BYTES: usize = 35;
/// Version bytes, the first of a StrKey; their upper five bits are its first character.
const ACCOUNT: u8 = 6 << 3;
const CONTRACT: u8 = 2 << 3;

/// Whether `text` is the StrKey of an account or a contract: version, 32 bytes, checksum.
pub(super) fn is_address(text: &str) -> bool {
    let Some([payload @ .., low, high]) = decode(text) else { return false };
    let known = matches!(payload.first(), Some(&(ACCOUNT | CONTRACT)));
    known && crc16_xmodem(&payload) == u16::from_le_bytes([low, high])
}

/// Base32 of RFC 4648, section 6; 56 characters hold 35 bytes with no bit over.
fn decode(text: &str) -> Option<[u8; BYTES]> {
    if text.len() != CHARACTERS {
        return None;
    }
    let mut bytes = [0; BYTES];
    for (group, five) in text.as_bytes().chunks_exact(8).zip(bytes.chunks_exact_mut(5)) {
        let mut bits = 0_u64;
        for character in group {
            let value = match character {
                b'A'..=b'Z' => character - b'A',
                b'2'..=b'7' => character - b'2' + 26,
                _ => return None,
            };
            bits = bits << 5 | u64::from(value);
        }
        five.copy_from_slice(bits.to_be_bytes().get(3..)?);
    }
    Some(bytes)
}

/// CRC-16 with polynomial 0x1021, from 0, bits not reflected.
fn crc16_xmodem(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc: u16, _| {
            crc << 1 ^ if crc >> 15 == 1 { 0x1021 } else { 0 }
        })
    })
}
