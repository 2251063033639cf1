//! What a file is instead of what its name says: a web page, a pointer of Git LFS, an archive and so on.
//!
//! Downloads by hand often end in such files. Their first bytes give them away.
//!
//! ```
//! use noctule_data::foreign::{Foreign, recognise};
//!
//! assert_eq!(recognise(b"<!DOCTYPE html><html>"), Some(Foreign::Html));
//! assert_eq!(recognise(&[0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]), None);
//! ```

use std::fmt::{self, Display, Formatter};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// As many bytes from the start of a file as [`recognise`] looks at.
pub const START: usize = 512;

/// Zeros at the start of a file from which on it counts as one of zeros only.
const ZEROS: usize = 16;
/// The most characters of a line of text that are quoted.
const QUOTED: usize = 60;

/// What a file is, told from its first bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Foreign {
    /// No bytes at all.
    Empty,
    /// Zero bytes only.
    Zeros,
    /// A web page.
    Html,
    /// XML, as storage servers send for errors.
    Xml,
    /// JSON, as web services send for errors.
    Json,
    /// What Git has in place of a file of Git LFS that was not fetched.
    GitLfsPointer,
    /// What Git has in place of a file of git-annex that was not fetched.
    GitAnnexPointer,
    /// A file of another format, such as `a zip archive`.
    Format(&'static str),
    /// Plain text; its first line, or the beginning of it.
    Text(String),
}

/// The formats of published files.
const GZIP: &str = "gzip data";
const ZIP: &str = "a zip archive (or an NPZ file, which is one)";

/// Formats by their first bytes.
const FORMATS: [(&[u8], &str); 14] = [
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", GZIP),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x93NUMPY", "a NumPy array (.npy)"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"MATLAB 5.0", "a MATLAB 5 file"),
];

/// Where and how a tar archive says that it is one.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// Recognises a file by its first [`START`] bytes, or all of them if there are fewer. `None` if they say nothing.
///
/// The caller knows what the file should be, and asks only if it is not that.
pub fn recognise(start: &[u8]) -> Option<Foreign> {
    let start = &start[..start.len().min(START)];
    if start.is_empty() {
        return Some(Foreign::Empty);
    }
    if start.len() >= ZEROS && start.iter().all(|&byte| byte == 0) {
        return Some(Foreign::Zeros);
    }
    let format = FORMATS.iter().find(|(magic, _)| start.starts_with(magic));
    if let Some((_, name)) = format {
        return Some(Foreign::Format(name));
    }
    if start
        .get(TAR.0..)
        .is_some_and(|rest| rest.starts_with(TAR.1))
    {
        return Some(Foreign::Format("a tar archive"));
    }
    recognise_text(&text(start)?)
}

/// Recognises the file at `path`.
///
/// # Errors
/// If it cannot be read.
pub fn recognise_file(path: &Path) -> io::Result<Option<Foreign>> {
    let mut start = Vec::new();
    File::open(path)?
        .take(START as u64)
        .read_to_end(&mut start)?;
    Ok(recognise(&start))
}

/// The bytes as text, if they are UTF-8 (whose last character may be cut off) without control characters.
fn text(start: &[u8]) -> Option<String> {
    let text = match str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            str::from_utf8(&start[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let is_plain = |letter: char| !letter.is_control() || letter.is_ascii_whitespace();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    (!text.is_empty() && text.chars().all(is_plain)).then(|| text.to_owned())
}

fn recognise_text(text: &str) -> Option<Foreign> {
    let lower = text.to_ascii_lowercase();
    let starts = |beginnings: &[&str]| beginnings.iter().any(|with| lower.starts_with(with));
    let dense: String = text.split_whitespace().collect();
    let is_page = starts(&[
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<script",
        "<meta",
    ]);
    Some(
        if is_page || starts(&["<?xml"]) && lower.contains("<html") {
            Foreign::Html
        } else if starts(&["<?xml", "<error"]) {
            Foreign::Xml
        } else if starts(&["version https://git-lfs", "version http://git-media"]) {
            Foreign::GitLfsPointer
        } else if starts(&["/annex/objects/", "../.git/annex", ".git/annex"]) {
            Foreign::GitAnnexPointer
        } else if ["{\"", "{}", "[{", "[\""]
            .iter()
            .any(|with| dense.starts_with(with))
        {
            Foreign::Json
        } else {
            let line = text.lines().next().unwrap_or_default().trim_end();
            Foreign::Text(line.chars().take(QUOTED).collect())
        },
    )
}

impl Foreign {
    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Html | Self::Xml | Self::Json | Self::Text(_) => {
                "a server sent it instead of the file; delete it and fetch the file again"
            }
            Self::GitLfsPointer => {
                "get the file itself with `git lfs pull` in its repository, or delete this one and fetch the file again"
            }
            Self::GitAnnexPointer => {
                "get the file itself with `git annex get` in its repository, or delete this one and fetch the file again"
            }
            Self::Empty | Self::Zeros => {
                "a download or copy broke off; delete it and fetch the file again"
            }
            Self::Format(_) => "unpack or convert it, or delete it and fetch the file again",
        }
    }

    /// Whether files of known sets are published in this format.
    pub(crate) fn is_published(&self) -> bool {
        matches!(self, Self::Format(GZIP | ZIP))
    }

    /// Whether this is what a server or a network sends in place of a file, rather than a file of another format.
    pub fn is_answer(&self) -> bool {
        matches!(
            self,
            Self::Html | Self::Xml | Self::Json | Self::GitLfsPointer | Self::GitAnnexPointer
        )
    }
}

impl Display for Foreign {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "empty",
            Self::Zeros => "nothing but zero bytes",
            Self::Html => "a web page (HTML)",
            Self::Xml => "an XML document",
            Self::Json => "a JSON document",
            Self::GitLfsPointer => "a pointer of Git LFS",
            Self::GitAnnexPointer => "a pointer of git-annex",
            Self::Format(name) => name,
            Self::Text(line) => return write!(f, "text (\"{line}\")"),
        })
    }
}
