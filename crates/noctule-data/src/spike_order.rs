//! The smallest task that needs spike times: two samples of four spikes that differ in which of two comes first.
//!
//! The four inputs have intensities 1, 1, 1/2, 0 in class 0 and 1, 1, 0, 1/2 in class 1, so a latency encoder from 0 to 2
//! spikes at 0, 0, 1, 2 or at 0, 0, 2, 1. Whether a small network learns to tell them apart depends on its initial weights
//! more than on anything else, which makes it a probe of convergence.
//!
//! ```
//! let samples = noctule_data::spike_order::samples()?;
//! assert_eq!(samples.labels(), [0, 1]);
//! # Ok::<(), noctule_data::DatasetError>(())
//! ```

use crate::dataset::{Dataset, DatasetError, Inputs, Shape};

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
    Dataset::new(
        "spike-order",
        shape,
        2,
        Inputs::Floats(intensities),
        vec![0, 1],
    )
}
