//! Spike trains of a batch of samples: the one type that flows between layers.
//!
//! A [`SpikeBatch`] is stored sample by sample in compressed sparse rows, so memory is proportional to the number of
//! spikes and not to neurons times spikes per neuron.
//!
//! ```
//! use noctule_core::SpikeBatch;
//!
//! let mut batch = SpikeBatch::<f32>::new(3);
//! batch.push_sample([(0.010, 2), (0.025, 0)])?;
//! batch.push_sample([(0.005, 1)])?;
//! assert_eq!(batch.samples(), 2);
//! assert_eq!(batch.spikes(), 3);
//! assert_eq!(batch.sample(0).neurons, &[2, 0]);
//! # Ok::<(), noctule_core::SpikeError>(())
//! ```

use rayon::prelude::*;
use thiserror::Error;

use crate::Real;
use crate::engine::trace::samples_at_once;

/// To write a spike takes as long as work on so many numbers.
const WRITTEN: usize = 8;

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
        "sample {sample}, spike {spike}: the time {time} s is earlier than the spike before it ({previous} s); sort the spikes by time"
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
        "sample {sample}, spike {spike}: the time {time} s is negative, but a sample starts at 0 s"
    )]
    Negative {
        /// Index of the sample in the batch.
        sample: usize,
        /// Index of the spike in the sample.
        spike: usize,
        /// The time that was given, in seconds.
        time: f64,
    },
    /// A spike names a neuron that the population does not have.
    #[error(
        "sample {sample}, spike {spike}: neuron {neuron} does not exist in a population of {population}"
    )]
    NoSuchNeuron {
        /// Index of the sample in the batch.
        sample: usize,
        /// Index of the spike in the sample.
        spike: usize,
        /// The neuron that was named.
        neuron: u32,
        /// Number of neurons in the population.
        population: usize,
    },
}

/// The spikes of a batch of samples of one population of neurons.
///
/// Within each sample the spikes are sorted by time, all times are finite and not negative, and every neuron index is
/// below [`population`](Self::population). These invariants are checked on the way in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpikeBatch<T> {
    population: usize,
    times: Vec<T>,
    neurons: Vec<u32>,
    offsets: Vec<usize>,
}

/// The spikes of one sample, sorted by time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spikes<'a, T> {
    /// Spike times in seconds, ascending.
    pub times: &'a [T],
    /// The neuron of each spike.
    pub neurons: &'a [u32],
}

impl<T> Spikes<'_, T> {
    /// Number of spikes.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is no spike.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }
}

impl<T: Real> Spikes<'_, T> {
    /// Whether these can be the spikes of the sample of this index, of so many neurons.
    fn check(&self, sample: usize, population: usize) -> Result<(), SpikeError> {
        if self.is_fine(population) {
            return Ok(());
        }
        let mut previous = T::zero();
        for (spike, (&time, &neuron)) in self.times.iter().zip(self.neurons).enumerate() {
            if !time.is_finite() {
                let time = time.to_f64();
                return Err(SpikeError::NotFinite {
                    sample,
                    spike,
                    time,
                });
            }
            if time < T::zero() {
                let time = time.to_f64();
                return Err(SpikeError::Negative {
                    sample,
                    spike,
                    time,
                });
            }
            if time < previous {
                return Err(SpikeError::NotSorted {
                    sample,
                    spike,
                    time: time.to_f64(),
                    previous: previous.to_f64(),
                });
            }
            if neuron as usize >= population {
                return Err(SpikeError::NoSuchNeuron {
                    sample,
                    spike,
                    neuron,
                    population,
                });
            }
            previous = time;
        }
        Ok(())
    }

    /// Whether [`Spikes::check`] finds nothing; without a branch for each spike.
    fn is_fine(&self, population: usize) -> bool {
        let (Some(&first), Some(&last)) = (self.times.first(), self.times.last()) else {
            return true;
        };
        let pairs = self.times.windows(2);
        let sorted = pairs.fold(true, |sorted, pair| sorted & (pair[0] <= pair[1]));
        let known = |neuron: u32| (neuron as usize) < population;
        let all_known = (self.neurons.iter()).fold(true, |all, &neuron| all & known(neuron));
        first >= T::zero() && last.is_finite() && sorted && all_known
    }
}

impl<T: Real> SpikeBatch<T> {
    /// An empty batch of a population of `population` neurons.
    pub fn new(population: usize) -> Self {
        Self {
            population,
            times: Vec::new(),
            neurons: Vec::new(),
            offsets: vec![0],
        }
    }

    /// Number of neurons in the population.
    pub fn population(&self) -> usize {
        self.population
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of spikes in all samples together.
    pub fn spikes(&self) -> usize {
        self.times.len()
    }

    /// Times of all spikes in seconds, sample after sample; shape `[spikes]`.
    pub fn times(&self) -> &[T] {
        &self.times
    }

    /// Neurons of all spikes, sample after sample; shape `[spikes]`.
    pub fn neurons(&self) -> &[u32] {
        &self.neurons
    }

    /// Where each sample starts in [`times`](Self::times), and the end of the last; shape `[samples + 1]`.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// The positions of a sample's spikes in [`times`](Self::times) and [`neurons`](Self::neurons).
    pub fn range(&self, sample: usize) -> std::ops::Range<usize> {
        self.offsets[sample]..self.offsets[sample + 1]
    }

    /// The spikes of one sample.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn sample(&self, sample: usize) -> Spikes<'_, T> {
        let range = self.range(sample);
        Spikes {
            times: &self.times[range.clone()],
            neurons: &self.neurons[range],
        }
    }

