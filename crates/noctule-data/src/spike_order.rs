//! A minimal task that needs spike times: two samples of four spikes that differ in the order of two of them.
//!
//! The four inputs have intensities 1, 1, 1/2, 0 in class 0 and 1, 1, 0, 1/2 in class 1, so latency coding from 0 s to
//! 2 s gives spikes at 0, 0, 1, 2 or at 0, 0, 2, 1. Whether a small network learns this task depends mostly on its
//! initial weights, so the task is a test of convergence.
//!
//! ```
//! let samples = noctule_data::spike_order::samples()?;
//! assert_eq!(samples.labels(), [0, 1]);
//! # Ok::<(), noctule_data::DatasetError>(())
//! ```

use noctule_core::{Pixels, Shape};

use crate::dataset::Dataset;
use crate::dataset::error::DatasetError;

/// The two samples, which are the training set and the test set.
///
/// # Errors
/// None in practice; the signature is that of [`Dataset::new`].
pub fn samples() -> Result<Dataset, DatasetError> {
    let shape = Shape {
        height: 1,
        width: 4,
        channels: 1,
    };
    let intensities = vec![1.0, 1.0, 0.5, 0.0, 1.0, 1.0, 0.0, 0.5];
    let inputs = Pixels::Floats(intensities.into());
    Dataset::new("spike-order", shape, 2, inputs, vec![0, 1])
}
