//! [`replace_file`]: files that are whole or not there.

use std::path::Path;
use std::{fs, io};

/// Writes a file. An existing one is replaced only once the new one is complete.
///
/// # Errors
/// If the file cannot be written. Nothing of it is left then.
pub fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}.tmp", std::process::id()));
    let written = fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // The partial file is useless. A failure to remove it would only hide the first error.
        fs::remove_file(&partial).ok();
    }
    written
}
