//! Downloads that resume where they stopped and never leave a wrong file in place.
//!
//! Bytes go to `<file>.part`. Only when all of them are there and their SHA-256 is the published one is that file
//! renamed to its final name. A connection that breaks is taken up again where it stopped, at once and by the next
//! call, with an HTTP range request; a server that knows no ranges is asked for everything.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;
use ureq::Agent;

use crate::registry::{KnownFile, KnownSet, Source};
use crate::verify::{self, Verdict};

mod archive;
mod transfer;

use archive::Archive;
use transfer::Transfer;

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
    /// The server stopped talking.
    #[error("{url} did not answer in time ({cause}); run the same command again to resume")]
    Timeout {
        /// The address that was asked.
        url: String,
        /// What took too long.
        cause: String,
    },
    /// The server answered, but not with the file.
    #[error("{url} answered with HTTP status {status}; the file may have moved")]
    Status {
        /// The address that was asked.
        url: String,
        /// The HTTP status, such as 404.
        status: u16,
    },
    /// The server has a file of another size, or sent another part than it was asked for.
    #[error("{url} does not offer the file that Noctule knows: {cause}")]
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
        /// Bytes that are there now.
        received: u64,
        /// Bytes of the whole file.
        expected: u64,
    },
    /// All bytes came, but they are the wrong ones. They have been deleted.
    #[error("the file from {url} has the SHA-256 {found} instead of {expected}; it was deleted")]
    Checksum {
        /// The address that was asked.
        url: String,
        /// The published checksum.
        expected: String,
        /// The checksum of what came.
        found: String,
    },
    /// A different file has the name already; it was left alone.
    #[error("{} is there already, but it is not the official file; move it away to fetch that one", path.display())]
    Occupied {
        /// Where the file lies.
        path: PathBuf,
    },
    /// A file has the name already, and nothing shows that it is the official one; it was left alone.
    #[error(
        "{} is there already, but nothing shows that it came from the official {archive}; use it as it is, or move it away to fetch that one",
        path.display()
    )]
    Unproven {
        /// Where the file lies.
        path: PathBuf,
        /// Name of the archive that the official file is in.
        archive: &'static str,
    },
    /// The disk is full.
    #[error("no space is left to write {}; free some and run the same command again to resume", path.display())]
    DiskFull {
        /// The file that was being written.
        path: PathBuf,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {action} {}: {cause}", path.display())]
    Storage {
        /// What was being done: `read`, `write` and so on.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
}

impl DownloadError {
    fn is_interruption(&self) -> bool {
        matches!(self, Self::Interrupted { .. } | Self::Timeout { .. })
    }
}

/// What a download tells whoever draws the progress bar.
pub trait Progress {
    /// A file begins, or goes on after a break: `done` of its `total` bytes are there.
    fn start(&mut self, file: &str, done: u64, total: u64);
    /// Now `done` bytes are there.
    fn advance(&mut self, done: u64);
    /// The file is complete, checked and in place.
    fn finish(&mut self);
}

/// No progress bar.
impl Progress for () {
    fn start(&mut self, _file: &str, _done: u64, _total: u64) {}
    fn advance(&mut self, _done: u64) {}
    fn finish(&mut self) {}
}

/// What was done to get a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fetched {
    /// It was downloaded, or what was missing of it.
    Downloaded,
    /// It was there, with the published contents.
    AlreadyThere,
}

/// Downloads known files over HTTP and HTTPS, through the proxy that the environment names.
#[derive(Clone, Debug)]
pub struct Downloader {
    agent: Agent,
}

impl Default for Downloader {
    /// Waits for a silent server for 30 s.
    fn default() -> Self {
        Self::new(Duration::from_secs(30))
    }
}

impl Downloader {
    /// A downloader that gives up once the server has been silent for `patience`.
    pub fn new(patience: Duration) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_resolve(Some(patience))
            .timeout_connect(Some(patience))
            .timeout_per_read(Some(patience))
            .timeout_per_write(Some(patience))
            .user_agent(concat!("noctule/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Self { agent }
    }

    /// Downloads every file of a set into its folder in `data_directory`, from `base_url` or else the official address.
    ///
    /// Returns each file's name with what was done; nothing for generated sets. Of a set in an archive only the files
    /// that are needed stay: they are extracted and the archive is deleted.
    ///
    /// # Errors
    /// At the first file that cannot be had; complete files before it stay.
    pub fn fetch_set(
        &self,
        set: &KnownSet,
        data_directory: &Path,
        base_url: Option<&str>,
        progress: &mut dyn Progress,
    ) -> Result<Vec<(&'static str, Fetched)>, DownloadError> {
        let folder = set.folder(data_directory);
        match set.source {
            Source::Generated(_) => Ok(Vec::new()),
            Source::Idx {
                base_url: official, ..
            } => {
                let base_url = base_url.unwrap_or(official);
                let fetch = |file: KnownFile| {
                    let fetched = self.fetch(&file, base_url, &folder, progress)?;
                    Ok((file.name, fetched))
                };
                set.files().into_iter().map(fetch).collect()
            }
            Source::Emnist {
                base_url: official,
                archive,
                folder: inner_folder,
                train,
                test,
                ..
            } => {
                let archive = Archive {
                    file: &archive,
                    inner_folder,
                    names: &[train.names(), test.names()].concat(),
                    folder: &folder,
                };
                archive.fetch(self, base_url.unwrap_or(official), progress)
            }
        }
    }

    /// Downloads one file from under `base_url` into `folder`, unless its contents are there.
    ///
    /// # Errors
    /// If the file cannot be had whole and with the published checksum, or cannot be written; no file of this name is
    /// then made or changed.
    pub fn fetch(
        &self,
        file: &KnownFile,
        base_url: &str,
        folder: &Path,
        progress: &mut dyn Progress,
    ) -> Result<Fetched, DownloadError> {
        let target = folder.join(file.name);
        match verify::inspect(file, folder).map_err(|cause| storage("read", &target, cause))? {
            Verdict::Official | Verdict::OfficialContents => return Ok(Fetched::AlreadyThere),
            Verdict::Different => return Err(DownloadError::Occupied { path: target }),
            Verdict::Missing => {}
        }
        fs::create_dir_all(folder).map_err(|cause| storage("create", folder, cause))?;
        let mut transfer = Transfer {
            agent: &self.agent,
            file,
            url: format!("{}/{}", base_url.trim_end_matches('/'), file.name),
            part: folder.join(format!("{}.part", file.name)),
            progress,
        };
        transfer.complete()?;
        fs::rename(&transfer.part, &target).map_err(|cause| storage("write", &target, cause))?;
        transfer.progress.finish();
        Ok(Fetched::Downloaded)
    }
}

fn storage(action: &'static str, path: &Path, cause: io::Error) -> DownloadError {
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
