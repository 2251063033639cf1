//! Processes that download into one folder take turns.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::download::error::{DownloadError, storage};
use crate::download::progress::Progress;
use crate::folder_lock::{FolderLock, FolderLockError};

/// How often it is looked whether the folder is free.
const GLANCE: Duration = Duration::from_millis(100);

/// Makes the folder if it is missing, and waits until no other process downloads into it.
pub(super) fn take_turn(
    folder: &Path,
    stop: &AtomicBool,
    progress: &mut dyn Progress,
) -> Result<FolderLock, DownloadError> {
    fs::create_dir_all(folder).map_err(|cause| storage("create", folder, cause))?;
    let mut told = false;
    loop {
        match FolderLock::acquire(folder) {
            Err(held @ FolderLockError::Held { .. }) => {
                if !told {
                    progress.wait(&held.to_string());
                    told = true;
                }
            }
            turn => return Ok(turn?),
        }
        if stop.load(Ordering::Relaxed) {
            let folder = folder.to_owned();
            return Err(DownloadError::Stopped { folder });
        }
        thread::sleep(GLANCE);
    }
}
