//! Short checksums, which tell whether two things are the same.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The first 16 hexadecimal digits of the SHA-256 of a text.
pub fn short_sha256(text: &str) -> String {
    first_digits(&Sha256::digest(text))
}

/// The first 16 hexadecimal digits of a digest.
pub(crate) fn first_digits(digest: &[u8]) -> String {
    digest.iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
