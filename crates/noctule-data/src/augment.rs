//! Augmentation: every epoch sees each image mirrored, turned, scaled, shifted and bent a little differently.
//!
//! What happens to a sample depends on the seed, the epoch and the index of the sample alone: not on the batch that it
//! is in, and not on the number of threads.
//!
//! ```
//! use noctule_data::{Augmentation, Dataset, Elastic, Inputs, Shape};
//!
//! let shape = Shape { height: 4, width: 4, channels: 1 };
//! let images = Dataset::new("grey", shape, 1, Inputs::Bytes(vec![128; 32]), vec![0, 0])?;
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

use rayon::prelude::*;
use thiserror::Error;

use crate::dataset::{Dataset, DatasetError, Inputs, Shape};

mod spline;
mod warp;

use warp::{Pixel, Warper};

/// The most control points that a side may have.
pub const MOST_POINTS: usize = 64;
/// The farthest that a pixel may be meant to move, in pixels.
pub const FARTHEST: f64 = 65_536.0;

/// Why images cannot be augmented.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum AugmentError {
    /// A setting is negative, not finite, or too large.
    #[error("augmentation: {name} is {value} {unit}, but it must be a number from 0 to {most}")]
    Amount {
        /// Name of the setting.
        name: &'static str,
        /// The value that was given.
        value: f64,
        /// What it is measured in.
        unit: &'static str,
        /// The largest value that is allowed.
        most: f64,
    },
    /// Scaling could shrink an image to nothing.
    #[error(
        "augmentation: scale is {scale}, but it must be at least 0 and below 1; 0.1 scales by 0.9 to 1.1"
    )]
    Scale {
        /// The value that was given.
        scale: f64,
    },
    /// The control points do not make up a grid.
    #[error(
        "augmentation: elastic.points is {points}, but a side has from 2 to {MOST_POINTS} control points"
    )]
    Points {
        /// The number that was given.
        points: usize,
    },
    /// The indices name no sample of the data set.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
}

/// How much images may be changed at random; the default changes nothing.
///
/// An image is mirrored, turned about its centre, scaled about its centre and shifted, in this order, and the result is
/// bent. A pixel of the result is the bilinear mean of the four pixels around the place that it comes from; outside of
/// the image all is 0. All channels of a sample change alike.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Augmentation {
    /// Random bending, if any.
    pub elastic: Option<Elastic>,
    /// The farthest shift along each axis, in pixels; drawn evenly, fractions of a pixel included.
    pub shift: f64,
    /// The largest rotation either way, in degrees, at most 180; drawn evenly.
    pub rotation: f64,
    /// The largest relative change of size, below 1; the factor is drawn evenly from `1 - scale` to `1 + scale`.
    pub scale: f64,
    /// Whether every other image, on average, is mirrored left to right.
    pub flip: bool,
}

/// Bends an image: control points on a grid over the image, its corners included, move at random, and what lies between
/// them moves along.
///
/// Between control points displacements follow a Catmull-Rom spline along each axis, continued in a straight line beyond
/// the outermost points; with two points a side that is bilinear interpolation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elastic {
    /// Control points a side, from 2 to [`MOST_POINTS`].
    pub points: usize,
    /// Standard deviation of each control point's displacement along each axis, in pixels.
    pub sigma: f64,
}

impl Augmentation {
    /// Whether every setting makes sense.
    ///
    /// # Errors
    /// If a setting is negative, not finite or too large, or an elastic grid has too few or too many points.
    pub fn check(&self) -> Result<(), AugmentError> {
        amount("shift", self.shift, "pixels", FARTHEST)?;
        amount("rotation", self.rotation, "degrees", 180.0)?;
        if !(0.0..1.0).contains(&self.scale) {
            return Err(AugmentError::Scale { scale: self.scale });
        }
        let Some(Elastic { points, sigma }) = self.elastic else {
            return Ok(());
        };
        if !(2..=MOST_POINTS).contains(&points) {
            return Err(AugmentError::Points { points });
        }
        amount("elastic.sigma", sigma, "pixels", FARTHEST)
    }

    /// Whether nothing is ever changed.
    pub fn is_none(&self) -> bool {
        let bends = self.elastic.is_some_and(|elastic| elastic.sigma != 0.0);
        let moves = self.shift != 0.0 || self.rotation != 0.0 || self.scale != 0.0;
        !bends && !moves && !self.flip
    }

    /// A data set of changed copies of the samples named by `indices`, in that order.
    ///
    /// Sample `i` of the result depends on `seed`, `epoch` and `indices[i]` alone.
    ///
    /// # Errors
    /// If [`check`](Self::check) fails, `indices` is empty, or an index names a sample that does not exist.
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

    /// As [`apply`](Self::apply), but replaces what `out` holds and reuses its memory: made for every batch of training.
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
        let shape = dataset.shape();
        let job = Job {
            augmentation: self,
            shape,
            indices,
            seed,
            epoch,
        };
        match (dataset.inputs(), out.prepare(dataset, indices)) {
            (Inputs::Bytes(from), Inputs::Bytes(to)) => job.run(from, to),
            (Inputs::Floats(from), Inputs::Floats(to)) => job.run(from, to),
            _ => unreachable!("prepared for the same kind of inputs"),
        }
        Ok(())
    }
}

fn amount(
    name: &'static str,
    value: f64,
    unit: &'static str,
    most: f64,
) -> Result<(), AugmentError> {
    if (0.0..=most).contains(&value) {
        return Ok(());
    }
    Err(AugmentError::Amount {
        name,
        value,
        unit,
        most,
    })
}

thread_local! {
    /// Kept from batch to batch, so that training allocates nothing.
    static WARPER: RefCell<Warper> = RefCell::default();
}

/// One call's samples.
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

    /// The key of a sample's own stream of random numbers.
    fn key(&self, index: usize) -> [u8; 32] {
        let mut key = [0; 32];
        let parts = [self.seed, self.epoch, index as u64];
        for (bytes, part) in key.chunks_exact_mut(8).zip(parts) {
            bytes.copy_from_slice(&part.to_le_bytes());
        }
        // The last quarter tells this stream from others that share a seed.
        key[24..].copy_from_slice(b"augment.");
        key
    }
}
