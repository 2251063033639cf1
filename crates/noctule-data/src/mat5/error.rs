//! What can be wrong with a MATLAB file.

use noctule_core::Label;
use thiserror::Error;

use crate::foreign::Foreign;

/// The largest total size of the unpacked variables of a file, in bytes: 1 GiB.
pub const LIMIT: u64 = 1 << 30;

/// Why bytes are not a MATLAB 5 file, or do not hold what is asked for.
#[derive(Clone, Debug, Error, Eq, PartialEq)]
#[non_exhaustive]
pub enum Mat5Error {
    /// The file is something else altogether, such as a web page.
    #[error("this is {what}, not a MATLAB 5 file; {}", what.advice())]
    Foreign {
        /// What it is.
        what: Foreign,
    },
    /// The header does not end with a byte order mark.
    #[error(
        "bytes 126 and 127 are {found:?} instead of \"IM\" or \"MI\"; this is not a MATLAB 5 file"
    )]
    WrongMagic {
        /// The bytes in the file.
        found: [u8; 2],
    },
    /// The header names another version.
    #[error(
        "this is a MATLAB file of version {found:#06x}, but only 0x0100 can be read; write it with `save -v7`"
    )]
    WrongVersion {
        /// The version in the file.
        found: u16,
    },
    /// The data ends too early.
    #[error(
        "truncated: {what} needs {expected} bytes, but only {found} are left; fetch the file again"
    )]
    Truncated {
        /// The truncated part.
        what: &'static str,
        /// Its size in bytes.
        expected: u64,
        /// Bytes that are left.
        found: u64,
    },
    /// A packed variable cannot be unpacked.
    #[error("a packed variable is damaged ({cause}); fetch the file again")]
    CorruptZlib {
        /// The error of the decompressor.
        cause: String,
    },
    /// The variables are larger than [`LIMIT`] in total.
    #[error(
        "the header of a variable says {announced} bytes, but at most {LIMIT} are read from a file"
    )]
    TooLarge {
        /// Size of the variable in bytes, according to its header.
        announced: u64,
    },
    /// Reading the source failed.
    #[error("reading failed: {cause}")]
    Unreadable {
        /// The error of the operating system.
        cause: String,
    },
    /// A part of a variable has a wrong type or length.
    #[error("the file is damaged: {what} of a variable is of type {found} and {bytes} bytes long")]
    Malformed {
        /// The expected part.
        what: &'static str,
        /// Number of the type in the file.
        found: u32,
        /// Length in the file, in bytes.
        bytes: usize,
    },
    /// There is no variable or field of this name.
    #[error("there is no {name:?} in {parent}; it has {known:?}")]
    Absent {
        /// The name that was asked for.
        name: String,
        /// Where the name was looked up.
        parent: String,
        /// The names that exist, at most 100.
        known: Vec<String>,
    },
    /// An array is of another class.
    #[error("{array:?} is {found}, but {expected} is needed")]
    WrongClass {
        /// Name of the array.
        array: String,
        /// The class that is needed.
        expected: &'static str,
        /// The class that it has.
        found: &'static str,
    },
    /// An array has other dimensions.
    #[error("{array:?} has the dimensions {found:?}, but {expected} is needed")]
    Dimensions {
        /// Name of the array.
        array: String,
        /// The dimensions that it has.
        found: Vec<usize>,
        /// The dimensions that are needed.
        expected: String,
    },
    /// A label is not a whole number.
    #[error(
        "{array:?} holds {value}, which is not a whole number from 0 to {}",
        Label::MAX
    )]
    NotWhole {
        /// Name of the array.
        array: String,
        /// The number in the file.
        value: String,
    },
}
