//! The fields of an event's data that we know, which of them each event type demands, and what each may hold.
//!
//! One field at a time: what a field may be beside another is in `data`.

use crate::event::EventType;
use crate::event::json::Kind;
use crate::event::json::Value;
use crate::event::strkey;
use crate::topic::{NameError, StreamId, User};

/// How addresses are judged (`--strict-addresses`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    pub strict_addresses: bool,
}

/// A field that we look into. All others are kept as they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    StreamId,
    Sender,
    Recipient,
    Treasury,
    TokenAddress,
    Token,
    RatePerSecond,
    DepositedAmount,
    Amount,
    NewDepositedAmount,
    NewBalance,
    RefundedAmount,
    AmountWithdrawn,
    TotalWithdrawn,
    TotalStreamed,
    FeeAmount,
    StartTime,
    EndTime,
    Timestamp,
    PausedAt,
    NewEndTime,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Stream,
    User,
    Token,
    Amount,
    Time,
    TimeOrText,
}

impl Field {
    /// The field that `name` means in an event of type `kind`.
    pub(super) fn of(name: &str, kind: EventType) -> Option<Self> {
        Some(match name {
            "streamId" => Self::StreamId,
            "sender" => Self::Sender,
            "recipient" => Self::Recipient,
            "treasury" => Self::Treasury,
            "tokenAddress" => Self::TokenAddress,
            "token" if kind == EventType::Created => Self::TokenAddress,
            "token" => Self::Token,
            "ratePerSecond" => Self::RatePerSecond,
            "depositedAmount" => Self::DepositedAmount,
            "amount" if kind == EventType::Created => Self::DepositedAmount,
            "amount" => Self::Amount,
            "newDepositedAmount" => Self::NewDepositedAmount,
            "newBalance" => Self::NewBalance,
            "refundedAmount" => Self::RefundedAmount,
            "amountWithdrawn" => Self::AmountWithdrawn,
            "totalWithdrawn" => Self::TotalWithdrawn,
            "totalStreamed" => Self::TotalStreamed,
            "feeAmount" => Self::FeeAmount,
            "startTime" => Self::StartTime,
            "endTime" => Self::EndTime,
            "timestamp" => Self::Timestamp,
            "pausedAt" => Self::PausedAt,
            "newEndTime" => Self::NewEndTime,
            _ => return None,
        })
    }

    /// The name it is stored under.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::StreamId => "streamId",
            Self::Sender => "sender",
            Self::Recipient => "recipient",
            Self::Treasury => "treasury",
            Self::TokenAddress => "tokenAddress",
            Self::Token => "token",
            Self::RatePerSecond => "ratePerSecond",
            Self::DepositedAmount => "depositedAmount",
            Self::Amount => "amount",
            Self::NewDepositedAmount => "newDepositedAmount",
            Self::NewBalance => "newBalance",
            Self::RefundedAmount => "refundedAmount",
            Self::AmountWithdrawn => "amountWithdrawn",
            Self::TotalWithdrawn => "totalWithdrawn",
            Self::TotalStreamed => "totalStreamed",
            Self::FeeAmount => "feeAmount",
            Self::StartTime => "startTime",
            Self::EndTime => "endTime",
            Self::Timestamp => "timestamp",
            Self::PausedAt => "pausedAt",
            Self::NewEndTime => "newEndTime",
        }
    }

    pub(super) const fn holds(self) -> Holds {
        match self {
            Self::StreamId => Holds::Stream,
            Self::Sender | Self::Recipient | Self::Treasury => Holds::User,
            Self::TokenAddress | Self::Token => Holds::Token,
            Self::StartTime | Self::EndTime | Self::Timestamp | Self::PausedAt => Holds::Time,
            Self::NewEndTime => Holds::TimeOrText,
            Self::RatePerSecond
            | Self::DepositedAmount
            | Self::Amount
            | Self::NewDepositedAmount
            | Self::NewBalance
            | Self::RefundedAmount
            | Self::AmountWithdrawn
            | Self::TotalWithdrawn
            | Self::TotalStreamed
            | Self::FeeAmount => Holds::Amount,
        }
    }

    /// The fields that an event of type `kind` must have.
    pub(super) const fn required(kind: EventType) -> &'static [Self] {
        match kind {
            EventType::Created => &[
                Self::StreamId,
                Self::Sender,
                Self::Recipient,
                Self::TokenAddress,
                Self::RatePerSecond,
                Self::DepositedAmount,
                Self::StartTime,
            ],
            EventType::ToppedUp | EventType::Withdrawn => &[Self::StreamId, Self::Amount],
            EventType::Cancelled | EventType::Completed | EventType::Paused | EventType::Resumed => {
                &[Self::StreamId]
            }
            EventType::FeeCollected => &[Self::StreamId, Self::FeeAmount],
        }
    }
}

