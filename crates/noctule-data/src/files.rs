//! Files of the user's own samples: events or images.
//!
//! | samples | file | arrays |
//! |---|---|---|
//! | events | NPZ | `times`, `units`, `offsets` of length samples + 1, `labels`; optional `population` |
//! | events | HDF5 | `spikes/times` and `spikes/units`, arrays of variable length for each sample, `labels` (as SHD and SSC); optional `population` |
//! | images | NPZ | `images` of shape `[samples, height, width]` or `[samples, height, width, channels]`, `labels` |
//!
//! Times are numbers of any type and ascend within each sample; units and labels are integers of any type and count from
//! 0. Images are bytes, or floating-point numbers from 0 to 1. The format is told from the contents of a file, not from its
//! name. Labels may be left out where nothing is trained.
//!
//! ```no_run
//! use noctule_data::files::{EventOptions, load_events};
//!
//! let microseconds = EventOptions { time_unit: 1e-6, ..EventOptions::default() };
//! let gestures = load_events("gestures.npz".as_ref(), &microseconds)?;
//! println!("{} samples, classes: {:?}", gestures.len(), gestures.classes());
//! # Ok::<(), noctule_data::files::DataFileError>(())
//! ```

use std::path::Path;

mod contents;
mod error;
mod events;
mod format;
mod hdf5;
mod images;
mod labels;
mod layout;
mod npz;
mod numbers;
mod read;
mod samples;

pub use contents::{ContentsKind, FileContents};
pub use error::{DataFileError, Problem};
pub use events::{EventOptions, MOST_UNITS};
use format::Format;
pub use layout::Layout;
pub use samples::FileSamples;

/// Loads the events of an NPZ or HDF5 file.
///
/// # Errors
/// If the file cannot be read, is damaged, or has other contents; the message names the file, and where it is about an
/// event, the sample, the event and the value.
pub fn load_events(path: &Path, options: &EventOptions) -> Result<FileSamples, DataFileError> {
    Format::open(path, |file| read::events(file, options))
}

/// Loads the images of an NPZ file.
///
/// # Errors
/// As [`load_events`].
pub fn load_images(path: &Path) -> Result<FileSamples, DataFileError> {
    Format::open(path, read::images)
}

/// Looks at a file: what its samples are, and how many. All of it is read and checked.
///
/// # Errors
/// As [`load_events`].
pub fn inspect(path: &Path) -> Result<FileContents, DataFileError> {
    Format::open(path, |file| {
        let read = match read::has_images(&file) {
            true => read::images(file),
            false => read::events(file, &EventOptions::default()),
        };
        Ok(FileContents::from(&read?))
    })
}

/// As [`load_events`], of a file that is in memory.
///
/// # Errors
/// What is wrong with the contents.
pub fn parse_events(bytes: &[u8], options: &EventOptions) -> Result<FileSamples, Problem> {
    read::events(Format::parse(bytes)?, options)
}

/// As [`load_images`], of a file that is in memory.
///
/// # Errors
/// What is wrong with the contents.
pub fn parse_images(bytes: &[u8]) -> Result<FileSamples, Problem> {
    read::images(Format::parse(bytes)?)
}
