//! SHA-256 sums as lower-case hexadecimal text.

use std::io::{self, BufRead, BufReader, Read, Write};

use sha2::{Digest, Sha256};

use crate::gzip::{GZIP_MAGIC, GzipReader};

/// SHA-256 of all bytes of `source`.
pub(crate) fn sha256(source: impl Read) -> io::Result<String> {
    let mut digest = Sha256::new();
    io::copy(&mut BufReader::new(source), &mut Hasher(&mut digest))?;
    Ok(hexadecimal(&digest.finalize()))
}

/// SHA-256 of the unpacked bytes if `source` is gzip data, else of its bytes.
pub(crate) fn unpacked_sha256(source: impl Read) -> io::Result<String> {
    let mut source = BufReader::new(source);
    if source.fill_buf()?.starts_with(&GZIP_MAGIC) {
        sha256(GzipReader::new(source))
    } else {
        sha256(source)
    }
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
