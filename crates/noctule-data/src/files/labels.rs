//! Labels of a file: whole numbers from 0.

use noctule_core::Label;

use super::error::Problem;
use super::numbers::Numbers;

/// The labels of this number of samples.
pub(super) fn check_labels(labels: &Numbers, samples: usize) -> Result<Vec<Label>, Problem> {
    if labels.len() != samples {
        return Err(Problem::Length {
            array: "labels",
            length: labels.len(),
            count: samples,
            things: "samples",
        });
    }
    let label = |sample| {
        let label = labels.integer(sample);
        Label::try_from(label).map_err(|_| Problem::Label { sample, label })
    };
    (0..samples).map(label).collect()
}
