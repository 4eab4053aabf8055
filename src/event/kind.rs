//! The closed list of event types, with the three names each has.
//!
//! The numeric code is stored on disk and may not change within a format version.

/// What happened to a payment stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EventType {
    Created = 1,
    ToppedUp = 2,
    Withdrawn = 3,
    Cancelled = 4,
    Completed = 5,
    Paused = 6,
    Resumed = 7,
    FeeCollected = 8,
}

impl EventType {
    pub const ALL: [Self; 8] = [
        Self::Created,
        Self::ToppedUp,
        Self::Withdrawn,
        Self::Cancelled,
        Self::Completed,
        Self::Paused,
        Self::Resumed,
        Self::FeeCollected,
    ];

    /// The name on the wire: the SSE `event:` and the `type` in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "stream.created",
            Self::ToppedUp => "stream.topped_up",
            Self::Withdrawn => "stream.withdrawn",
            Self::Cancelled => "stream.cancelled",
            Self::Completed => "stream.completed",
            Self::Paused => "stream.paused",
            Self::Resumed => "stream.resumed",
            Self::FeeCollected => "stream.fee_collected",
        }
    }

    /// The `eventType` of the indexer form.
    pub const fn indexer_name(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::ToppedUp => "TOPPED_UP",
            Self::Withdrawn => "WITHDRAWN",
            Self::Cancelled => "CANCELLED",
            Self::Completed => "COMPLETED",
            Self::Paused => "PAUSED",
            Self::Resumed => "RESUMED",
            Self::FeeCollected => "FEE_COLLECTED",
        }
    }

    pub const fn code(self) -> u8 {
        self as u8
    }

    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub fn from_indexer_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.indexer_name() == name)
    }
}
