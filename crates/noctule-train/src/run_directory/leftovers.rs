//! What a process that was killed leaves in a run directory.
//!
//! Nothing is removed but by the process that has the folder locked.

use std::fs;
use std::io;
use std::path::Path;

use noctule_data::folder_lock::LOCK_FILE;

use crate::atomic::is_temporary;

/// What is written before `config.toml`, which makes a folder a run.
const BEFORE_THE_CONFIG: [&str; 4] = [
    "last.safetensors",
    "initial.safetensors",
    "data-dir.txt",
    "backend.txt",
];

/// Whether a folder holds anything but a lock.
pub(super) fn holds_anything(folder: &Path) -> io::Result<bool> {
    Ok(names(folder)?.iter().any(|name| name != LOCK_FILE))
}

/// Whether a process began to make a run in a folder, and has not come as far as its `config.toml`. If it has ended, it
/// never will.
pub(super) fn is_half_made(folder: &Path) -> bool {
    let names = names(folder).unwrap_or_default();
    let is_ours = |name: &String| {
        name == LOCK_FILE || BEFORE_THE_CONFIG.contains(&name.as_str()) || is_temporary(name)
    };
    names.iter().any(|name| name == LOCK_FILE) && names.iter().all(is_ours)
}

/// Removes all of a half-made run but the lock.
pub(super) fn remove_half_made(folder: &Path) -> io::Result<()> {
    if is_half_made(folder) {
        for name in names(folder)?.iter().filter(|name| *name != LOCK_FILE) {
            fs::remove_file(folder.join(name))?;
        }
    }
    Ok(())
}

/// Removes files that were never completed; one that cannot be removed does no harm.
pub(super) fn remove_temporary_files(folder: &Path) {
    let names = names(folder).unwrap_or_default().into_iter();
    for path in names.filter(|name| is_temporary(name)) {
        fs::remove_file(folder.join(path)).ok();
    }
}

/// The names in a folder; one that is not UTF-8 is none of ours.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?;
    entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}