/// A set of fields.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FieldSet(u32);

impl FieldSet {
    /// Adds `field`; false if it was there.
    pub(super) fn insert(&mut self, field: Field) -> bool {
        let new = !self.contains(field);
        self.0 |= 1 << field as u32;
        new
    }

    pub(super) const fn contains(self, field: Field) -> bool {
        self.0 & 1 << field as u32 != 0
    }
}

/// A payment stream's id: a name, or a whole number as a JSON number or string.
pub(super) fn stream_id(value: Value<'_>) -> Result<StreamId, String> {
    match value.kind() {
        Kind::Text(text) => StreamId::parse(text).map_err(|error| error.to_string()),
        Kind::Integer(digits) if !digits.starts_with('-') => {
            StreamId::parse(digits).map_err(|error| error.to_string())
        }
        Kind::Integer(_) => Err(NameError::StreamNumber.to_string()),
        kind => Err(format!("must be a payment stream id, a number or a string, not {}", kind.noun())),
    }
}

pub(super) fn user(value: Value<'_>, rules: Rules) -> Result<User, String> {
    let Kind::Text(text) = value.kind() else {
        return Err(format!("must be an address, a string, not {}", value.kind().noun()));
    };
    let user = User::parse(text).map_err(|error| error.to_string())?;
    address(text, rules)?;
    Ok(user)
}

pub(super) fn token(value: Value<'_>, rules: Rules) -> Result<(), String> {
    match value.kind() {
        Kind::Text(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) => {
            address(text, rules)
        }
        Kind::Text(_) => Err("must be a token's address: one or more visible ASCII characters".to_owned()),
        kind => Err(format!("must be a token's address, a string, not {}", kind.noun())),
    }
}

/// An amount or a rate: its digits.
pub(super) fn amount(value: Value<'_>) -> Result<&str, String> {
    let (Kind::Text(text) | Kind::Integer(text)) = value.kind() else {
        return Err(format!(
            "must be a whole number in decimal, a string or an integer, not {}",
            value.kind().noun()
        ));
    };
    if !is_decimal(text) {
        return Err("must be a whole number in decimal digits, without sign or leading zeros".to_owned());
    }
    // So many nines fit, and most amounts are shorter.
    const DIGITS_FIT: usize = i128::MAX.ilog10() as usize;
    match text.len() <= DIGITS_FIT || text.parse::<i128>().is_ok() {
        true => Ok(text),
        false => Err(format!("must not be over {}", i128::MAX)),
    }
}

/// A time in unix seconds; `text_too`: a decimal string will do as well.
pub(super) fn time(value: Value<'_>, text_too: bool) -> Result<(), String> {
    let good = match value.kind() {
        Kind::Integer(digits) => !digits.starts_with('-'),
        Kind::Text(text) if text_too => is_decimal(text) && text.parse::<u64>().is_ok(),
        _ => false,
    };
    match good {
        true => Ok(()),
        false if text_too => Err("must be a time in unix seconds, an integer or a decimal string".to_owned()),
        false => Err("must be a time in unix seconds, an integer".to_owned()),
    }
}

/// Digits without leading zeros.
pub(super) fn is_decimal(text: &str) -> bool {
    let canonical = text.len() == 1 || !text.starts_with('0');
    canonical && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn address(text: &str, rules: Rules) -> Result<(), String> {
    if rules.strict_addresses && !strkey::is_address(text) {
        return Err("must be a Stellar address, a StrKey that begins with G or C".to_owned());
    }
    Ok(())
}
