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
    /// Name of the file, ending in `.gz`.
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
        self.name.strip_suffix(".gz").unwrap_or(self.name)
    }
}

/// The two files of one split.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FilePair {
    /// The images.
    pub images: KnownFile,
    /// The labels of these images, in the same order.
    pub labels: KnownFile,
}

/// Where the samples of a set come from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Source {
    /// Drawn on the spot from a seed.
    Generated,
    /// IDX files at an official address.
    Idx {
        /// The address that file names are appended to, ending in a slash.
        base_url: &'static str,
        /// The files to learn from.
        train: &'static FilePair,
        /// The files to report on.
        test: &'static FilePair,
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
            Source::Generated => Vec::new(),
            Source::Idx { train, test, .. } => {
                vec![train.images, train.labels, test.images, test.labels]
            }
        }
    }

    /// The set's own folder in a data directory.
    pub fn folder(&self, data_directory: &Path) -> PathBuf {
        data_directory.join(self.name)
    }
}

/// All sets that Noctule knows, by name.
pub fn known_sets() -> &'static [KnownSet] {
    &[FASHION_MNIST, MNIST, YIN_YANG]
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

const DIGITS: Shape = Shape {
    height: 28,
    width: 28,
    channels: 1,
};

const MNIST: KnownSet = KnownSet {
    name: "mnist",
    description: "handwritten digits, 28 x 28 grey pixels",
    licence: "CC BY-SA 3.0",
    homepage: "http://yann.lecun.com/exdb/mnist/",
    shape: DIGITS,
    classes: 10,
    train_samples: 60_000,
    validation_samples: 0,
    test_samples: 10_000,
    source: Source::Idx {
        base_url: "https://ossci-datasets.s3.amazonaws.com/mnist/",
        train: &FilePair {
            images: KnownFile {
                name: "train-images-idx3-ubyte.gz",
                bytes: 9_912_422,
                sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                unpacked_sha256: Some(
                    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                ),
            },
            labels: KnownFile {
                name: "train-labels-idx1-ubyte.gz",
                bytes: 28_881,
                sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                unpacked_sha256: Some(
                    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                ),
            },
        },
        test: &FilePair {
            images: KnownFile {
                name: "t10k-images-idx3-ubyte.gz",
                bytes: 1_648_877,
                sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                unpacked_sha256: Some(
                    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                ),
            },
            labels: KnownFile {
                name: "t10k-labels-idx1-ubyte.gz",
                bytes: 4_542,
                sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                unpacked_sha256: Some(
                    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
                ),
            },
        },
    },
};

const FASHION_MNIST: KnownSet = KnownSet {
    name: "fashion-mnist",
    description: "pictures of clothes, 28 x 28 grey pixels",
    licence: "MIT",
    homepage: "https://github.com/zalandoresearch/fashion-mnist",
    shape: DIGITS,
    classes: 10,
    train_samples: 60_000,
    validation_samples: 0,
    test_samples: 10_000,
    source: Source::Idx {
        base_url: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        train: &FilePair {
            images: KnownFile {
                name: "train-images-idx3-ubyte.gz",
                bytes: 26_421_880,
                sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                unpacked_sha256: None,
            },
            labels: KnownFile {
                name: "train-labels-idx1-ubyte.gz",
                bytes: 29_515,
                sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                unpacked_sha256: None,
            },
        },
        test: &FilePair {
            images: KnownFile {
                name: "t10k-images-idx3-ubyte.gz",
                bytes: 4_422_102,
                sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                unpacked_sha256: None,
            },
            labels: KnownFile {
                name: "t10k-labels-idx1-ubyte.gz",
                bytes: 5_148,
                sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                unpacked_sha256: None,
            },
        },
    },
};

const YIN_YANG: KnownSet = KnownSet {
    name: "yin-yang",
    description: "points in a yin-yang symbol, generated from a seed",
    licence: "generated, none needed",
    homepage: "https://arxiv.org/abs/2102.08211",
    shape: Shape {
        height: 1,
        width: 4,
        channels: 1,
    },
    classes: 3,
    train_samples: 5_000,
    validation_samples: 1_000,
    test_samples: 1_000,
    source: Source::Generated,
};

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
            if let Source::Idx { base_url, .. } = set.source {
                assert!(base_url.starts_with("http") && base_url.ends_with('/'));
            }
            for file in set.files() {
                assert!(file.name.ends_with(".gz") && file.bytes > 0);
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
