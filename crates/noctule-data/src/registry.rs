//! The table of data sets that Noctule knows, and where they lie on this machine.
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
use std::fmt;
use std::path::{Path, PathBuf};

use directories::BaseDirs;
use thiserror::Error;

use crate::dataset::Shape;

mod sets;

/// The environment variable that names the data directory.
pub const DATA_VARIABLE: &str = "NOCTULE_DATA";

/// Why a set or the data directory cannot be found.
#[derive(Clone, Debug, Error, Eq, PartialEq)]
#[non_exhaustive]
pub enum RegistryError {
    /// No set has this name.
    #[error("there is no data set {name:?}; known are {}", names())]
    UnknownSet {
        /// The name that was given.
        name: String,
    },
    /// Neither the user nor the platform says where data lies.
    #[error(
        "this platform names no cache directory; say where data lies with --data-dir or the environment variable {DATA_VARIABLE}"
    )]
    NoDirectory,
}

/// Which part of a data set.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Split {
    /// To learn from.
    Train,
    /// To choose settings by; only sets that come with one have it (see [`crate::Dataset::split`] for the others).
    Validation,
    /// To report.
    Test,
}

impl fmt::Display for Split {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}

/// A file as its publisher offers it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KnownFile {
    /// Name of the file, ending in `.gz` or, if it is an archive of many, `.zip`.
    pub name: &'static str,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, in lower-case hexadecimal.
    pub sha256: &'static str,
    /// SHA-256 of what the file unpacks to, where known: it recognises copies that were packed again.
    pub unpacked_sha256: Option<&'static str>,
}

impl KnownFile {
    /// Name of the unpacked file.
    pub fn unpacked_name(&self) -> &'static str {
        unpacked(self.name)
    }
}

/// The name without `.gz`.
pub(crate) fn unpacked(name: &str) -> &str {
    name.strip_suffix(".gz").unwrap_or(name)
}

/// The two files of one split.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FilePair {
    /// The images.
    pub images: KnownFile,
    /// The labels of these images, in the same order.
    pub labels: KnownFile,
}

/// The names of the two files of one split.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NamePair {
    /// Name of the file of images, ending in `.gz`.
    pub images: &'static str,
    /// Name of the file of labels of these images, in the same order.
    pub labels: &'static str,
}

impl NamePair {
    /// The images, then the labels.
    pub fn names(&self) -> [&'static str; 2] {
        [self.images, self.labels]
    }
}

/// What makes the samples of a generated set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Generator {
    /// [`crate::yinyang`], from a seed.
    YinYang,
    /// [`crate::spike_order`], always the same.
    SpikeOrder,
}

/// Where the samples of a set come from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Source {
    /// Made on the spot.
    Generated(Generator),
    /// IDX files at an official address.
    Idx {
        /// The address that file names are appended to, ending in a slash.
        base_url: &'static str,
        /// The files to learn from.
        train: &'static FilePair,
        /// The files to report on.
        test: &'static FilePair,
    },
    /// IDX files in a zip archive at an official address, or a MATLAB file with the same; either way the images are
    /// stored transposed.
    Emnist {
        /// The address that the name of the archive is appended to, ending in a slash.
        base_url: &'static str,
        /// The archive to download. It is deleted once the files are extracted.
        archive: KnownFile,
        /// The folder of the files within the archive, ending in a slash.
        folder: &'static str,
        /// The files to learn from.
        train: NamePair,
        /// The files to report on.
        test: NamePair,
        /// Name of the MATLAB file, which is read where the other files are not there.
        matlab: &'static str,
    },
}

/// A data set that Noctule knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KnownSet {
    /// The name to load it by, and of its folder in the data directory.
    pub name: &'static str,
    /// What it is, in a few words.
    pub description: &'static str,
    /// Under which licence its publisher offers it.
    pub licence: &'static str,
    /// Where to read about it.
    pub homepage: &'static str,
    /// Layout of the input neurons.
    pub shape: Shape,
    /// Number of classes.
    pub classes: usize,
    /// Number of samples to learn from.
    pub train_samples: usize,
    /// Number of samples to choose settings by; 0 if the set has no such part.
    pub validation_samples: usize,
    /// Number of samples to report on.
    pub test_samples: usize,
    /// Where the samples come from.
    pub source: Source,
}

impl KnownSet {
    /// The files to download; empty for generated sets.
    pub fn files(&self) -> Vec<KnownFile> {
        match self.source {
            Source::Generated(_) => Vec::new(),
            Source::Idx { train, test, .. } => {
                vec![train.images, train.labels, test.images, test.labels]
            }
            Source::Emnist { archive, .. } => vec![archive],
        }
    }

    /// For a set that is published as one archive: the names of its packed files, and of the MATLAB file.
    fn archived(&self) -> Option<([&'static str; 4], &'static str)> {
        let Source::Emnist {
            train,
            test,
            matlab,
            ..
        } = self.source
        else {
            return None;
        };
        let ([a, b], [c, d]) = (train.names(), test.names());
        Some(([a, b, c, d], matlab))
    }

    /// What the loader reads of a set that is published as one archive, packed or unpacked; empty for other sets.
    pub fn unpacked_names(&self) -> Vec<&'static str> {
        let Some((packed, matlab)) = self.archived() else {
            return Vec::new();
        };
        let both = packed.into_iter().flat_map(|name| [name, unpacked(name)]);
        both.chain([matlab]).collect()
    }

    /// Whether files that no download would bring, but that the loader reads as they are, are there for all of the set:
    /// unpacked ones, or a MATLAB file. What is in them is not looked at. `false` for sets that are not published as one
    /// archive.
    pub fn is_unpacked_in(&self, data_directory: &Path) -> bool {
        let Some((names, matlab)) = self.archived() else {
            return false;
        };
        let folder = self.folder(data_directory);
        if names.iter().any(|name| folder.join(name).exists()) {
            return false;
        }
        let there = |name: &&&str| folder.join(unpacked(name)).is_file();
        let count = names.iter().filter(there).count();
        count == names.len() || count == 0 && folder.join(matlab).is_file()
    }

    /// The set's own folder in a data directory.
    pub fn folder(&self, data_directory: &Path) -> PathBuf {
        data_directory.join(self.name)
    }
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

/// Where data lies: `explicit`, else `$NOCTULE_DATA`, else `noctule` in the platform's cache directory.
///
/// An empty variable counts as unset. The directory need not exist.
///
/// # Errors
/// If none of the three says anything.
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
        assert!(message.contains("\"minst\""), "{message}");
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
