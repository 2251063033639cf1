//! What can go wrong when a data set is loaded.

use std::path::PathBuf;

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
    #[error("{} does not exist; fetch it with: {command}", path.display())]
    Missing {
        /// The missing file, packed or unpacked.
        path: PathBuf,
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
