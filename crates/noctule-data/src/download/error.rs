//! What can go wrong in a download.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::file_names::locate;
use crate::folder_lock::FolderLockError;
use crate::foreign::Foreign;
use crate::verify::foreign_contents;

/// Why a file could not be downloaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// The server cannot be reached.
    #[error(
        "cannot reach {url} ({cause}); check the network connection and run the same command again"
    )]
    Unreachable {
        /// The address that was asked.
        url: String,
        /// What went wrong.
        cause: String,
    },
    /// The server did not respond in time.
    #[error("{url} did not respond in time ({cause}); run the same command again to resume")]
    Timeout {
        /// The address that was asked.
        url: String,
        /// Which step timed out.
        cause: String,
    },
    /// The server responded with an HTTP error.
    #[error("{url} responded with HTTP status {status}; {}", status_advice(*status))]
    Status {
        /// The address that was asked.
        url: String,
        /// The HTTP status, such as 404.
        status: u16,
    },
    /// The body is a web page or the like, not the file.
    #[error(
        "{url} sent {what} instead of the file, and none of it was kept; open the address in a browser: the network may \
         want you to log in, or the file may have moved"
    )]
    Answer {
        /// The address that was asked.
        url: String,
        /// What was sent.
        what: Foreign,
    },
    /// The server has a file of another size.
    #[error("{url} has a different file: {cause}")]
    OtherFile {
        /// The address that was asked.
        url: String,
        /// How it differs.
        cause: String,
    },
    /// The connection broke.
    #[error(
        "the connection to {url} broke after {received} of {expected} bytes; run the same command again to resume"
    )]
    Interrupted {
        /// The address that was asked.
        url: String,
        /// Bytes received so far.
        received: u64,
        /// Bytes of the whole file.
        expected: u64,
    },
    /// The caller asked for an end.
    #[error("the download into {} was stopped; run the same command again to resume", folder.display())]
    Stopped {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder cannot be written.
    #[error(transparent)]
    Folder(#[from] FolderLockError),
    /// The file was received in full, but its checksum is wrong. It was deleted.
    #[error("the file from {url} has the SHA-256 {found} instead of {expected}; it was deleted")]
    Checksum {
        /// The address that was asked.
        url: String,
        /// The published checksum.
        expected: String,
        /// The checksum of the received file.
        found: String,
    },
    /// A different file of this name exists; it was not changed.
    #[error(
        "{} exists, but it is {}; move it away to fetch the official one",
        path.display(), described(what.as_ref())
    )]
    Occupied {
        /// Path of the file.
        path: PathBuf,
        /// What it is, if it is nothing of the kind.
        what: Option<Foreign>,
    },
    /// A file of this name exists, and no checksum shows that it is the official one; it was not changed.
    #[error(
        "{} exists, but no checksum shows that it came from the official {archive}; use it as it is, or move it away to fetch the official file",
        path.display()
    )]
    Unproven {
        /// Path of the file.
        path: PathBuf,
        /// Name of the archive that contains the official file.
        archive: &'static str,
    },
    /// The disk is full.
    #[error("no space is left to write {}; free some space and run the same command again to resume", path.display())]
    DiskFull {
        /// The file that was being written.
        path: PathBuf,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {action} {}: {cause}", path.display())]
    Storage {
        /// The operation: `read`, `write` and so on.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        cause: io::Error,
    },
}

impl DownloadError {
    /// Whether a further request can resume the download.
    pub(super) fn is_interruption(&self) -> bool {
        matches!(self, Self::Interrupted { .. } | Self::Timeout { .. })
    }
}

/// The error for a file that is in the way of the official one.
pub(super) fn occupied(name: &str, folder: &Path) -> DownloadError {
    DownloadError::Occupied {
        path: locate(name, folder),
        what: foreign_contents(name, folder),
    }
}

fn described(what: Option<&Foreign>) -> String {
    what.map_or("not the official file".to_owned(), |what| what.to_string())
}

fn status_advice(status: u16) -> &'static str {
    match status {
        401 | 403 | 407 | 511 => "access is refused: a proxy or the network may want you to log in",
        408 | 429 | 500.. => "try again later",
        _ => "the file may have moved",
    }
}

/// The error of a file operation: [`DownloadError::DiskFull`] or [`DownloadError::Storage`].
pub(super) fn storage(action: &'static str, path: &Path, cause: io::Error) -> DownloadError {
    let path = path.to_path_buf();
    match cause.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => DownloadError::DiskFull { path },
        _ => DownloadError::Storage {
            action,
            path,
            cause,
        },
    }
}
