//! One outcome of all ranks.

use thiserror::Error;

use super::interface::Collective;

/// Another rank failed, so this one cannot continue.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("rank {rank} failed, and no rank can continue alone; its own message says why")]
pub struct OtherRank {
    /// The first rank that failed.
    pub rank: usize,
}

/// Tells all ranks whether any of them failed, so that none waits for one that has stopped.
///
/// # Errors
/// The rank's own error, else [`OtherRank`] if another one failed.
pub fn together<T, E: From<OtherRank>>(
    collective: &mut dyn Collective,
    outcome: Result<T, E>,
) -> Result<T, E> {
    if collective.is_single() {
        return outcome;
    }
    let failures = collective.gather_bytes(&[u8::from(outcome.is_err())]);
    let value = outcome?;
    match failures.iter().position(|failed| failed == &[1]) {
        Some(rank) => Err(OtherRank { rank }.into()),
        None => Ok(value),
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
