//! The file that a command is to write.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// Whether a file can stand at the path given as `-o`, as far as its folder shows: an error now costs less than one
/// after the work.
pub(super) fn check_output(path: &Path) -> Result<()> {
    let name = path.display();
    if path.is_dir() {
        bail!("-o names the folder `{name}`; add the name of a file");
    }
    let folder = folder_of(path);
    if folder.is_dir() {
        return Ok(());
    }
    let folder = folder.display();
    bail!("-o names `{name}`, but there is no folder `{folder}`; create it, or choose another");
}

/// Refuses an output that would take the place of a file that the command reads, or of a run.
pub(super) fn keep_apart(output: &Path, others: &[PathBuf]) -> Result<()> {
    let is_output = |other: &&PathBuf| same_file::is_same_file(output, other).unwrap_or(false);
    match others.iter().find(is_output) {
        None => Ok(()),
        Some(other) => bail!(
            "-o names `{}`, which this command reads or needs; choose another file",
            other.display()
        ),
    }
}

/// The folder that a file is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
