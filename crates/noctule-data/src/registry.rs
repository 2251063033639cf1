//! The data sets that Noctule knows, and the directory that holds their files.
//!
//! ```
//! use noctule_data::registry;
//!
//! let mnist = registry::find("mnist")?;
//! assert_eq!(mnist.shape.neurons(), 784);
//! assert_eq!(mnist.files().len(), 4);
//! # Ok::<(), noctule_data::registry::RegistryError>(())
//! ```

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use directories::BaseDirs;
use thiserror::Error;

use crate::spelling::did_you_mean;

pub(crate) mod known_set;
mod sets;
pub(crate) mod split;

pub use known_set::{FilePair, Generator, KnownFile, KnownSet, NamePair, Source};
pub use split::Split;

/// The environment variable that names the data directory.
pub const DATA_VARIABLE: &str = "NOCTULE_DATA";

/// Why a set or the data directory cannot be found.
#[derive(Clone, Debug, Error, Eq, PartialEq)]
#[non_exhaustive]
pub enum RegistryError {
    /// No set has this name.
    #[error(
        "there is no data set {name:?}{}; the known ones are {}",
        did_you_mean(name, known_sets().iter().map(|set| set.name)),
        names()
    )]
    UnknownSet {
        /// The name that was given.
        name: String,
    },
    /// Neither the user nor the platform names a data directory.
    #[error(
        "this platform has no cache directory; name a data directory with --data-dir or the environment variable {DATA_VARIABLE}"
    )]
    NoDirectory,
}

/// All sets that Noctule knows, by name.
pub fn known_sets() -> &'static [KnownSet] {
    &[
        sets::EMNIST_BALANCED,
        sets::FASHION_MNIST,
        sets::MNIST,
        sets::SPIKE_ORDER,
        sets::YIN_YANG,
    ]
}

/// The set of this name.
///
/// # Errors
/// If there is none; the message lists the known names.
pub fn find(name: &str) -> Result<&'static KnownSet, RegistryError> {
    let found = known_sets().iter().find(|set| set.name == name);
    found.ok_or_else(|| RegistryError::UnknownSet {
        name: name.to_owned(),
    })
}

/// The data directory: `explicit`, else `$NOCTULE_DATA`, else `noctule` in the platform's cache directory.
///
/// An empty variable counts as unset. The directory need not exist.
///
/// # Errors
/// If none of the three names a directory.
pub fn data_directory(explicit: Option<&Path>) -> Result<PathBuf, RegistryError> {
    let cache = || BaseDirs::new().map(|directories| directories.cache_dir().to_path_buf());
    resolve(explicit, std::env::var_os(DATA_VARIABLE), cache)
}

fn resolve(
    explicit: Option<&Path>,
    variable: Option<OsString>,
    cache: impl FnOnce() -> Option<PathBuf>,
) -> Result<PathBuf, RegistryError> {
    explicit
        .map(Path::to_path_buf)
        .or_else(|| variable.filter(|path| !path.is_empty()).map(PathBuf::from))
        .or_else(|| cache().map(|path| path.join("noctule")))
        .ok_or(RegistryError::NoDirectory)
}

fn names() -> String {
    let names: Vec<_> = known_sets().iter().map(|set| set.name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_directory_is_explicit_then_the_variable_then_the_cache() {
        let cache = || Some(PathBuf::from("cache"));
        let explicit = Path::new("explicit");
        let variable = || Some(OsString::from("variable"));
        assert_eq!(
            resolve(Some(explicit), variable(), cache),
            Ok("explicit".into())
        );
        assert_eq!(resolve(None, variable(), cache), Ok("variable".into()));
        let default = Path::new("cache").join("noctule");
        assert_eq!(
            resolve(None, Some(OsString::new()), cache),
            Ok(default.clone())
        );
        assert_eq!(resolve(None, None, cache), Ok(default));
        assert_eq!(
            resolve(None, None, || None),
            Err(RegistryError::NoDirectory)
        );
    }

    #[test]
    fn an_unknown_set_lists_the_known_ones() {
        let message = find("minst").expect_err("a misspelt name").to_string();
        assert!(
            message.contains("\"minst\" (did you mean `mnist`?)"),
            "{message}"
        );
        for set in known_sets() {
            assert!(message.contains(set.name), "{message}");
        }
    }

    #[test]
    fn every_entry_is_sound() {
        for set in known_sets() {
            assert_eq!(find(set.name), Ok(set));
            if let Source::Idx { base_url, .. } | Source::Emnist { base_url, .. } = set.source {
                assert!(base_url.starts_with("http") && base_url.ends_with('/'));
            }
            for file in set.files() {
                assert!(file.name.ends_with(".gz") || file.name.ends_with(".zip"));
                assert!(file.bytes > 0);
                for sum in [Some(file.sha256), file.unpacked_sha256]
                    .into_iter()
                    .flatten()
                {
                    assert_eq!(sum.len(), 64);
                    assert!(sum.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
                }
            }
        }
    }
}
