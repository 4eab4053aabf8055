//! The four places a setting can stand in (flag, environment, file, default), merged over the settings table.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::{Config, ConfigError, Form, Place, SETTINGS, Setting, ValueError};
use crate::limits;

/// Looks up an environment variable.
pub(in crate::config) type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;
/// Reads a file to text.
pub(in crate::config) type ReadFile<'a> = &'a dyn Fn(&Path) -> io::Result<String>;

/// The flags of `serve` that were given, as text.
#[derive(Debug, Clone, Default)]
pub(in crate::config) struct Flags {
    values: HashMap<&'static str, Vec<String>>,
    config: Option<PathBuf>,
}

impl clap::FromArgMatches for Flags {
    fn from_arg_matches(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &clap::ArgMatches) -> Result<(), clap::Error> {
        self.config = matches.get_one::<PathBuf>("config").cloned();
        for setting in SETTINGS {
            let given: Vec<String> = match setting.form {
                Form::Switch if matches.get_flag(setting.name) => vec!["true".to_owned()],
                Form::Switch | Form::Secret => Vec::new(),
                _ => matches.get_many::<String>(setting.name).into_iter().flatten().cloned().collect(),
            };
            if !given.is_empty() {
                self.values.insert(setting.name, given);
            }
        }
        Ok(())
    }
}

impl clap::Args for Flags {
    fn augment_args(command: clap::Command) -> clap::Command {
        let file = clap::Arg::new("config")
            .long("config")
            .value_name("FILE")
            .value_parser(clap::value_parser!(PathBuf))
            .help("A TOML file with any of these settings, named without the dashes [env: TAILWIRE_CONFIG]");
        let flags = SETTINGS.iter().filter(|setting| setting.form != Form::Secret);
        flags.fold(command.arg(file), |command, setting| command.arg(argument(setting)))
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

/// Merges the layers, checks every value, and the rules that join several.
pub(in crate::config) fn merge(
    flags: &Flags,
    env: Environment<'_>,
    read_file: ReadFile<'_>,
) -> Result<Config, ConfigError> {
    let file = match flags.config.clone().or_else(|| env("TAILWIRE_CONFIG").map(PathBuf::from)) {
        Some(path) => File::read(path, read_file)?,
        None => File::default(),
    };
    let mut config = Config::unset();
    for setting in SETTINGS {
        let (place, texts) = find(setting, flags, env, &file)?;
        for text in texts {
            if let Err(problem) = (setting.apply)(&mut config, &text) {
                return Err(refusal(setting.form, place, text, problem));
            }
        }
    }
    if !config.listen.ip().is_loopback() && !config.insecure && !config.keys.any() {
        return Err(ConfigError::OpenAddress { listen: config.listen });
    }
    let (proxies, most) = (config.limits.trusted_proxies.len(), limits::TRUSTED_PROXIES_MAX);
    if proxies > most {
        return Err(ConfigError::TooManyProxies { given: proxies, most });
    }
    if config.limits.proxy_protocol && proxies == 0 {
        return Err(ConfigError::ProxyProtocolOfNobody);
    }
    // One takes events and one goes as a whole, so that in between the events of one are kept.
    let (segment, least) = (config.segment_bytes, 3 * config.segment_bytes);
    if let Some(retain) = config.retain_bytes.filter(|&retain| retain < least) {
        return Err(ConfigError::RetainTooLittle { retain, segment, least });
    }
    Ok(config)
}

/// The texts of the highest place that has the setting.
fn find(
    setting: &Setting,
    flags: &Flags,
    env: Environment<'_>,
    file: &File,
) -> Result<(Place, Vec<String>), ConfigError> {
    if let Some(texts) = flags.values.get(setting.name) {
        return Ok((Place::Flag(setting.name), texts.clone()));
    }
    // An empty variable counts as none: that is how container files and units write "not set".
    if let Some(value) = env(&setting.variable()).filter(|value| !value.is_empty()) {
        let place = Place::Environment(setting.variable());
        return match value.into_string() {
            Ok(text) if matches!(setting.form, Form::List(_)) => {
                Ok((place, text.split(',').map(|item| item.trim().to_owned()).collect()))
            }
            Ok(text) => Ok((place, vec![text])),
            Err(value) => {
                let shown = value.to_string_lossy().into_owned();
                Err(refusal(setting.form, place, shown, ValueError::NotUtf8))
            }
        };
    }
    if let Some(value) = file.table.get(setting.name) {
        let place = Place::File { path: file.path.clone(), key: setting.name };
        return match texts(setting.form, value) {
            Some(texts) => Ok((place, texts)),
            None => Err(ConfigError::Kind {
                place,
                value: written(setting.form, value),
                wanted: wanted(setting.form),
            }),
        };
    }
    let default = Some(setting.default).filter(|text| !text.is_empty());
    Ok((Place::Default(setting.name), default.map(str::to_owned).into_iter().collect()))
}

/// A value that cannot be used, repeated unless it is a secret.
fn refusal(form: Form, place: Place, value: String, problem: ValueError) -> ConfigError {
    match form {
        Form::Secret => ConfigError::Secret { place, problem },
        _ => ConfigError::Value { place, value, problem },
    }
}

/// A TOML value as the texts a flag would have had.
fn texts(form: Form, value: &toml::Value) -> Option<Vec<String>> {
    match (form, value) {
        (Form::Switch, toml::Value::Boolean(value)) => Some(vec![value.to_string()]),
        (Form::Value(_) | Form::List(_) | Form::Secret, toml::Value::String(text)) => {
            Some(vec![text.clone()])
        }
        (Form::Value(_), toml::Value::Integer(number)) => Some(vec![number.to_string()]),
        (Form::List(_), toml::Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map(str::to_owned)).collect()
        }
        _ => None,
    }
}

/// A TOML value as it stands in the file; of an array, a table or a secret its kind alone.
fn written(form: Form, value: &toml::Value) -> String {
    match value {
        _ if form == Form::Secret => format!("a value of type {}", value.type_str()),
        toml::Value::String(text) => format!("{text:?}"),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        toml::Value::Boolean(value) => value.to_string(),
        toml::Value::Datetime(time) => time.to_string(),
        toml::Value::Array(_) => "an array".to_owned(),
        toml::Value::Table(_) => "a table".to_owned(),
    }
}

/// What the file may hold for a setting.
const fn wanted(form: Form) -> &'static str {
    match form {
        Form::Switch => "true or false, without quotes",
        Form::Secret => "a string",
        Form::Value(_) => "a string or a whole number",
        Form::List(_) => "a string or an array of strings",
    }
}

