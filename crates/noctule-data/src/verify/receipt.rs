//! A list of the SHA-256 sums of files that were extracted from an archive, kept beside the files.
//!
//! The archive is deleted after extraction. It had the published checksum, so files that still have the listed sums are
//! the official ones. `sha256sum --check` can read the list.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::checksum::sha256;
use crate::registry::known_set::KnownFile;
use crate::verify::verdict::Verdict;

/// The files that were extracted from one archive, each with its SHA-256 in lower-case hexadecimal.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Receipt {
    files: Vec<(String, String)>,
}

impl Receipt {
    /// Path of the receipt of an archive.
    pub(crate) fn path(archive: &KnownFile, folder: &Path) -> PathBuf {
        folder.join(format!("{}.sha256", archive.name))
    }

    /// The receipt of exactly this archive; empty if there is none.
    pub(crate) fn read(archive: &KnownFile, folder: &Path) -> io::Result<Self> {
        let text = match fs::read(Self::path(archive, folder)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            text => String::from_utf8_lossy(&text?).into_owned(),
        };
        let mut lines = text.lines();
        if lines.next() != Some(&title(archive)) {
            return Ok(Self::default());
        }
        let file = |line: &str| {
            let (sum, name) = line.split_once("  ")?;
            Some((name.to_owned(), sum.to_owned()))
        };
        let files = lines.filter_map(file).collect();
        Ok(Self { files })
    }

    /// Compares one file with its listed sum; a file that is not listed is [`Verdict::Different`].
    pub(crate) fn judge(&self, name: &str, folder: &Path) -> io::Result<Verdict> {
        let found = match File::open(folder.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Verdict::Missing),
            file => sha256(file?)?,
        };
        let listed = self.files.iter().find(|(listed, _)| listed == name);
        Ok(match listed {
            Some((_, sum)) if *sum == found => Verdict::Official,
            _ => Verdict::Different,
        })
    }

    /// Compares all listed files, as one verdict.
    pub(crate) fn judge_all(&self, folder: &Path) -> io::Result<Verdict> {
        let mut verdict = Verdict::OfficialContents;
        for (name, _) in &self.files {
            match self.judge(name, folder)? {
                Verdict::Missing => return Ok(Verdict::Missing),
                Verdict::Different => verdict = Verdict::Different,
                Verdict::Official | Verdict::OfficialContents => {}
            }
        }
        if self.files.is_empty() {
            verdict = Verdict::Missing;
        }
        Ok(verdict)
    }
}

#[cfg(feature = "download")]
impl Receipt {
    /// Writes the receipt beside the files. The file appears under its name only once it is complete.
    pub(crate) fn write(&self, archive: &KnownFile, folder: &Path) -> io::Result<()> {
        let mut text = title(archive) + "\n";
        for (name, sum) in &self.files {
            text += &format!("{sum}  {name}\n");
        }
        let path = Self::path(archive, folder);
        let part = folder.join(format!("{}.sha256.part", archive.name));
        fs::write(&part, text)?;
        File::open(&part)?.sync_all()?;
        fs::rename(part, path)
    }

    /// Lists a file and replaces an earlier entry of the same name.
    pub(crate) fn insert(&mut self, name: &str, sum: String) {
        self.files.retain(|(listed, _)| listed != name);
        self.files.push((name.to_owned(), sum));
    }

    /// Whether a file of this name is listed.
    pub(crate) fn lists(&self, name: &str) -> bool {
        self.files.iter().any(|(listed, _)| listed == name)
    }
}

fn title(archive: &KnownFile) -> String {
    format!("# from {} with SHA-256 {}", archive.name, archive.sha256)
}
