//! What the operator chose: flags, `TAILWIRE_*` environment variables and a TOML file become one checked value.
//!
//! The export list. This is the only reader of flags, environment and configuration files, and it reads them once.
//! Where two places set the same thing the flag wins, then the environment, then the file, then the default. It opens
//! nothing but the configuration file, binds no address and looks at no limit of the machine.

mod client;
mod command;
mod error;
mod key_files;
mod layers;
mod log_command;
mod serve;
mod settings;
mod token;
mod token_command;
mod values;

#[cfg(test)]
#[cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]
mod tests;

pub use client::{
    DumpOptions, ExportOptions, Field, InspectOptions, LogCommand, PublishOptions, RepairOptions, Start,
    TailOptions, VerifyOptions, What,
};
pub use command::{Command, parse};
pub use error::{ConfigError, Place, ValueError};
pub use key_files::{KeyFile, KeySettings, Secret};
pub use serve::Config;
pub use settings::{Form, Group, SETTINGS, Setting};
pub use token::{InspectTokenOptions, MintOptions, SigningSource, TokenCommand, TokenSource};
