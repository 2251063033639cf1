//! Augmentation: in every epoch each image is randomly mirrored, rotated, scaled, shifted and distorted.
//!
//! The change of a sample depends only on the seed, the epoch and the index of the sample. It does not depend on the
//! batch or on the number of threads.
//!
//! ```
//! use noctule_data::{Augmentation, Dataset, Elastic, Pixels, Shape};
//!
//! let shape = Shape { height: 4, width: 4, channels: 1 };
//! let images = Dataset::new("grey", shape, 1, Pixels::Bytes(vec![128; 32].into()), vec![0, 0])?;
//! let augmentation = Augmentation {
//!     elastic: Some(Elastic { points: 2, sigma: 1.0 }),
//!     rotation: 10.0,
//!     ..Augmentation::default()
//! };
//! let first = augmentation.apply(&images, &[1, 0], 42, 0)?;
//! let second = augmentation.apply(&images, &[1, 0], 42, 1)?;
//! assert_eq!(first.len(), 2);
//! assert_ne!(first, second);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::cell::RefCell;
use std::sync::Arc;

use noctule_core::{Pixels, Shape};
use rayon::prelude::*;

use crate::dataset::Dataset;

mod settings;
mod spline;
mod warp;

pub use settings::{AugmentError, Augmentation, Elastic, FARTHEST, MOST_POINTS};
use warp::{Pixel, Warper};

impl Augmentation {
    /// A data set of changed copies of the samples named by `indices`, in that order.
    ///
    /// Sample `i` of the result depends only on `seed`, `epoch` and `indices[i]`.
    ///
    /// # Errors
    /// If [`check`](Self::check) fails, the samples are no images, `indices` is empty, or an index names a sample that
    /// does not exist.
    pub fn apply(
        &self,
        dataset: &Dataset,
        indices: &[usize],
        seed: u64,
        epoch: u64,
    ) -> Result<Dataset, AugmentError> {
        let mut out = dataset.subset(indices)?;
        self.apply_into(dataset, indices, seed, epoch, &mut out)?;
        Ok(out)
    }

    /// As [`apply`](Self::apply), but replaces the contents of `out` and reuses its memory, so that training does not
    /// allocate for every batch. Memory that `out` shares with a copy or a batch is not overwritten but replaced.
    ///
    /// # Errors
    /// As [`apply`](Self::apply); `out` is then left as it was.
    pub fn apply_into(
        &self,
        dataset: &Dataset,
        indices: &[usize],
        seed: u64,
        epoch: u64,
        out: &mut Dataset,
    ) -> Result<(), AugmentError> {
        self.check()?;
        dataset.check_indices(indices)?;
        let not_images = || AugmentError::NotImages {
            name: dataset.name().to_owned(),
        };
        let shape = dataset.shape();
        let job = Job {
            augmentation: self,
            shape,
            indices,
            seed,
            epoch,
        };
        let from = dataset.pixels().ok_or_else(not_images)?;
        let to = out.prepare(dataset, indices).ok_or_else(not_images)?;
        match (from, to) {
            // The prepared memory is not shared, so `make_mut` copies nothing.
            (Pixels::Bytes(from), Pixels::Bytes(to)) => job.run(from, &mut Arc::make_mut(to)[..]),
            (Pixels::Floats(from), Pixels::Floats(to)) => job.run(from, &mut Arc::make_mut(to)[..]),
            _ => unreachable!("prepared for the same kind of inputs"),
        }
        Ok(())
    }
}

thread_local! {
    /// Kept between batches, so that training does not allocate.
    static WARPER: RefCell<Warper> = RefCell::default();
}

/// The arguments of one call.
struct Job<'a> {
    augmentation: &'a Augmentation,
    shape: Shape,
    indices: &'a [usize],
    seed: u64,
    epoch: u64,
}

impl Job<'_> {
    /// Fills `to`, of shape `[indices, neurons]`, from `from`, of shape `[samples, neurons]`.
    fn run<T: Pixel>(&self, from: &[T], to: &mut [T]) {
        let neurons = self.shape.neurons();
        let unchanged = self.augmentation.is_none();
        let samples = to.par_chunks_exact_mut(neurons).zip(self.indices);
        samples.for_each(|(to, &index)| {
            let from = &from[index * neurons..][..neurons];
            if unchanged {
                to.copy_from_slice(from);
                return;
            }
            WARPER.with_borrow_mut(|warper| {
                warper.draw(self.augmentation, self.shape, self.key(index));
                warper.warp(from, to);
            });
        });
    }

    /// The key of the random stream of one sample.
    fn key(&self, index: usize) -> [u8; 32] {
        let mut key = [0; 32];
        let parts = [self.seed, self.epoch, index as u64];
        for (bytes, part) in key.chunks_exact_mut(8).zip(parts) {
            bytes.copy_from_slice(&part.to_le_bytes());
        }
        // The last quarter distinguishes this stream from others with the same seed.
        key[24..].copy_from_slice(b"augment.");
        key
    }
}
