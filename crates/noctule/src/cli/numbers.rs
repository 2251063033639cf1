//! Numbers on the command line.

use std::str::FromStr;

/// Reads a count, with a message that says what is allowed.
pub(super) fn whole_number<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse()
        .map_err(|_| format!("must be a whole number from 0 to {}", u64::MAX))
}
