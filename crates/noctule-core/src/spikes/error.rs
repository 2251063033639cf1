//! [`SpikeError`]: why spikes were refused.

use thiserror::Error;

use crate::number_text::number_text;

/// Why a list of spikes was refused.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SpikeError {
    /// A spike time is NaN or infinite.
    #[error("sample {sample}, spike {spike}: the time {time} s is not finite")]
    NotFinite {
        /// Index of the sample in the batch.
        sample: usize,
        /// Index of the spike in the sample.
        spike: usize,
        /// The time that was given, in seconds.
        time: f64,
    },
    /// A spike is earlier than the one before it.
    #[error(
        "sample {sample}, spike {spike}: the time {} s is earlier than the spike before it ({} s); sort the spikes by time",
        number_text(*time),
        number_text(*previous)
    )]
    NotSorted {
        /// Index of the sample in the batch.
        sample: usize,
        /// Index of the spike in the sample.
        spike: usize,
        /// The time that was given, in seconds.
        time: f64,
        /// The time of the spike before it, in seconds.
        previous: f64,
    },
    /// A spike time is negative: simulations start at rest at time 0.
    #[error(
        "sample {sample}, spike {spike}: the time {} s is negative, but a sample starts at 0 s",
        number_text(*time)
    )]
    Negative {
        /// Index of the sample in the batch.
        sample: usize,
        /// Index of the spike in the sample.
        spike: usize,
        /// The time that was given, in seconds.
        time: f64,
    },
    /// A neuron index is not below the size of the population.
    #[error(
        "sample {sample}, spike {spike}: neuron {neuron} does not exist in a population of {population}"
    )]
    NoSuchNeuron {
        /// Index of the sample in the batch.
        sample: usize,
        /// Index of the spike in the sample.
        spike: usize,
        /// The neuron index that was given.
        neuron: u32,
        /// Number of neurons in the population.
        population: usize,
    },
}
