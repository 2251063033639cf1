//! Encodes images as events, on all threads.

use noctule_core::{ByteSorter, EncodingError, Images, Pixels, Real, SpikeBatch};
use rayon::prelude::*;

use crate::task_size::samples_per_task;

/// The cost of writing a spike, in units of the work on one number (see [`samples_per_task`]).
const WORK_PER_SPIKE: usize = 8;

/// Overwrites `out` with the events of the images whose indices are `samples`, in that order.
pub(crate) fn encode<T: Real>(
    images: &Images,
    samples: &[u32],
    out: &mut SpikeBatch<T>,
) -> Result<(), EncodingError> {
    let Pixels::Bytes(values) = &images.pixels else {
        *out = images.encode(samples)?;
        return Ok(());
    };
    let neurons = images.shape.neurons();
    let sorter = ByteSorter::new(&images.encoding);
    let image = |sample: u32| &values[sample as usize * neurons..][..neurons];
    let counts: Vec<usize> = samples
        .iter()
        .map(|&sample| sorter.count(image(sample)))
        .collect();
    let spikes: usize = counts.iter().sum();
    let per_task = samples_per_task(samples.len(), WORK_PER_SPIKE * spikes).max(1);
    out.write_sorted_samples(images.population(), counts, |written| {
        let written = samples.par_iter().zip(written).with_min_len(per_task);
        written.for_each_init(Vec::new, |scratch, (&sample, (times, neurons))| {
            sorter.sort(image(sample), scratch, times, neurons);
        });
    });
    Ok(())
}
