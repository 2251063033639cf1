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

use thiserror::Error;

use crate::dataset::{Dataset, DatasetError};
use crate::idx::FileError;
use crate::mat5::Mat5Error;
use crate::registry::{self, Generator, RegistryError, Source, Split};
use crate::{emnist, mnist, spike_order, yinyang};

/// Why a data set cannot be loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The name or the data directory is not known.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The set does not come with such a part.
    #[error(
        "data set {name:?} has no {split} part of its own; hold out a part of its training samples instead"
    )]
    NoSplit {
        /// Name of the set.
        name: String,
        /// The part that was asked for.
        split: Split,
    },
    /// The files have not been fetched.
    #[error("{} does not exist; fetch it with: {command}", path.display())]
    Missing {
        /// The file that was looked for, packed or unpacked.
        path: PathBuf,
        /// The command that fetches it.
        command: String,
    },
    /// A file is damaged or not what its name says.
    #[error(transparent)]
    File(#[from] FileError),
    /// A MATLAB file is damaged or holds something else.
    #[error("{}: {cause}", path.display())]
    Matlab {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: Mat5Error,
    },
    /// The images have another size than those of this set.
    #[error(
        "{}: the images are {found_height} x {found_width} pixels, but those of {name:?} are {height} x {width}",
        path.display()
    )]
    ImageSize {
        /// Name of the set.
        name: String,
        /// The file of images.
        path: PathBuf,
        /// Rows in the file.
        found_height: usize,
        /// Columns in the file.
        found_width: usize,
        /// Rows in the set.
        height: usize,
        /// Columns in the set.
        width: usize,
    },
    /// The images and the labels do not belong together.
    #[error(
        "{} has {images} images, but {} has {labels} labels; fetch both again",
        images_path.display(), labels_path.display()
    )]
    Counts {
        /// The file of images.
        images_path: PathBuf,
        /// Images in it.
        images: usize,
        /// The file of labels.
        labels_path: PathBuf,
        /// Labels in it.
        labels: usize,
    },
    /// The samples do not make up a data set.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
}

/// Loads one part of a set by its name.
///
/// Files are looked for in `data_directory`, else where [`registry::data_directory`] says; `seed` draws generated sets
/// and does nothing to the others.
///
/// # Errors
/// If the set is unknown, has no such part, was not fetched, or its files are damaged.
pub fn load(
    name: &str,
    split: Split,
    data_directory: Option<&Path>,
    seed: u64,
) -> Result<Dataset, LoadError> {
    let set = registry::find(name)?;
    let folder = || registry::data_directory(data_directory).map(|data| set.folder(&data));
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
    loaded.map_err(|error| match error {
        LoadError::File(FileError::Missing { path }) => LoadError::Missing {
            path,
            command: fetch_command(name, data_directory),
        },
        other => other,
    })
}

fn fetch_command(name: &str, data_directory: Option<&Path>) -> String {
    let command = format!("noctule data fetch {name}");
    match data_directory {
        Some(directory) => format!("{command} --data-dir {:?}", directory.display().to_string()),
        None => command,
    }
}
