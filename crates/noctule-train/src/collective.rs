//! Several processes that train one network together: ranks.
//!
//! Every rank holds the whole network and all samples. Of each batch it computes its [share]. Of the weights, too, each
//! rank has a share: it sums their gradients over the ranks, steps them, and hands them to all others. A
//! [`Trainer`](crate::Trainer) knows the trait [`Collective`] only: [`Solo`] is a single process, `mpi::Ranks` (feature
//! `mpi`) is what `mpirun` started.
//!
//! All methods that communicate are collective: every rank must call the same ones in the same order, and each of them
//! waits for all ranks.

mod agreement;
mod machine;
#[cfg(feature = "mpi")]
pub mod mpi;

use std::ops::Range;

use thiserror::Error;

pub use agreement::{Disagreement, agree};
pub use machine::{Place, place, threads};

/// One rank among several.
pub trait Collective: Send + Sync {
    /// Which rank this is, from 0.
    fn rank(&self) -> usize;

    /// How many ranks there are, at least 1.
    fn size(&self) -> usize;

    /// Name of the machine that this rank runs on.
    fn machine(&self) -> String;

    /// Replaces this rank's [share] of `values` by its sum over all ranks, which is made in the order of the ranks. All
    /// ranks give the same number of values; what the shares of the others hold afterwards is not said.
    fn sum_share(&mut self, values: &mut [f32]);

    /// Replaces the [shares](share) of the other ranks in `values` by what these have there.
    fn bring_together(&mut self, values: &mut [f32]);

    /// Replaces `values` by their sum over all ranks, made in the order of the ranks. All ranks give the same number of
    /// values and get the same bits.
    fn sum(&mut self, values: &mut [f64]);

    /// Whether any rank raised its flag.
    fn any(&mut self, flag: bool) -> bool;

    /// The bytes of every rank, in the order of the ranks.
    fn gather(&mut self, own: &[u8]) -> Vec<Vec<u8>>;

    /// Whether this rank is the one that writes files and speaks to people.
    fn leads(&self) -> bool {
        self.rank() == 0
    }

    /// Whether there is no other rank.
    fn is_solo(&self) -> bool {
        self.size() == 1
    }

    /// This rank's [share] of a list.
    fn share(&self, items: usize) -> Range<usize> {
        share(items, self.rank(), self.size())
    }
}

/// A process by itself. It sums and compares nothing, so it costs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Solo;

impl Collective for Solo {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn machine(&self) -> String {
        String::new()
    }

    fn sum_share(&mut self, _: &mut [f32]) {}

    fn bring_together(&mut self, _: &mut [f32]) {}

    fn sum(&mut self, _: &mut [f64]) {}

    fn any(&mut self, flag: bool) -> bool {
        flag
    }

    fn gather(&mut self, own: &[u8]) -> Vec<Vec<u8>> {
        vec![own.to_vec()]
    }
}

/// The part of a list that belongs to a rank: the parts follow each other, cover the list, and their lengths differ by
/// at most 1, the longer ones first. With more ranks than items, the last ranks have none.
///
/// ```
/// use noctule_train::collective::share;
///
/// assert_eq!(share(50, 0, 3), 0..17);
/// assert_eq!(share(50, 1, 3), 17..34);
/// assert_eq!(share(50, 2, 3), 34..50);
/// assert!(share(2, 2, 3).is_empty());
/// ```
///
/// # Panics
/// If there are no ranks.
pub fn share(items: usize, rank: usize, ranks: usize) -> Range<usize> {
    let (each, longer) = (items / ranks, items % ranks);
    let start = rank * each + rank.min(longer);
    start..start + each + usize::from(rank < longer)
}

/// Another rank failed, so this one cannot go on.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("rank {rank} failed, and no rank can go on alone; its own message says why")]
pub struct OtherRank {
    /// The first rank that failed.
    pub rank: usize,
}

/// Lets all ranks know whether any of them failed, so that none waits for one that gave up.
///
/// # Errors
/// The rank's own error, else [`OtherRank`] if another one failed.
pub fn together<T, E: From<OtherRank>>(
    collective: &mut dyn Collective,
    outcome: Result<T, E>,
) -> Result<T, E> {
    if collective.is_solo() {
        return outcome;
    }
    let failures = collective.gather(&[u8::from(outcome.is_err())]);
    let value = outcome?;
    match failures.iter().position(|failed| failed == &[1]) {
        Some(rank) => Err(OtherRank { rank }.into()),
        None => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_cover_the_list_in_order_and_are_even() {
        for items in 0..40 {
            for ranks in 1..9 {
                let shares: Vec<_> = (0..ranks).map(|rank| share(items, rank, ranks)).collect();
                let whole: Vec<usize> = shares.iter().cloned().flatten().collect();
                assert_eq!(whole, (0..items).collect::<Vec<_>>());
                let lengths: Vec<usize> = shares.iter().map(Range::len).collect();
                assert!(lengths.is_sorted_by(|a, b| a >= b));
                assert!(lengths[0] - lengths[ranks - 1] <= 1, "{lengths:?}");
            }
        }
    }

    #[test]
    fn one_process_has_everything() {
        let mut solo = Solo;
        assert_eq!(solo.share(7), 0..7);
        assert!(solo.leads() && solo.any(true) && !solo.any(false));
        let failed: Result<(), OtherRank> = Err(OtherRank { rank: 3 });
        assert_eq!(together(&mut solo, failed), failed);
    }
}
