//! An experiment before it is checked: a TOML table to which overrides are applied.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf, absolute};

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use toml::{Table, Value};

use super::error::ConfigError;
use super::layers::LayerConfig;
use super::node::{KIND, Node, SchemaError};
use super::own_files::seen_from;
use super::resolved::Config;
use super::sections::NeuronConfig;
use super::text::utf8_text;

/// The tables of an experiment file as they were written, to be overridden and then resolved.
#[derive(Clone, Debug)]
pub struct ConfigTable {
    table: Table,
    origin: String,
    /// Where relative paths start; `None` for the current folder.
    folder: Option<PathBuf>,
}

impl ConfigTable {
    /// Parses an experiment file; `origin` opens every error message.
    ///
    /// # Errors
    /// [`ConfigError::Syntax`] with line and column.
    pub fn from_toml_str(text: &str, origin: &str) -> Result<Self, ConfigError> {
        match text.parse() {
            Ok(table) => Ok(Self {
                table,
                origin: origin.to_owned(),
                folder: None,
            }),
            Err(error) => Err(ConfigError::Syntax {
                origin: origin.to_owned(),
                message: with_advice(&error.to_string()),
            }),
        }
    }

    /// The built-in experiment of that name.
    ///
    /// # Errors
    /// [`ConfigError::UnknownPreset`] lists the names there are.
    pub fn preset(name: &str) -> Result<Self, ConfigError> {
        match Config::preset_text(name) {
            Some(text) => Self::from_toml_str(text, &format!("preset {name}")),
            None => Err(unknown_preset(name)),
        }
    }

