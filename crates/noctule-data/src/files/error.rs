//! What can be wrong with a file of the user's own data.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::layout::Layout;

/// A file of samples that cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataFileError {
    /// The file is not there or cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// The contents of the file are not what they must be.
    #[error("{}: {problem}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        problem: Problem,
    },
}

/// What is wrong with the contents of a file. Samples, events and pixels count from 0; times are in the file's own unit.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum Problem {
    /// The file has another format.
    #[error("this is {found}, but samples are read from NPZ files (numpy.savez) and HDF5 files")]
    Format {
        /// What the file is.
        found: String,
    },
    /// The file breaks off or has damaged parts.
    #[error("the {format} file is truncated or damaged ({message})")]
    Damaged {
        /// `NPZ` or `HDF5`.
        format: &'static str,
        /// What the reader of the format said.
        message: String,
    },
    /// The file claims to hold more than its length allows.
    #[error("`{array}` claims {bytes} bytes, more than this file can hold; the file is damaged")]
    Claim {
        /// Name of the array.
        array: String,
        /// Size that it claims.
        bytes: u64,
    },
    /// The file has samples of the other kind.
    #[error("this file has {found}, but {expected} are needed; look at data.set")]
    Kind {
        /// What it has.
        found: &'static str,
        /// What was asked for.
        expected: &'static str,
    },
    /// An array is not there.
    #[error(
        "there is no array `{array}`; the file has {}. {layout}",
        listed(found)
    )]
    MissingArray {
        /// Name of the array.
        array: String,
        /// Names of the arrays that are there.
        found: Vec<String>,
        /// What a file of this kind holds.
        layout: Layout,
    },
    /// An array holds Python objects.
    #[error(
        "`{array}` holds Python objects; they are pickled, and pickles are never loaded, since they can run code. Save arrays of numbers, \
         not of lists or of None"
    )]
    Pickle {
        /// Name of the array.
        array: String,
    },
    /// An array has elements of another type.
    #[error("`{array}` holds elements of type {found}, but must hold {expected}")]
    Type {
        /// Name of the array.
        array: String,
        /// Its type, as NumPy names it.
        found: String,
        /// What it may hold.
        expected: &'static str,
    },
    /// An array has another number of dimensions.
    #[error("`{array}` has the shape {shape:?}, but must have {expected}")]
    Dimensions {
        /// Name of the array.
        array: String,
        /// Its shape.
        shape: Vec<usize>,
        /// What the shape must be.
        expected: &'static str,
    },
    /// The images are stored column by column.
    #[error("`{array}` is stored in Fortran order; save numpy.ascontiguousarray({array}) instead")]
    FortranOrder {
        /// Name of the array.
        array: String,
    },
    /// There is no sample.
    #[error("there are no samples; a file needs at least one")]
    NoSamples,
    /// An array has too few or too many entries.
    #[error("`{array}` has {length} entries for {count} {things}; there must be one for each")]
    Length {
        /// Name of the array.
        array: &'static str,
        /// Its length.
        length: usize,
        /// How many there must be.
        count: usize,
        /// What the entries belong to: `samples` or `events`.
        things: &'static str,
    },
    /// Times and units of a sample differ in number.
    #[error("sample {sample} has {times} times, but {units} units; every event needs one of both")]
    SampleLengths {
        /// Index of the sample.
        sample: usize,
        /// Its times.
        times: usize,
        /// Its units.
        units: usize,
    },
    /// The offsets do not start at 0.
    #[error(
        "`offsets` starts with {value}, but must start with 0: sample i has the events offsets[i] to offsets[i + 1]"
    )]
    FirstOffset {
        /// The first offset.
        value: i128,
    },
    /// An offset is less than the one before it.
    #[error(
        "sample {sample}: `offsets` falls from {start} to {end}; offsets must not fall: sample i has the events offsets[i] to offsets[i + 1]"
    )]
    FallingOffset {
        /// Index of the sample.
        sample: usize,
        /// Where it starts.
        start: i128,
        /// Where it ends.
        end: i128,
    },
    /// The last offset is not the number of events.
    #[error(
        "`offsets` ends with {value} at sample {sample}, but there are {events} events; the last offset must be the number of events"
    )]
    LastOffset {
        /// Index of the last sample.
        sample: usize,
        /// The last offset.
        value: i128,
        /// Number of events.
        events: usize,
    },
    /// A time is NaN or infinite.
    #[error("sample {sample}, event {event}: the time {time:?} is not a finite number")]
    NotFinite {
        /// Index of the sample.
        sample: usize,
        /// Index of the event in the sample.
        event: usize,
        /// The time.
        time: f64,
    },
    /// A time is negative.
    #[error(
        "sample {sample}, event {event}: the time {time:?} is negative, but a sample starts at 0; subtract its first time"
    )]
    NegativeTime {
        /// Index of the sample.
        sample: usize,
        /// Index of the event in the sample.
        event: usize,
        /// The time.
        time: f64,
    },
    /// A time is too late for single precision.
    #[error(
        "sample {sample}, event {event}: the time {time:?} is {seconds:?} s, which is too large; look at data.time_unit"
    )]
    LateTime {
        /// Index of the sample.
        sample: usize,
        /// Index of the event in the sample.
        event: usize,
        /// The time.
        time: f64,
        /// The time in seconds.
        seconds: f64,
    },
    /// An event is earlier than the one before it.
    #[error(
        "sample {sample}, event {event}: the time {time:?} is earlier than that of the event before it ({previous:?}); sort the events of \
             each sample by time"
    )]
    Unsorted {
        /// Index of the sample.
        sample: usize,
        /// Index of the event in the sample.
        event: usize,
        /// The time.
        time: f64,
        /// The time of the event before it.
        previous: f64,
    },
    /// A unit is outside the population.
    #[error(
        "sample {sample}, event {event}: unit {unit} does not exist in a population of {population}; units count from 0, and \
             data.population says how many there are"
    )]
    Unit {
        /// Index of the sample.
        sample: usize,
        /// Index of the event in the sample.
        event: usize,
        /// The unit.
        unit: i128,
        /// Number of units.
        population: usize,
    },
    /// The size of the population is 0 or too large.
    #[error("the population is {population}, but must be from 1 to {most}")]
    Population {
        /// The size.
        population: i128,
        /// The largest size.
        most: usize,
    },
    /// The unit of time is 0, negative or not finite.
    #[error(
        "the unit of time is {time_unit:?} s, but must be a finite number of seconds greater than 0"
    )]
    TimeUnit {
        /// The unit that was given, in seconds.
        time_unit: f64,
    },
    /// A label is negative or too large.
    #[error(
        "sample {sample}: the label {label} is no class; labels count from 0, one for each class"
    )]
    Label {
        /// Index of the sample.
        sample: usize,
        /// The label.
        label: i128,
    },
    /// An intensity is outside 0 to 1.
    #[error(
        "sample {sample}, pixel {pixel}: the intensity {value} is not a number from 0 to 1; scale the images, or save them as uint8 (0 to 255)"
    )]
    Intensity {
        /// Index of the sample.
        sample: usize,
        /// Index of the pixel in the sample.
        pixel: usize,
        /// The intensity.
        value: f32,
    },
}

fn listed(names: &[String]) -> String {
    const MOST: usize = 12;
    if names.is_empty() {
        return "no array at all".to_owned();
    }
    let shown = names.iter().take(MOST).map(|name| format!("`{name}`"));
    let mut shown: Vec<String> = shown.collect();
    if names.len() > MOST {
        shown.push(format!("{} more", names.len() - MOST));
    }
    shown.join(", ")
}
