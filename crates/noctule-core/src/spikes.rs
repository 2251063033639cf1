//! [`SpikeBatch`]: the spike trains of a batch of samples, which are input and output of every layer.
//!
//! Spikes are stored sample by sample, with the start of each sample, so memory is proportional to the number of
//! spikes.
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

mod error;

use crate::real::Real;
pub use error::SpikeError;

/// The spikes of a batch of samples of one population of neurons.
///
/// Within each sample the spikes are sorted by time, all times are finite and not negative, and every neuron index is
/// below [`population`](Self::population). These invariants are checked when spikes are added.
#[derive(Clone, Debug, PartialEq)]
pub struct SpikeBatch<T> {
    population: usize,
    times: Vec<T>,
    /// What rounding to `T` took from each time; empty if that is nothing.
    residuals: Vec<T>,
    neurons: Vec<u32>,
    offsets: Vec<usize>,
}

/// No samples, of a population of 0 neurons.
impl<T> Default for SpikeBatch<T> {
    fn default() -> Self {
        Self {
            population: 0,
            times: Vec::new(),
            residuals: Vec::new(),
            neurons: Vec::new(),
            offsets: vec![0],
        }
    }
}

/// Times in seconds and neurons of one sample, mutably.
pub type SampleMut<'a, T> = (&'a mut [T], &'a mut [u32]);

