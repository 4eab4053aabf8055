//! The settings of `tailwire serve` as one value, complete and checked. Where they come from is in `settings`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::config::{KeySettings, LimitChoices};
use crate::log::Durability;
use crate::server::SendMethod;

/// Settings of `tailwire serve`, complete and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub listen: SocketAddr,
    pub data_dir: PathBuf,
    /// `None`: one for each CPU of the affinity mask.
    pub workers: Option<usize>,
    pub durability: Durability,
    /// `None`: min(10,000, file limit − 256).
    pub max_connections: Option<usize>,
    pub heartbeat_ms: u64,
    pub write_timeout_ms: u64,
    /// Time for a request's head to arrive, and for which a body or an answer may be slower than `min_rate_bytes`.
    pub request_timeout_ms: u64,
    /// Bytes a second.
    pub min_rate_bytes: u64,
    /// Time for which a connection is kept between two requests.
    pub idle_timeout_ms: u64,
    /// How long SIGTERM waits for acks and streams to end.
    pub drain_timeout_ms: u64,
    pub segment_bytes: u64,
    /// Bytes of segment files that are kept; `None`: all.
    pub retain_bytes: Option<u64>,
    /// Age up to which events are kept; `None`: any.
    pub retain_age_ms: Option<u64>,
    /// Free bytes of the disk under which nothing is published; 0: no such floor.
    pub min_free_bytes: u64,
    /// 0: no scrubbing.
    pub scrub_bytes_per_second: u64,
    pub insecure: bool,
    pub keys: KeySettings,
    pub new_epoch: bool,
    pub accept_gap: bool,
    pub strict_addresses: bool,
    pub payment_streams_max: usize,
    pub cors_origins: Vec<String>,
    pub limits: LimitChoices,
    pub send: SendMethod,
    pub coalesce_us: u64,
    pub log_json: bool,
    pub log_filter: String,
}

impl Config {
    /// A value for the settings table to fill; every field with a default is overwritten from the table.
    pub(in crate::config) fn unset() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            data_dir: PathBuf::new(),
            workers: None,
            durability: Durability::Commit,
            max_connections: None,
            heartbeat_ms: 0,
            write_timeout_ms: 0,
            request_timeout_ms: 0,
            min_rate_bytes: 0,
            idle_timeout_ms: 0,
            drain_timeout_ms: 0,
            segment_bytes: 0,
            retain_bytes: None,
            retain_age_ms: None,
            min_free_bytes: 0,
            scrub_bytes_per_second: 0,
            insecure: false,
            keys: KeySettings::default(),
            new_epoch: false,
            accept_gap: false,
            strict_addresses: false,
            payment_streams_max: 0,
            cors_origins: Vec::new(),
            limits: LimitChoices::default(),
            send: SendMethod::Auto,
            coalesce_us: 0,
            log_json: false,
            log_filter: String::new(),
        }
    }
}
