//! Downloads of single files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ureq::Agent;

use crate::download::error::{DownloadError, occupied, storage};
use crate::download::progress::{Fetched, Progress};
use crate::download::transfer::Transfer;
use crate::download::turn::take_turn;
use crate::registry::known_set::KnownFile;
use crate::verify;
use crate::verify::verdict::Verdict;

/// Downloads known files over HTTP and HTTPS, through the proxy that the environment variables name.
#[derive(Clone, Debug)]
pub struct Downloader {
    agent: Agent,
    stop: Arc<AtomicBool>,
}

impl Default for Downloader {
    /// A downloader with a timeout of 30 s.
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
        Self {
            agent,
            stop: Arc::default(),
        }
    }

    /// A downloader that ends with [`DownloadError::Stopped`] soon after `stop` is set.
    #[must_use]
    pub fn with_stop(self, stop: Arc<AtomicBool>) -> Self {
        Self { stop, ..self }
    }

    /// When this is set, downloads end.
    pub(super) fn stop(&self) -> &AtomicBool {
        &self.stop
    }

    /// Downloads the file at `base_url` + `/` + its name into `folder`, unless `folder` has its contents already. While
    /// another process downloads into the folder, this one waits.
    ///
    /// # Errors
    /// If the file cannot be downloaded in full and with the published checksum, or cannot be written. No file of this
    /// name is created or changed in that case.
    pub fn fetch(
        &self,
        file: &KnownFile,
        base_url: &str,
        folder: &Path,
        progress: &mut dyn Progress,
    ) -> Result<Fetched, DownloadError> {
        // A folder that has everything need not be writable.
        if is_there(file, folder)? && !part_path(file, folder).exists() {
            return Ok(Fetched::AlreadyThere);
        }
        let _turn = take_turn(folder, &self.stop, progress)?;
        self.fetch_in_turn(file, base_url, folder, progress)
    }

    /// As [`Downloader::fetch`], for a caller whose turn it is to write the folder.
    pub(super) fn fetch_in_turn(
        &self,
        file: &KnownFile,
        base_url: &str,
        folder: &Path,
        progress: &mut dyn Progress,
    ) -> Result<Fetched, DownloadError> {
        let target = folder.join(file.name);
        let part = part_path(file, folder);
        if is_there(file, folder)? {
            // What an earlier download left is of no use any more.
            fs::remove_file(part).ok();
            return Ok(Fetched::AlreadyThere);
        }
        let mut transfer = Transfer {
            agent: &self.agent,
            file,
            url: format!("{}/{}", base_url.trim_end_matches('/'), file.name),
            part,
            stop: &self.stop,
            progress,
        };
        transfer.complete()?;
        fs::rename(&transfer.part, &target).map_err(|cause| storage("write", &target, cause))?;
        transfer.progress.finish();
        Ok(Fetched::Downloaded)
    }
}

/// Where the beginning of a file is kept until it is complete.
fn part_path(file: &KnownFile, folder: &Path) -> PathBuf {
    folder.join(format!("{}.part", file.name))
}

/// Whether the folder has the file, or its contents.
///
/// # Errors
/// If it has another file of this name.
fn is_there(file: &KnownFile, folder: &Path) -> Result<bool, DownloadError> {
    let path = folder.join(file.name);
    match verify::inspect(file, folder).map_err(|cause| storage("read", &path, cause))? {
        Verdict::Official | Verdict::OfficialContents => Ok(true),
        Verdict::Different => Err(occupied(file.name, folder)),
        Verdict::Missing => Ok(false),
    }
}