/// The configuration file, its keys known to exist.
#[derive(Debug, Default)]
struct File {
    path: PathBuf,
    table: toml::Table,
}

impl File {
    fn read(path: PathBuf, read_file: ReadFile<'_>) -> Result<Self, ConfigError> {
        let text = match read_file(&path) {
            Ok(text) => text,
            Err(error) => return Err(ConfigError::Unreadable { path, error }),
        };
        let table = match text.parse::<toml::Table>() {
            Ok(table) => table,
            Err(error) => {
                let line = 1 + error
                    .span()
                    .map_or(0, |span| text.get(..span.start).unwrap_or_default().matches('\n').count());
                return Err(ConfigError::NotToml { path, line, problem: error.message().to_owned() });
            }
        };
        match table.keys().find(|key| Setting::find(key).is_none()) {
            None => Ok(Self { path, table }),
            Some(key) => Err(ConfigError::UnknownKey {
                nearest: nearest(key),
                known: SETTINGS.iter().map(|setting| setting.name).collect::<Vec<_>>().join(", "),
                key: key.clone(),
                path,
            }),
        }
    }
}

/// The setting whose name is most like `key`, if any is at all: `segment_bytes` and `lisen` should find theirs.
fn nearest(key: &str) -> Option<&'static str> {
    let key = key.replace('_', "-").to_ascii_lowercase();
    let near = |setting: &&Setting| edits(&key, setting.name) <= 2;
    let closest = |setting: &&Setting| edits(&key, setting.name);
    SETTINGS.iter().filter(near).min_by_key(closest).map(|setting| setting.name)
}

/// The Levenshtein distance.
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, from) in left.chars().enumerate() {
        let mut diagonal = index;
        row[0] = index + 1;
        for (column, to) in right.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = change.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

/// A setting as clap sees it. The default stands in the text: clap must not fill it in, or it would hide the file.
fn argument(setting: &Setting) -> clap::Arg {
    let help = match setting.default {
        "" => setting.help.to_owned(),
        default => format!("{}\n[default: {default}]", setting.help),
    };
    let argument =
        clap::Arg::new(setting.name).long(setting.name).help_heading(setting.group.heading()).help(help);
    let argument = match setting.name {
        "log-filter" => argument.alias("log-level"),
        _ => argument,
    };
    match setting.form {
        Form::Switch | Form::Secret => argument.action(clap::ArgAction::SetTrue),
        Form::Value(name) => argument.value_name(name).allow_negative_numbers(true),
        Form::List(name) => argument.value_name(name).action(clap::ArgAction::Append),
    }
}
