//! One outcome of all ranks.

use std::fmt::Display;

use thiserror::Error;

use super::interface::Collective;

/// What a rank says that did not fail.
const FINE: &[u8] = b"+";

/// Another rank failed, so this one cannot continue. That rank says why.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("rank {rank} failed, and no rank can continue alone; its own message says why")]
pub struct OtherRank {
    /// The first rank that failed.
    pub rank: usize,
}

/// Tells all ranks whether any of them failed, so that none waits for one that has stopped. Of ranks that failed alike,
/// only the first has the error to report.
///
/// # Errors
/// The rank's own error, unless an earlier rank has the same; else [`OtherRank`] if another one failed.
pub fn together<T, E: From<OtherRank> + Display>(
    collective: &mut dyn Collective,
    outcome: Result<T, E>,
) -> Result<T, E> {
    if collective.is_single() {
        return outcome;
    }
    // With its causes, where an error writes them on demand.
    let own = outcome.as_ref().err().map(|error| format!("{error:#}"));
    let own = own.map_or_else(
        || FINE.to_vec(),
        |message| format!("-{message}").into_bytes(),
    );
    let messages = collective.gather_bytes(&own);
    let first = match outcome {
        Ok(_) => messages.iter().position(|message| message != FINE),
        Err(_) => messages.iter().position(|message| *message == own),
    };
    match first {
        Some(rank) if rank != collective.rank() => Err(OtherRank { rank }.into()),
        _ => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collective::single_process::SingleProcess;

    #[test]
    fn one_process_keeps_its_outcome() {
        let failed: Result<(), OtherRank> = Err(OtherRank { rank: 3 });
        assert_eq!(together(&mut SingleProcess, failed), failed);
    }
}
