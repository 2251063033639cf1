//! Downloads of single files.

use std::fs;
use std::path::Path;
use std::time::Duration;

use ureq::Agent;

use crate::download::error::{DownloadError, storage};
use crate::download::progress::{Fetched, Progress};
use crate::download::transfer::Transfer;
use crate::registry::known_set::KnownFile;
use crate::verify;
use crate::verify::verdict::Verdict;

/// Downloads known files over HTTP and HTTPS, through the proxy that the environment variables name.
#[derive(Clone, Debug)]
pub struct Downloader {
    agent: Agent,
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
        Self { agent }
    }

    /// Downloads the file at `base_url` + `/` + its name into `folder`, unless `folder` has its contents already.
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
