//! Loading a data set by its name.
//!
//! ```
//! use noctule_data::{Split, load};
//!
//! let points = load("yin-yang", Split::Train, None, 42)?;
//! assert_eq!(points.len(), 5_000);
//! # Ok::<(), noctule_data::LoadError>(())
//! ```

use std::path::{Path, PathBuf};

use crate::dataset::Dataset;
use crate::idx::FileError;
use crate::registry::known_set::{Generator, KnownSet, Source};
use crate::registry::split::Split;
use crate::shell::quoted;
use crate::{emnist, mnist, registry, spike_order, yinyang};

pub(crate) mod error;

pub use error::LoadError;

/// Loads one part of a set by its name.
///
/// Files are read from `data_directory`, or if that is `None` from [`registry::data_directory`];
/// [`KnownSet::places`](crate::KnownSet::places) says where they may lie in it. `seed` is the seed of generated sets;
/// other sets ignore it.
///
/// # Errors
/// If the set is unknown, has no such part or was not downloaded, or if its files are damaged.
pub fn load(
    name: &str,
    split: Split,
    data_directory: Option<&Path>,
    seed: u64,
) -> Result<Dataset, LoadError> {
    let set = registry::find(name)?;
    let folder = || registry::data_directory(data_directory).map(|data| folder(set, &data));
    let loaded = match (set.source, split) {
        (Source::Generated(Generator::YinYang), _) => return Ok(yinyang::standard(split, seed)?),
        (_, Split::Validation) => {
            let name = name.to_owned();
            return Err(LoadError::NoSplit { name, split });
        }
        (Source::Generated(Generator::SpikeOrder), _) => return Ok(spike_order::samples()?),
        (Source::Idx { train: files, .. }, Split::Train)
        | (Source::Idx { test: files, .. }, Split::Test) => mnist::load(set, files, &folder()?),
        (Source::Emnist { train, matlab, .. }, Split::Train) => {
            emnist::load(set, &train, matlab, "train", &folder()?)
        }
        (Source::Emnist { test, matlab, .. }, Split::Test) => {
            emnist::load(set, &test, matlab, "test", &folder()?)
        }
    };
    match loaded {
        Err(LoadError::File(FileError::Missing { path })) => {
            let data = registry::data_directory(data_directory)?;
            Err(LoadError::Missing {
                file: path.file_name().unwrap_or_default().into(),
                looked_in: set
                    .found_in(&data)
                    .map_or_else(|| set.places(&data), |one| vec![one]),
                command: fetch_command(name, data_directory),
            })
        }
        loaded => loaded,
    }
}

/// The folder that has files of a set, else its own.
fn folder(set: &KnownSet, data_directory: &Path) -> PathBuf {
    let found = set.found_in(data_directory);
    found.unwrap_or_else(|| set.folder(data_directory))
}

fn fetch_command(name: &str, data_directory: Option<&Path>) -> String {
    let command = format!("noctule data fetch {name}");
    match data_directory {
        Some(directory) => format!("{command} --data-dir {}", quoted(directory)),
        None => command,
    }
}