/// The spikes of one sample, sorted by time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spikes<'a, T> {
    /// Spike times in seconds, ascending.
    pub times: &'a [T],
    /// What rounding took from each time, in seconds, or empty; see [`SpikeBatch::residuals`].
    pub residuals: &'a [T],
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
    /// Checks the spikes of the sample with this index, of a population of `population` neurons.
    fn check(&self, sample: usize, population: usize) -> Result<(), SpikeError> {
        if self.is_valid(population) {
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

    /// Whether [`Spikes::check`] finds no error; without a branch per spike.
    fn is_valid(&self, population: usize) -> bool {
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
            residuals: Vec::new(),
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

    /// What rounding took from each time, in seconds: the time is `times[i] + residuals[i]`. Shape `[spikes]`, or empty if
    /// that is nothing.
    ///
    /// In `f32`, a time late in a long sample loses digits: at 400 s numbers are 31 us apart. Layers whose `t_max` is many
    /// time constants keep what is lost, and use it.
    pub fn residuals(&self) -> &[T] {
        &self.residuals
    }

    /// The time of a spike in double precision, with its residual, in seconds.
    ///
    /// # Panics
    /// If there is no such spike.
    pub fn precise_time(&self, spike: usize) -> f64 {
        let residual = self
            .residuals
            .get(spike)
            .map_or(0.0, |&residual| Real::to_f64(residual));
        Real::to_f64(self.times[spike]) + residual
    }

    /// Neurons of all spikes, sample after sample; shape `[spikes]`.
    pub fn neurons(&self) -> &[u32] {
        &self.neurons
    }

    /// Where each sample starts in [`times`](Self::times), and the end of the last; shape `[samples + 1]`.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// Times in seconds, residuals, neurons and offsets, without a copy; see [`times`](Self::times),
    /// [`residuals`](Self::residuals), [`neurons`](Self::neurons) and [`offsets`](Self::offsets).
    pub fn into_parts(self) -> (Vec<T>, Vec<T>, Vec<u32>, Vec<usize>) {
        (self.times, self.residuals, self.neurons, self.offsets)
    }

    /// The index range of a sample's spikes in [`times`](Self::times) and [`neurons`](Self::neurons).
    ///
    /// # Panics
    /// If there is no such sample.
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
            residuals: self.residuals.get(range.clone()).unwrap_or_default(),
            neurons: &self.neurons[range],
        }
    }

    /// Removes all samples and keeps the memory.
    pub fn clear(&mut self) {
        self.times.clear();
        self.residuals.clear();
        self.neurons.clear();
        self.offsets.truncate(1);
    }

    /// Appends a sample given as `(time in seconds, neuron)` pairs sorted by time.
    ///
    /// # Errors
    /// If a time is negative, not finite or earlier than the one before it, or if a neuron does not exist. The batch is
    /// not changed then.
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
            residuals: &[],
            neurons: &self.neurons[start..],
        };
        let checked = sample.check(self.samples(), self.population);
        match checked {
            Ok(()) => {
                self.offsets.push(self.times.len());
                if !self.residuals.is_empty() {
                    self.residuals.resize(self.times.len(), T::zero());
                }
            }
            Err(_) => {
                self.times.truncate(start);
                self.neurons.truncate(start);
            }
        }
        checked
    }

    /// As [`push_sample`](Self::push_sample), from times in double precision: what `T` cannot hold of them is kept in
    /// [`residuals`](Self::residuals).
    ///
    /// # Errors
    /// As [`push_sample`](Self::push_sample).
    pub fn push_precise_sample(
        &mut self,
        spikes: impl IntoIterator<Item = (f64, u32), IntoIter: Clone>,
    ) -> Result<(), SpikeError> {
        let start = self.times.len();
        let spikes = spikes.into_iter();
        let mut previous = 0.0;
        for (spike, (time, _)) in spikes.clone().enumerate() {
            // Rounding may hide the order.
            if time < previous && time >= 0.0 {
                let sample = self.samples();
                return Err(SpikeError::NotSorted {
                    sample,
                    spike,
                    time,
                    previous,
                });
            }
            previous = time;
        }
        self.push_sample(spikes.clone().map(|(time, neuron)| (T::of(time), neuron)))?;
        let rounded = self.times[start..].iter();
        let residuals = spikes.zip(rounded);
        let residuals = residuals.map(|((time, _), &rounded)| T::of(time - Real::to_f64(rounded)));
        let residuals: Vec<T> = residuals.collect();
        if residuals.iter().any(|&residual| residual != T::zero()) {
            self.residuals.resize(start, T::zero());
            self.residuals.extend(residuals);
        }
        Ok(())
    }

    /// Sets what rounding took from each time; an empty list for nothing.
    ///
    /// # Panics
    /// If the list is neither empty nor aligned with the times, or a value is not finite.
    pub fn set_residuals(&mut self, residuals: Vec<T>) {
        assert!(
            residuals.iter().all(|residual| residual.is_finite()),
            "residuals must be finite"
        );
        assert!(
            residuals.is_empty() || residuals.len() == self.times.len(),
            "one residual for each of {} spikes, not {}",
            self.times.len(),
            residuals.len()
        );
        self.residuals = residuals;
    }

    /// Replaces all samples by samples of a population of `population` neurons with `counts` spikes each. `write`
    /// receives the times (in seconds) and the neurons of every sample and must overwrite them; it may use several
    /// threads.
    ///
    /// # Errors
    /// As [`push_sample`](Self::push_sample), for the first invalid sample. The batch is empty then.
    pub fn write_samples(
        &mut self,
        population: usize,
        counts: impl IntoIterator<Item = usize>,
        write: impl FnOnce(Vec<SampleMut<'_, T>>),
    ) -> Result<(), SpikeError> {
        self.make_room(population, counts.into_iter());
        write(self.samples_mut());
        let mut samples = 0..self.samples();
        let checked = samples.try_for_each(|sample| self.sample(sample).check(sample, population));
        if checked.is_err() {
            self.clear();
        }
        checked
    }

    /// As [`write_samples`](Self::write_samples), for engines, whose spikes are valid by construction: only debug
    /// builds check them.
    ///
    /// # Panics
    /// In debug builds, if a sample is invalid.
    pub fn write_sorted_samples(
        &mut self,
        population: usize,
        counts: impl IntoIterator<Item = usize>,
        write: impl FnOnce(Vec<SampleMut<'_, T>>),
    ) {
        self.make_room(population, counts.into_iter());
        write(self.samples_mut());
        debug_assert!((0..self.samples()).all(|sample| self.sample(sample).is_valid(population)));
    }

    /// Makes room for `counts` spikes in each sample; their values are arbitrary until they are overwritten.
    fn make_room(&mut self, population: usize, counts: impl Iterator<Item = usize>) {
        self.population = population;
        self.offsets.truncate(1);
        let mut total = 0;
        self.offsets.extend(counts.map(|count| {
            total += count;
            total
        }));
        self.times.resize(total, T::zero());
        self.residuals.clear();
        self.neurons.resize(total, 0);
    }

    /// The times and neurons of each sample, mutably.
    fn samples_mut(&mut self) -> Vec<SampleMut<'_, T>> {
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

    /// Becomes a copy of `other` in which `neuron` maps the neuron of each spike to one of `population` neurons.
    ///
    /// # Panics
    /// In debug builds, if `neuron` returns an index that is not below `population`.
    pub fn relabel_from(&mut self, other: &Self, population: usize, neuron: impl Fn(u32) -> u32) {
        self.population = population;
        self.times.clone_from(&other.times);
        self.residuals.clone_from(&other.residuals);
        self.offsets.clone_from(&other.offsets);
        self.neurons.clear();
        self.neurons
            .extend(other.neurons.iter().map(|&n| neuron(n)));
        debug_assert!(self.neurons.iter().all(|&n| (n as usize) < population));
    }

    /// Number of spikes of each neuron in one sample; shape `[population]`.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn counts(&self, sample: usize) -> Vec<u32> {
        let mut counts = vec![0; self.population];
        for &neuron in self.sample(sample).neurons {
            counts[neuron as usize] += 1;
        }
        counts
    }

    /// A batch of the samples with the indices `samples`, in that order.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn subset(&self, samples: &[u32]) -> Self {
        let mut subset = Self::new(self.population);
        for &sample in samples {
            let spikes = self.sample(sample as usize);
            subset.times.extend_from_slice(spikes.times);
            subset.residuals.extend_from_slice(spikes.residuals);
            subset.neurons.extend_from_slice(spikes.neurons);
            subset.offsets.push(subset.times.len());
        }
        subset
    }
}