    /// Reads an experiment file.
    ///
    /// # Errors
    /// [`ConfigError::Read`] if it is missing or unreadable, [`ConfigError::Encoding`] if it is not UTF-8 text,
    /// [`ConfigError::Syntax`] if it is not TOML.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let mut table = Self::from_toml_str(&read_text(path)?, &path.display().to_string())?;
        let absolute = absolute(path).map_err(|cause| ConfigError::Read {
            path: path.to_owned(),
            cause,
        })?;
        table.set_folder(absolute.parent());
        Ok(table)
    }

    /// Says where relative paths start that the table has so far; by default at the folder of the file, or at the current
    /// folder for a table that was not read from a file.
    pub fn set_folder(&mut self, folder: Option<&Path>) {
        self.folder = folder.map(Path::to_owned);
    }

    /// What a user names on the command line: a preset, or a file if it ends in `.toml` or there is one of that name.
    ///
    /// # Errors
    /// As [`ConfigTable::preset`] and [`ConfigTable::read`].
    pub fn preset_or_file(name: impl AsRef<OsStr>) -> Result<Self, ConfigError> {
        let name = name.as_ref();
        match file_named(name) {
            Some(path) => Self::read(path),
            None => Self::preset(&name.to_string_lossy()),
        }
    }

    /// The text, comments included, of what [`ConfigTable::preset_or_file`] reads.
    ///
    /// # Errors
    /// If there is no such preset, or the file is missing, unreadable or not UTF-8 text.
    pub fn text(name: impl AsRef<OsStr>) -> Result<String, ConfigError> {
        let (path, name) = (file_named(name.as_ref()), name.as_ref().to_string_lossy());
        match (path, Config::preset_text(&name)) {
            (Some(path), _) => read_text(path),
            (None, Some(text)) => Ok(text.to_owned()),
            (None, None) => Err(unknown_preset(&name)),
        }
    }

    /// Applies overrides in their order, each `path=value`: `seed=3`, `layers.0.theta=0.3`, `name=trial`,
    /// `loss={kind="count-softmax"}`. The value is read as TOML, and taken as a string if it is not TOML. Keys that do not
    /// exist are added; [`ConfigTable::resolve`] refuses them if they are unknown. To change a `kind`, replace the whole
    /// table, because the keys of the old kind are unknown to the new one.
    ///
    /// # Errors
    /// [`ConfigError::Override`] for an override without `=`, an empty key, an index that an array does not have, or a
    /// path through something that is not a table. Overrides before the failing one stay applied.
    ///
    /// Relative paths in overrides start at the current folder.
    pub fn apply_overrides(&mut self, overrides: &[String]) -> Result<(), ConfigError> {
        for text in overrides {
            self.apply_override(text)
                .map_err(|message| ConfigError::Override {
                    text: text.clone(),
                    message,
                })?;
        }
        Ok(())
    }

    /// The key of the first override that is not one of `changeable`.
    pub fn key_beyond(overrides: &[String], changeable: &[&str]) -> Option<String> {
        let keys = overrides.iter().filter_map(|text| text.split('=').next());
        let mut beyond = keys.map(str::trim).filter(|key| !changeable.contains(key));
        beyond.next().map(str::to_owned)
    }

    fn apply_override(&mut self, text: &str) -> Result<(), String> {
        let Some((path, value)) = text.split_once('=') else {
            return Err("write `key=value`, such as `training.epochs=10`".to_owned());
        };
        let keys: Vec<_> = path.split('.').map(str::trim).collect();
        if keys.iter().any(|key| key.is_empty()) {
            return Err(
                "a key is empty; write `key=value`, such as `training.epochs=10`".to_owned(),
            );
        }
        let value = value.trim();
        let mut value = value
            .parse()
            .unwrap_or_else(|_| Value::String(value.to_owned()));
        if let Some(folder) = &self.folder {
            seen_from(folder, &keys, &mut value)?;
        }
        let (first, rest) = (keys[0], &keys[1..]);
        let mut place = place_in_table(&mut self.table, first, !rest.is_empty());
        for (depth, key) in rest.iter().enumerate() {
            let is_inner = depth + 1 < rest.len();
            place = place_below(place, &keys[..=depth].join("."), key, is_inner)?;
        }
        *place = value;
        Ok(())
    }

    /// Fills in the defaults and checks everything.
    ///
    /// # Errors
    /// [`ConfigError`] for the first unknown or missing key, wrong type or value out of range, with the key's path.
    pub fn resolve(mut self) -> Result<Config, ConfigError> {
        self.fill_in_neuron_constants()?;
        let mut config: Config = read_at("", self.table, &self.origin)?;
        config.fill_in_defaults();
        config.data.folder = self.folder.filter(|_| config.data.set.is_own());
        config.check().map_err(|cause| ConfigError::OutOfRange {
            origin: self.origin,
            cause,
        })?;
        Ok(config)
    }

    /// Copies `[neuron]` into the spiking layers, and their threshold to their reset, where they have none of their own; all
    /// but the last have no boost of silent neurons unless they say so.
    fn fill_in_neuron_constants(&mut self) -> Result<(), ConfigError> {
        let shared = match self.table.get("neuron") {
            Some(shared) => read_at("neuron", shared.clone(), &self.origin)?,
            // Reading the whole will find that `neuron` is missing; until then the layers must not seem at fault.
            None => NeuronConfig {
                tau_m: 0.0,
                tau_s: 0.0,
                t_max: 0.0,
            },
        };
        let layers = self.table.get_mut("layers").and_then(Value::as_array_mut);
        let layers = layers.into_iter().flatten().filter_map(Value::as_table_mut);
        let mut spiking = layers.filter(|layer| is_spiking(layer)).peekable();
        while let Some(layer) = spiking.next() {
            let constants = [
                ("tau_m", shared.tau_m),
                ("tau_s", shared.tau_s),
                ("t_max", shared.t_max),
            ];
            for (key, constant) in constants {
                layer.entry(key).or_insert(Value::Float(constant));
            }
            let theta = match layer.get("theta") {
                Some(theta @ (Value::Float(_) | Value::Integer(_))) => theta.clone(),
                // Likewise: it is `theta` that will be refused.
                _ => Value::Float(0.0),
            };
            layer.entry("reset").or_insert(theta);
            if spiking.peek().is_some() {
                layer.entry("silent_boost").or_insert(Value::Float(0.0));
            }
        }
        Ok(())
    }
}

