//! The one table of the server's settings. Flags, environment names, file keys, `--help` and the table in
//! docs/operations.md all come from it; a setting that is not here does not exist.

mod access;
mod diagnostics;
mod events;
mod limits;
mod log;
mod network;
mod timeouts;

use crate::config::{Config, ValueError};

/// What a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One value; the text is its name in `--help`.
    Value(&'static str),
    /// Any number of values: a repeated flag, a comma list in the environment, an array in the file.
    List(&'static str),
    /// One value from the environment or the file alone: flags can be read by everybody on the machine (`ps`).
    Secret,
    /// On when the flag is there; `true` or `false` elsewhere.
    Switch,
}

/// The headings of `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Network,
    Access,
    Limits,
    Log,
    Events,
    Timeouts,
    Diagnostics,
}

impl Group {
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Network => "Network",
            Self::Access => "Access",
            Self::Limits => "Limits of addresses and users",
            Self::Log => "The event log",
            Self::Events => "Events",
            Self::Timeouts => "Timeouts",
            Self::Diagnostics => "Diagnostics",
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The flag without its dashes, which is the key in the file as well.
    pub name: &'static str,
    pub form: Form,
    pub group: Group,
    /// As the operator would write it; empty for switches (off) and lists (none).
    pub default: &'static str,
    pub help: &'static str,
    pub(in crate::config) apply: fn(&mut Config, &str) -> Result<(), ValueError>,
}

impl Setting {
    /// The environment variable of this setting.
    pub fn variable(&self) -> String {
        format!("TAILWIRE_{}", self.name.replace('-', "_").to_ascii_uppercase())
    }

    /// The setting of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.name == name)
    }
}

const fn row(
    group: Group,
    name: &'static str,
    form: Form,
    default: &'static str,
    help: &'static str,
    apply: fn(&mut Config, &str) -> Result<(), ValueError>,
) -> Setting {
    Setting { name, form, group, default, help, apply }
}

/// The table's parts, in the order of `--help`.
const PARTS: &[&[Setting]] =
    &[network::ROWS, access::ROWS, limits::ROWS, log::ROWS, events::ROWS, timeouts::ROWS, diagnostics::ROWS];

const COUNT: usize = {
    let (mut part, mut count) = (0, 0);
    while part < PARTS.len() {
        count += PARTS[part].len();
        part += 1;
    }
    count
};

/// Every setting of `tailwire serve`, in the order of `--help`.
pub const SETTINGS: &[Setting] = &{
    let mut all = [PARTS[0][0]; COUNT];
    let (mut part, mut count) = (0, 0);
    while part < PARTS.len() {
        let mut index = 0;
        while index < PARTS[part].len() {
            all[count] = PARTS[part][index];
            index += 1;
            count += 1;
        }
        part += 1;
    }
    all
};
