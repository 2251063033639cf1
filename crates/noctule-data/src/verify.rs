//! Compares files with the checksums that their publishers offer.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::checksum::{sha256, unpacked_sha256};
use crate::file_names::{locate, names_of};
use crate::foreign::{Foreign, recognise_file};
use crate::registry::known_set::KnownFile;

pub(crate) mod labels;
pub(crate) mod receipt;
pub(crate) mod verdict;

pub use labels::other_set;
use receipt::Receipt;
pub use verdict::Verdict;

/// Compares the copy of a known file in `folder`, packed or unpacked, also with a dot before `idx`, with the official
/// checksums.
///
/// If the file is an archive that was deleted after its files were extracted, these files are compared instead.
///
/// # Errors
/// If a file exists but cannot be read.
pub fn inspect(file: &KnownFile, folder: &Path) -> io::Result<Verdict> {
    for name in names_of(file.name) {
        match judge(file, &folder.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            verdict => return verdict,
        }
    }
    Receipt::read(file, folder)?.judge_all(folder)
}

/// What the file of this name in `folder` is if its first bytes tell that it is none of a known set: a web page, say.
pub fn foreign_contents(name: &str, folder: &Path) -> Option<Foreign> {
    let what = recognise_file(&locate(name, folder)).ok()?;
    what.filter(|what| !what.is_published())
}

fn judge(file: &KnownFile, path: &Path) -> io::Result<Verdict> {
    if sha256(File::open(path)?)? == file.sha256 {
        return Ok(Verdict::Official);
    }
    let Some(expected) = file.unpacked_sha256 else {
        return Ok(Verdict::Different);
    };
    // The file was readable a moment ago, so an error here means gzip data that cannot be unpacked.
    match unpacked_sha256(File::open(path)?) {
        Ok(found) if found == expected => Ok(Verdict::OfficialContents),
        _ => Ok(Verdict::Different),
    }
}
