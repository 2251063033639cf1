//! The transfer of one file: requests, resumption, and the partial file on disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use ureq::Agent;
use ureq::http::{HeaderMap, header};

use crate::checksum;
use crate::download::connection::Connection;
use crate::download::error::{DownloadError, storage};
use crate::download::progress::Progress;
use crate::foreign;
use crate::registry::known_set::KnownFile;

/// The most connections within one call. Another one is only opened if the last one received some bytes.
const ATTEMPTS: usize = 5;

/// The transfer of one file.
pub(super) struct Transfer<'a> {
    pub(super) agent: &'a Agent,
    pub(super) file: &'a KnownFile,
    pub(super) url: String,
    pub(super) part: PathBuf,
    /// Ends the transfer when it is set.
    pub(super) stop: &'a AtomicBool,
    pub(super) progress: &'a mut dyn Progress,
}

impl Transfer<'_> {
    /// Completes the partial file and checks that it has the published contents.
    pub(super) fn complete(&mut self) -> Result<(), DownloadError> {
        let resumed = self.received()? > 0;
        self.receive_all()?;
        let mut found = self.checksum()?;
        if found != self.file.sha256 && resumed {
            // The partial file may have started with other contents than the published ones: start over.
            self.discard()?;
            self.receive_all()?;
            found = self.checksum()?;
        }
        if found == self.file.sha256 {
            return Ok(());
        }
        self.discard()?;
        Err(DownloadError::Checksum {
            url: self.url.clone(),
            expected: self.file.sha256.to_owned(),
            found,
        })
    }

    /// Receives all missing bytes, over several connections if necessary.
    fn receive_all(&mut self) -> Result<(), DownloadError> {
        let mut before = self.received()?;
        for _ in 1..ATTEMPTS {
            match self.receive() {
                Err(error) if error.is_interruption() && self.received()? > before => {
                    before = self.received()?;
                }
                result => return result,
            }
        }
        self.receive()
    }

    /// Receives the missing bytes over one connection.
    fn receive(&mut self) -> Result<(), DownloadError> {
        let total = self.file.bytes;
        let mut have = self.received()?;
        if have > total {
            self.discard()?;
            have = 0;
        }
        if have == total {
            return Ok(());
        }
        let connection = Connection::open(self.agent, &self.url, have, self.stop)
            .map_err(|error| self.failed(error.into()))?;
        let head = match connection.head().map_err(|_| self.stopped())? {
            None => return Err(self.interrupted(have)),
            Some(head) => head.map_err(|error| self.failed(error))?,
        };
        have = match head.status {
            200 => 0,
            206 if have > 0 && continues(&head.headers, have) => have,
            status => {
                if matches!(status, 206 | 416) {
                    // The server rejects the range: without a partial file the next call requests everything.
                    self.discard()?;
                }
                let url = self.url.clone();
                return Err(DownloadError::Status { url, status });
            }
        };
        let first = self.next_piece(&connection, have)?;
        if have == 0 {
            self.refuse_answer(first.as_deref().unwrap_or_default())?;
        }
        if let Some(length) = head.length
            && have + length != total
        {
            return Err(self.other_size(have + length));
        }
        self.progress.start(self.file.name, have, total);
        self.store(first, &connection, have)
    }

    /// The next bytes of a body; `have` have been received before. `None` at its end.
    fn next_piece(
        &self,
        connection: &Connection<'_>,
        have: u64,
    ) -> Result<Option<Vec<u8>>, DownloadError> {
        let piece = connection.next().map_err(|_| self.stopped())?;
        piece.transpose().map_err(|error| self.broken(error, have))
    }

    /// Refuses a body that starts like a web page or another answer in place of the file, before any of it is stored.
    fn refuse_answer(&self, start: &[u8]) -> Result<(), DownloadError> {
        match foreign::recognise(start) {
            Some(what) if what.is_answer() => Err(DownloadError::Answer {
                url: self.url.clone(),
                what,
            }),
            _ => Ok(()),
        }
    }

    /// Appends a body, of which `piece` comes first, to the first `have` bytes of the partial file.
    fn store(
        &mut self,
        mut piece: Option<Vec<u8>>,
        connection: &Connection<'_>,
        mut have: u64,
    ) -> Result<(), DownloadError> {
        let path = self.part.clone();
        let unwritable = |cause| storage("write", &path, cause);
        let mut options = OpenOptions::new();
        if have > 0 {
            options.append(true);
        } else {
            options.create(true).write(true).truncate(true);
        }
        let mut part = options.open(&self.part).map_err(unwritable)?;
        loop {
            let Some(bytes) = piece else {
                return Err(self.interrupted(have));
            };
            have += bytes.len() as u64;
            if have > self.file.bytes {
                self.discard()?;
                return Err(self.other_size(have));
            }
            part.write_all(&bytes).map_err(unwritable)?;
            self.progress.advance(have);
            if have == self.file.bytes {
                break;
            }
            piece = self.next_piece(connection, have)?;
        }
        // Written to the disk before the rename: a crash must not leave an empty file under the final name.
        part.sync_all().map_err(unwritable)
    }

    /// Size of the partial file in bytes.
    fn received(&self) -> Result<u64, DownloadError> {
        match fs::metadata(&self.part) {
            Ok(metadata) => Ok(metadata.len()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            Err(cause) => Err(storage("read", &self.part, cause)),
        }
    }

    fn discard(&self) -> Result<(), DownloadError> {
        match fs::remove_file(&self.part) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(storage("delete", &self.part, error))
            }
            _ => Ok(()),
        }
    }

    fn checksum(&self) -> Result<String, DownloadError> {
        File::open(&self.part)
            .and_then(checksum::sha256)
            .map_err(|cause| storage("read", &self.part, cause))
    }

    fn interrupted(&self, received: u64) -> DownloadError {
        DownloadError::Interrupted {
            url: self.url.clone(),
            received,
            expected: self.file.bytes,
        }
    }

    fn stopped(&self) -> DownloadError {
        let folder = self.part.parent().map(Path::to_path_buf);
        DownloadError::Stopped {
            folder: folder.unwrap_or_default(),
        }
    }

    /// The error for a connection that failed during the transfer.
    fn broken(&self, error: io::Error, received: u64) -> DownloadError {
        match ureq::Error::from(error) {
            error @ ureq::Error::Timeout(_) => self.failed(error),
            _ => self.interrupted(received),
        }
    }

    fn other_size(&self, found: u64) -> DownloadError {
        DownloadError::OtherFile {
            url: self.url.clone(),
            cause: format!("{found} bytes instead of {}", self.file.bytes),
        }
    }

    /// The error for a request that failed.
    fn failed(&self, error: ureq::Error) -> DownloadError {
        let url = self.url.clone();
        let cause = error.to_string();
        match error {
            ureq::Error::Timeout(_) => DownloadError::Timeout { url, cause },
            _ => DownloadError::Unreachable { url, cause },
        }
    }
}

/// Whether a partial response starts at byte `have`.
fn continues(headers: &HeaderMap, have: u64) -> bool {
    let range = headers.get(header::CONTENT_RANGE);
    range
        .and_then(|range| range.to_str().ok())
        .is_some_and(|range| range.starts_with(&format!("bytes {have}-")))
}
