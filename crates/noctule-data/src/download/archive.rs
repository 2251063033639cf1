//! Sets that are published as one archive: it is downloaded, the needed files are extracted, and it is deleted.

use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zip::ZipArchive;
use zip::result::ZipError;

use crate::checksum;
use crate::download::downloader::Downloader;
use crate::download::error::{DownloadError, occupied, storage};
use crate::download::progress::{Fetched, Progress};
use crate::download::turn::take_turn;
use crate::registry::known_set::KnownFile;
use crate::verify::receipt::Receipt;
use crate::verify::verdict::Verdict;

/// The files of a set within an archive.
pub(super) struct Archive<'a> {
    /// The published archive.
    pub(super) file: &'a KnownFile,
    /// The folder of the files within it.
    pub(super) inner_folder: &'static str,
    /// Names of the needed files.
    pub(super) names: &'a [&'static str],
    /// The folder to extract them to.
    pub(super) folder: &'a Path,
}

impl Archive<'_> {
    /// Downloads the archive and extracts its files, unless they are present.
    ///
    /// If the folder has the official archive already, that one is used.
    pub(super) fn fetch(
        &self,
        downloader: &Downloader,
        base_url: &str,
        progress: &mut dyn Progress,
    ) -> Result<Vec<(&'static str, Fetched)>, DownloadError> {
        let archive = self.folder.join(self.file.name);
        // A folder that has everything need not be writable.
        if self.missing()?.is_empty() && !archive.exists() {
            let there = |&name| (name, Fetched::AlreadyThere);
            return Ok(self.names.iter().map(there).collect());
        }
        let _turn = take_turn(self.folder, downloader.stop(), progress)?;
        let missing = self.missing()?;
        if !missing.is_empty() {
            downloader.fetch_in_turn(self.file, base_url, self.folder, progress)?;
            self.extract(&missing)?;
        }
        self.delete_archive()?;
        let fetched = |&name| match missing.contains(&name) {
            true => (name, Fetched::Downloaded),
            false => (name, Fetched::AlreadyThere),
        };
        Ok(self.names.iter().map(fetched).collect())
    }

    /// Deletes the archive if there is one. Another file of the same name is kept.
    fn delete_archive(&self) -> Result<(), DownloadError> {
        let path = self.folder.join(self.file.name);
        let sum = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            file => file.and_then(checksum::sha256),
        };
        if sum.map_err(|cause| storage("read", &path, cause))? == self.file.sha256 {
            fs::remove_file(&path).map_err(|cause| storage("delete", &path, cause))?;
        }
        Ok(())
    }

    /// The names of missing files.
    ///
    /// # Errors
    /// If a file is present that is not known to be the official one.
    fn missing(&self) -> Result<Vec<&'static str>, DownloadError> {
        let unreadable = |cause| storage("read", &Receipt::path(self.file, self.folder), cause);
        let receipt = Receipt::read(self.file, self.folder).map_err(unreadable)?;
        let mut missing = Vec::new();
        for &name in self.names {
            let path = self.folder.join(name);
            let verdict = receipt.judge(name, self.folder);
            match verdict.map_err(|cause| storage("read", &path, cause))? {
                Verdict::Official | Verdict::OfficialContents => {}
                Verdict::Missing => missing.push(name),
                Verdict::Different if receipt.lists(name) => {
                    return Err(occupied(name, self.folder));
                }
                Verdict::Different => {
                    let archive = self.file.name;
                    return Err(DownloadError::Unproven { path, archive });
                }
            }
        }
        Ok(missing)
    }

    /// Extracts files under temporary names, and renames them once all are complete.
    fn extract(&self, missing: &[&'static str]) -> Result<(), DownloadError> {
        let path = self.folder.join(self.file.name);
        let archive = File::open(&path).map_err(|cause| storage("read", &path, cause))?;
        let archive = ZipArchive::new(BufReader::new(archive));
        let mut archive = archive.map_err(|error| self.damaged(&path, error))?;
        let unwritable = |path: &Path, cause| storage("write", path, cause);
        let receipt_path = Receipt::path(self.file, self.folder);
        let mut receipt = Receipt::read(self.file, self.folder)
            .map_err(|cause| storage("read", &receipt_path, cause))?;
        for &name in missing {
            let member = archive.by_name(&format!("{}{name}", self.inner_folder));
            let member = member.map_err(|error| self.damaged(&path, error))?;
            let sum = self.copy(member, &self.part(name), &path)?;
            receipt.insert(name, sum);
        }
        // The receipt comes before the files, so that no file ever has its final name without a listed sum.
        let written = receipt.write(self.file, self.folder);
        written.map_err(|cause| unwritable(&receipt_path, cause))?;
        for &name in missing {
            let target = self.folder.join(name);
            let renamed = fs::rename(self.part(name), &target);
            renamed.map_err(|cause| unwritable(&target, cause))?;
        }
        Ok(())
    }

    fn part(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.part"))
    }

    /// Copies a member of the archive at `path` to `part`; returns its SHA-256.
    fn copy(
        &self,
        mut member: impl Read,
        part: &Path,
        path: &Path,
    ) -> Result<String, DownloadError> {
        let unwritable = |cause| storage("write", part, cause);
        let mut file = File::create(part).map_err(unwritable)?;
        let mut digest = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = match member.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.damaged(path, ZipError::Io(error))),
            };
            digest.update(&buffer[..count]);
            file.write_all(&buffer[..count]).map_err(unwritable)?;
        }
        file.sync_all().map_err(unwritable)?;
        Ok(checksum::hexadecimal(&digest.finalize()))
    }

    fn damaged(&self, path: &Path, error: ZipError) -> DownloadError {
        let cause = match error {
            ZipError::Io(cause) => cause,
            other => io::Error::other(other),
        };
        storage("extract files from", path, cause)
    }
}
