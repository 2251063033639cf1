//! [`shard`]: the part of a list that belongs to one of several processes.

use std::ops::Range;

/// The part of a list that belongs to a rank. Consecutive ranks have consecutive parts, which cover the list. Their
/// lengths differ by at most 1, the longer ones first. With more ranks than items, the last ranks have none.
///
/// ```
/// use noctule_core::shard;
///
/// assert_eq!(shard(50, 0, 3), 0..17);
/// assert_eq!(shard(50, 1, 3), 17..34);
/// assert_eq!(shard(50, 2, 3), 34..50);
/// assert!(shard(2, 2, 3).is_empty());
/// ```
///
/// # Panics
/// If `ranks` is 0.
pub fn shard(items: usize, rank: usize, ranks: usize) -> Range<usize> {
    let (each, longer) = (items / ranks, items % ranks);
    let start = rank * each + rank.min(longer);
    start..start + each + usize::from(rank < longer)
}