    /// Removes all samples and keeps the memory.
    pub fn clear(&mut self) {
        self.times.clear();
        self.neurons.clear();
        self.offsets.truncate(1);
    }

    /// Appends a sample given as `(time in seconds, neuron)` pairs sorted by time.
    ///
    /// # Errors
    /// If a time is negative, not finite or earlier than the one before it, or if a neuron does not exist; the batch is
    /// then left as it was.
    pub fn push_sample(
        &mut self,
        spikes: impl IntoIterator<Item = (T, u32), IntoIter: Clone>,
    ) -> Result<(), SpikeError> {
        let start = self.times.len();
        let spikes = spikes.into_iter();
        self.times.extend(spikes.clone().map(|(time, _)| time));
        self.neurons.extend(spikes.map(|(_, neuron)| neuron));
        let sample = Spikes {
            times: &self.times[start..],
            neurons: &self.neurons[start..],
        };
        let checked = sample.check(self.samples(), self.population);
        match checked {
            Ok(()) => self.offsets.push(self.times.len()),
            Err(_) => {
                self.times.truncate(start);
                self.neurons.truncate(start);
            }
        }
        checked
    }

    /// Replaces all samples by others with so many spikes each, which `write` writes on several threads.
    ///
    /// `write` is given memory of its thread, which `memory` makes, the index of a sample, and the sample's times (in
    /// seconds, to be sorted) and neurons, which may hold anything.
    ///
    /// # Errors
    /// As [`push_sample`](Self::push_sample), for the first sample that is refused; the batch is then empty.
    pub fn write_samples<Memory>(
        &mut self,
        counts: impl IntoIterator<Item = usize>,
        memory: impl Fn() -> Memory + Send + Sync,
        write: impl Fn(&mut Memory, usize, (&mut [T], &mut [u32])) + Send + Sync,
    ) -> Result<(), SpikeError> {
        let population = self.population;
        self.make_room(population, counts.into_iter());
        let at_once = samples_at_once(self.samples(), WRITTEN * self.spikes());
        let samples = self.samples_mut().into_par_iter().enumerate();
        let samples = samples.with_min_len(at_once.max(1));
        let written = samples.map_init(memory, |memory, (sample, (times, neurons))| {
            write(memory, sample, (&mut *times, &mut *neurons));
            Spikes { times, neurons }.is_fine(population)
        });
        if written.reduce(|| true, |all, fine| all & fine) {
            return Ok(());
        }
        let mut samples = 0..self.samples();
        let checked = samples.try_for_each(|sample| self.sample(sample).check(sample, population));
        self.clear();
        checked
    }

    /// Joins samples that an engine has already sorted.
    pub(crate) fn from_sorted(population: usize, samples: &[Vec<(T, u32)>]) -> Self {
        let total = samples.iter().map(Vec::len).sum();
        let mut batch = Self::new(population);
        batch.times.reserve(total);
        batch.neurons.reserve(total);
        batch.offsets.reserve(samples.len());
        for sample in samples {
            batch.times.extend(sample.iter().map(|&(time, _)| time));
            batch
                .neurons
                .extend(sample.iter().map(|&(_, neuron)| neuron));
            batch.offsets.push(batch.times.len());
        }
        batch
    }

    /// Makes room for as many spikes in each sample as `counts` says; what is there is of no use until it is overwritten.
    pub(crate) fn make_room(&mut self, population: usize, counts: impl Iterator<Item = usize>) {
        self.population = population;
        self.offsets.truncate(1);
        let mut total = 0;
        self.offsets.extend(counts.map(|count| {
            total += count;
            total
        }));
        self.times.resize(total, T::zero());
        self.neurons.resize(total, 0);
    }

    /// The times and neurons of each sample, for an engine that keeps their order.
    pub(crate) fn samples_mut(&mut self) -> Vec<(&mut [T], &mut [u32])> {
        let (mut times, mut neurons) = (&mut self.times[..], &mut self.neurons[..]);
        let lengths = self.offsets.windows(2).map(|pair| pair[1] - pair[0]);
        let mut samples = Vec::with_capacity(lengths.len());
        for length in lengths {
            samples.push((
                times.split_off_mut(..length).unwrap_or_default(),
                neurons.split_off_mut(..length).unwrap_or_default(),
            ));
        }
        samples
    }

    /// Becomes a copy of `other` in which every spike belongs to another neuron.
    pub(crate) fn relabel_from(
        &mut self,
        other: &Self,
        population: usize,
        neuron: impl Fn(u32) -> u32,
    ) {
        self.population = population;
        self.times.clone_from(&other.times);
        self.offsets.clone_from(&other.offsets);
        self.neurons.clear();
        self.neurons
            .extend(other.neurons.iter().map(|&n| neuron(n)));
    }

    /// Number of spikes of every neuron in one sample; shape `[population]`.
    pub fn counts(&self, sample: usize) -> Vec<u32> {
        let mut counts = vec![0; self.population];
        for &neuron in self.sample(sample).neurons {
            counts[neuron as usize] += 1;
        }
        counts
    }
}
