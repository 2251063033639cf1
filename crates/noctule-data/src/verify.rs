//! Is a file the one its publisher offers?

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::receipt::Receipt;
use crate::registry::KnownFile;

/// What a folder holds of a known file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The official file, byte for byte.
    Official,
    /// The official contents, unpacked or packed by someone else.
    OfficialContents,
    /// Something else: another version, another split, or a damaged file.
    Different,
    /// Nothing, packed or unpacked.
    Missing,
}

/// Compares what `folder` holds of a known file, packed or unpacked, with the official checksums.
///
/// An archive whose files were extracted when it was fetched counts by these files.
///
/// # Errors
/// If a file is there but cannot be read.
pub fn inspect(file: &KnownFile, folder: &Path) -> io::Result<Verdict> {
    for name in [file.name, file.unpacked_name()] {
        match judge(file, &folder.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            verdict => return verdict,
        }
    }
    Receipt::read(file, folder)?.judge_all(folder)
}

fn judge(file: &KnownFile, path: &Path) -> io::Result<Verdict> {
    if sha256(File::open(path)?)? == file.sha256 {
        return Ok(Verdict::Official);
    }
    let Some(expected) = file.unpacked_sha256 else {
        return Ok(Verdict::Different);
    };
    // A file that cannot be unpacked is not the official one; that it can be read is known already.
    match unpacked_sha256(File::open(path)?) {
        Ok(found) if found == expected => Ok(Verdict::OfficialContents),
        _ => Ok(Verdict::Different),
    }
}

/// SHA-256 of everything in `source`, in lower-case hexadecimal.
pub(crate) fn sha256(source: impl Read) -> io::Result<String> {
    let mut digest = Sha256::new();
    io::copy(&mut BufReader::new(source), &mut Hasher(&mut digest))?;
    Ok(hexadecimal(&digest.finalize()))
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unpacked_sha256(source: impl Read) -> io::Result<String> {
    let mut source = BufReader::new(source);
    if source.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        sha256(MultiGzDecoder::new(source))
    } else {
        sha256(source)
    }
}

struct Hasher<'a>(&'a mut Sha256);

impl Write for Hasher<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
