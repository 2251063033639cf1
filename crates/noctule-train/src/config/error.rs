//! What can be wrong with an experiment file, with what is needed to correct it.

use std::io;
use std::path::PathBuf;

use noctule_data::spelling::did_you_mean;
use thiserror::Error;

use super::node::SchemaError;
use super::similar_key::similar_key;
use crate::range::OutOfRange;

/// An experiment file or preset was refused. Paths of keys are written as `--set` takes them: `layers.0.theta`.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// There is no such file, or it cannot be read.
    #[error("cannot read the experiment file `{}`: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// The file is not UTF-8 text.
    #[error("cannot read the experiment file `{}`: {problem}", path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// What it is instead, and what to do.
        problem: String,
    },
    /// There is no such preset.
    #[error(
        "there is no preset `{name}`{}; presets are {}; a file's name must end in `.toml`",
        did_you_mean(name, presets.iter().copied()),
        listed(presets)
    )]
    UnknownPreset {
        /// The name that was asked for.
        name: String,
        /// All presets.
        presets: Vec<&'static str>,
    },
    /// The text is not TOML.
    #[error("{origin}: this is not TOML: {}", message.trim_end())]
    Syntax {
        /// The file or preset.
        origin: String,
        /// What the TOML parser said, with line and column.
        message: String,
    },
    /// A key is not known.
    #[error(
        "{origin}: there is no key `{path}`{}; known keys here are {}",
        suggestion.as_ref().map_or(String::new(), |key| format!(" (did you mean `{key}`?)")),
        listed(known)
    )]
    UnknownKey {
        /// The file or preset.
        origin: String,
        /// Path of the key.
        path: String,
        /// What is accepted there.
        known: Vec<&'static str>,
        /// Path of the key that may be meant.
        suggestion: Option<String>,
    },
    /// A key without a default is missing.
    #[error("{origin}: the key `{path}` is missing and has no default")]
    MissingKey {
        /// The file or preset.
        origin: String,
        /// Path of the key.
        path: String,
    },
    /// A name, such as a `kind`, is unknown.
    #[error(
        "{origin}: `{path}` is `{found}`{}, but must be one of {}",
        did_you_mean(found, known.iter().copied()),
        listed(known)
    )]
    UnknownName {
        /// The file or preset.
        origin: String,
        /// Path of the key.
        path: String,
        /// What is there.
        found: String,
        /// What is accepted there.
        known: Vec<&'static str>,
    },
    /// A value has the wrong type.
    #[error("{origin}: `{path}` is {found}, but must be {expected}")]
    WrongType {
        /// The file or preset.
        origin: String,
        /// Path of the key.
        path: String,
        /// What is there.
        found: String,
        /// What must be there.
        expected: String,
    },
    /// A value has the right type, but is not finite, too small, too large or contradicts another one.
    #[error("{origin}: {cause}")]
    OutOfRange {
        /// The file or preset.
        origin: String,
        /// The key, its value and its range.
        #[source]
        cause: OutOfRange,
    },
    /// Anything else that does not fit at a key.
    #[error("{origin}: `{path}`: {message}")]
    Invalid {
        /// The file or preset.
        origin: String,
        /// Path of the key.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// An override cannot be applied.
    #[error("cannot apply `--set {text}`: {message}")]
    Override {
        /// The override as given.
        text: String,
        /// What is wrong.
        message: String,
    },
    /// A configuration that was built in code cannot be written as TOML.
    #[error("cannot write the configuration as TOML: {0}")]
    Unwritable(String),
}

impl ConfigError {
    pub(super) fn from_schema(origin: &str, path: String, error: SchemaError) -> Self {
        let origin = origin.to_owned();
        match error {
            SchemaError::UnknownKey { key, known } => {
                let path = with_last(path, &key);
                Self::UnknownKey {
                    suggestion: similar_key(&path, known),
                    origin,
                    path,
                    known: known.to_vec(),
                }
            }
            SchemaError::MissingKey(key) => Self::MissingKey {
                origin,
                path: with_last(path, key),
            },
            SchemaError::UnknownVariant { found, known } => Self::UnknownName {
                origin,
                path,
                found,
                known: known.to_vec(),
            },
            SchemaError::WrongType { found, expected } => Self::WrongType {
                origin,
                path,
                found,
                expected,
            },
            SchemaError::Other(message) => Self::Invalid {
                origin,
                path,
                message,
            },
        }
    }
}

fn with_last(path: String, key: &str) -> String {
    if path.is_empty() {
        return key.to_owned();
    }
    match path.rsplit('.').next() {
        Some(last) if last == key => path,
        _ => format!("{path}.{key}"),
    }
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
