#![doc = include_str!("../README.md")]

pub mod augment;
pub mod dataset;
pub mod download;
mod emnist;
pub mod encoder;
pub mod idx;
pub mod load;
pub mod mat5;
mod mnist;
mod receipt;
pub mod registry;
pub mod spike_order;
pub mod verify;
pub mod yinyang;

pub use augment::{AugmentError, Augmentation, Elastic};
pub use dataset::{Dataset, DatasetError, Inputs, Shape};
pub use download::{DownloadError, Downloader, Fetched, Progress};
pub use encoder::{EncodeError, LatencyEncoder};
pub use load::{LoadError, load};
pub use registry::{
    KnownFile, KnownSet, NamePair, RegistryError, Source, Split, data_directory, known_sets,
};
pub use verify::{Verdict, inspect};
