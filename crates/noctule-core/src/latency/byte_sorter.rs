//! [`ByteSorter`]: encodes images of bytes by a counting sort over their spike times, of which there are at most 256.

use crate::latency::encoding::LatencyEncoding;
use crate::real::Real;

/// The spike times of all bytes, as a table for the encoding of many images.
#[derive(Clone, Debug)]
pub struct ByteSorter<T> {
    /// The lowest byte that spikes.
    darkest: u8,
    /// The rank of each byte's time among all times.
    ranks: [u8; 256],
    /// The times in seconds, ascending.
    times: Vec<T>,
    /// The time of the bias spike in seconds, and the number of times up to it, if there is a bias.
    bias: Option<(T, usize)>,
}

impl<T: Real> ByteSorter<T> {
    /// The table of an encoding.
    pub fn new(encoding: &LatencyEncoding) -> Self {
        let mut ranks = [0; 256];
        let mut times: Vec<T> = Vec::with_capacity(256);
        let darkest = u8::from(encoding.silent_zero());
        for byte in (darkest..=255).rev() {
            let time = T::of(encoding.time(f64::from(byte) / 255.0));
            // Neighbouring bytes may round to the same time. They share a rank, so that their neurons stay in order.
            if times.last() != Some(&time) {
                times.push(time);
            }
            ranks[usize::from(byte)] = (times.len() - 1) as u8;
        }
        let rank = |bias: T| times.partition_point(|&time| time <= bias);
        let bias = encoding.bias().map(T::of);
        Self {
            darkest,
            ranks,
            bias: bias.map(|bias| (bias, rank(bias))),
            times,
        }
    }

    /// Number of spikes of a sample.
    pub fn count(&self, values: &[u8]) -> usize {
        // In counters of eight bits, so that many bytes are compared by one vector instruction.
        let is_silent = |&value: &u8| u8::from(value < self.darkest);
        let silent_in = |part: &[u8]| part.iter().map(is_silent).sum::<u8>();
        let silent: usize = values
            .chunks(128)
            .map(|part| usize::from(silent_in(part)))
            .sum();
        values.len() - silent + usize::from(self.bias.is_some())
    }

    /// Writes the spikes of a sample to `times` and `neurons`, both of length [`count`](Self::count), sorted by time
    /// and then by neuron. `scratch` is scratch memory with arbitrary content.
    pub fn sort(
        &self,
        values: &[u8],
        scratch: &mut Vec<u32>,
        times: &mut [T],
        neurons: &mut [u32],
    ) {
        scratch.resize(values.len(), 0);
        let mut count = 0;
        for (neuron, &value) in values.iter().enumerate() {
            // Without a branch, which would be unpredictable.
            scratch[count] = neuron as u32;
            count += usize::from(value >= self.darkest);
        }
        let spiking = &scratch[..count];
        let rank = |neuron: u32| usize::from(self.ranks[usize::from(values[neuron as usize])]);
        let mut starts = [0_usize; 257];
        for &neuron in spiking {
            starts[rank(neuron)] += 1;
        }
        let mut start = 0;
        for (rank, count) in starts.iter_mut().enumerate() {
            if let Some((bias, _)) = self.bias.filter(|bias| bias.1 == rank) {
                // The bias is the last neuron, behind all others at its time.
                (times[start], neurons[start]) = (bias, values.len() as u32);
                start += 1;
            }
            start += std::mem::replace(count, start);
        }
        for &neuron in spiking {
            let rank = rank(neuron);
            let next = &mut starts[rank];
            (times[*next], neurons[*next]) = (self.times[rank], neuron);
            *next += 1;
        }
    }
}