fn is_spiking(layer: &Table) -> bool {
    let kind = layer.get(KIND).and_then(Value::as_str);
    kind.is_some_and(|kind| LayerConfig::SPIKING.contains(&kind))
}

impl Config {
    /// Reads and checks an experiment; `origin` (a file name, say) opens every error message.
    ///
    /// # Errors
    /// [`ConfigError`] for text that is not TOML, and for unknown keys, wrong types, missing keys and values out of
    /// range, each with the key's path.
    pub fn from_toml_str(text: &str, origin: &str) -> Result<Self, ConfigError> {
        ConfigTable::from_toml_str(text, origin)?.resolve()
    }

    /// The built-in experiment of that name.
    ///
    /// # Errors
    /// [`ConfigError::UnknownPreset`] lists the names there are.
    pub fn preset(name: &str) -> Result<Self, ConfigError> {
        ConfigTable::preset(name)?.resolve()
    }
}

/// The file that a user names on the command line, if it is not a preset.
fn file_named(name: &OsStr) -> Option<&Path> {
    let path = Path::new(name);
    let is_preset = name
        .to_str()
        .is_some_and(|name| Config::preset_text(name).is_some());
    let is_toml = path
        .extension()
        .is_some_and(|extension| extension == "toml");
    (!is_preset && (is_toml || path.is_file())).then_some(path)
}

fn unknown_preset(name: &str) -> ConfigError {
    ConfigError::UnknownPreset {
        name: name.to_owned(),
        presets: Config::preset_names(),
    }
}

fn read_text(path: &Path) -> Result<String, ConfigError> {
    let path = path.to_owned();
    match fs::read(&path).map(utf8_text) {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(problem)) => Err(ConfigError::Encoding { path, problem }),
        Err(cause) => Err(ConfigError::Read { path, cause }),
    }
}

/// What the parser said, and what to do about numbers that TOML does not have.
fn with_advice(message: &str) -> String {
    let message = message.trim_end();
    if message.contains("too large") {
        format!("{message}; TOML's largest number is 2^63 - 1: write a larger seed in quotes")
    } else {
        message.to_owned()
    }
}

/// The place of `key`, made if it is not there yet; an inner one must be able to hold further keys.
fn place_in_table<'a>(table: &'a mut Table, key: &str, is_inner: bool) -> &'a mut Value {
    let fresh = if is_inner {
        Value::Table(Table::new())
    } else {
        Value::Boolean(false)
    };
    table.entry(key).or_insert(fresh)
}

fn place_below<'a>(
    parent: &'a mut Value,
    path: &str,
    key: &str,
    is_inner: bool,
) -> Result<&'a mut Value, String> {
    match parent {
        Value::Table(table) => Ok(place_in_table(table, key, is_inner)),
        Value::Array(values) => {
            let length = values.len();
            let index = key.parse::<usize>().ok();
            index
                .and_then(|index| values.get_mut(index))
                .ok_or_else(|| {
                    let entries = if length == 1 { "entry" } else { "entries" };
                    format!("`{path}` has {length} {entries}, counted from 0; `{key}` is not the number of one")
                })
        }
        other => Err(format!(
            "`{path}` is a single {}, so it has no `{key}`",
            other.type_str()
        )),
    }
}

fn read_at<T: DeserializeOwned>(
    prefix: &str,
    value: impl Into<Node>,
    origin: &str,
) -> Result<T, ConfigError> {
    serde_path_to_error::deserialize(value.into()).map_err(
        |error: serde_path_to_error::Error<SchemaError>| {
            let inner = error.path().iter().filter_map(|segment| match segment {
                Segment::Map { key } => Some(key.clone()),
                Segment::Seq { index } => Some(index.to_string()),
                Segment::Enum { .. } | Segment::Unknown => None,
            });
            let prefix = (!prefix.is_empty()).then(|| prefix.to_owned());
            let path: Vec<_> = prefix.into_iter().chain(inner).collect();
            ConfigError::from_schema(origin, path.join("."), error.into_inner())
        },
    )
}
