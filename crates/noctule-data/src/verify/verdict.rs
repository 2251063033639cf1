//! The result of comparing a file with its published checksum.

/// How the files in a folder compare with a known file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The official file, byte for byte.
    Official,
    /// A file with the official contents that is unpacked, or was packed again.
    OfficialContents,
    /// A file with other contents: another version, another split, or a damaged file.
    Different,
    /// There is no such file, packed or unpacked.
    Missing,
}
