//! What can go wrong when a data set is loaded.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::dataset::error::DatasetError;
use crate::idx::FileError;
use crate::mat5::error::Mat5Error;
use crate::registry::RegistryError;
use crate::registry::split::Split;

/// Why a data set cannot be loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The set is unknown, or there is no data directory.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The set comes without this part.
    #[error(
        "data set {name:?} comes without a {split} part; hold out some of its training samples instead"
    )]
    NoSplit {
        /// Name of the set.
        name: String,
        /// The requested part.
        split: Split,
    },
    /// A file of the set has not been downloaded.
    #[error(
        "there is no {} in {}; fetch it with: {command}",
        described(file),
        listed(looked_in)
    )]
    Missing {
        /// Name of the missing file.
        file: PathBuf,
        /// The folders that were looked at.
        looked_in: Vec<PathBuf>,
        /// The command that downloads it.
        command: String,
    },
    /// A file is damaged or has another content than its name says.
    #[error(transparent)]
    File(#[from] FileError),
    /// A MATLAB file is damaged or has other contents.
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
    /// The numbers of images and of labels differ.
    #[error(
        "{} has {images} images, but {} has {labels} labels; fetch both again",
        images_path.display(), labels_path.display()
    )]
    Counts {
        /// The file of images.
        images_path: PathBuf,
        /// Number of images in it.
        images: usize,
        /// The file of labels.
        labels_path: PathBuf,
        /// Number of labels in it.
        labels: usize,
    },
    /// The samples do not form a valid data set.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
}

/// The name of a file, with the other names that would do.
fn described(file: &Path) -> String {
    let name = file.to_string_lossy();
    match name.strip_suffix(".gz") {
        Some(plain) if plain.contains("-idx") => {
            format!("`{name}` (nor without `.gz`, nor with `.idx` for `-idx`)")
        }
        _ => format!("`{name}`"),
    }
}

fn listed(folders: &[PathBuf]) -> String {
    let names = folders
        .iter()
        .map(|folder| format!("`{}`", folder.display()));
    let names: Vec<String> = names.collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}
