//! Downloads that resume after an interruption and never leave a wrong file under its final name.
//!
//! Bytes are written to `<file>.part`. The file gets its final name only when it is complete and its SHA-256 is the
//! published one. After a broken connection the same call retries, and the next call resumes, with an HTTP range
//! request; if the server does not support ranges, the whole file is requested again.
//!
//! One process at a time downloads into a folder; another one waits for it, and then finds the files there.

use std::path::Path;

use crate::registry::known_set::{KnownFile, KnownSet, Source};

mod archive;
mod connection;
mod downloader;
mod error;
mod progress;
mod transfer;
mod turn;

use archive::Archive;
pub use downloader::Downloader;
pub use error::DownloadError;
pub use progress::{Fetched, Progress};

impl Downloader {
    /// Downloads every file of a set into its folder in `data_directory`, from `base_url` or else the official address.
    ///
    /// Returns each file's name and what was done; nothing for generated sets. If the set is published as an archive,
    /// the needed files are extracted and the archive is deleted.
    ///
    /// # Errors
    /// If a file cannot be downloaded. Files that were completed before it are kept.
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
}
