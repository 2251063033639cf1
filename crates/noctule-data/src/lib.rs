#![doc = include_str!("../README.md")]

pub mod augment;
mod checksum;
pub mod dataset;
#[cfg(feature = "download")]
pub mod download;
mod emnist;
mod file_names;
pub mod files;
pub mod folder_lock;
pub mod foreign;
mod gzip;
pub mod idx;
pub mod load;
pub mod mat5;
mod mnist;
mod places;
pub mod registry;
pub mod shell;
pub mod spelling;
pub mod spike_order;
pub mod verify;
pub mod yinyang;

pub use augment::{AugmentError, Augmentation, Elastic};
pub use dataset::{Dataset, DatasetError, Samples};
#[cfg(feature = "download")]
pub use download::{DownloadError, Downloader, Fetched, Progress};
pub use files::{DataFileError, EventOptions, FileSamples};
pub use load::{LoadError, load};
pub use noctule_core::{Pixels, Shape};
pub use registry::{
    KnownFile, KnownSet, NamePair, RegistryError, Source, Split, data_directory, known_sets,
};
pub use verify::{Verdict, foreign_contents, inspect, other_set};
