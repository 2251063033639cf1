//! Byte intensities, sorted by spike time: a counting sort over the at most 256 times there can be.

use super::LatencyEncoder;

/// What each byte becomes.
pub(super) struct ByteSorter {
    /// The lowest byte that spikes.
    darkest: u8,
    /// The rank of each byte's time among all times.
    ranks: [u8; 256],
    /// The times in seconds, ascending.
    times: Vec<f32>,
    /// When the bias spikes, if there is one, and how many of the times come first.
    bias: Option<(f32, usize)>,
}

impl ByteSorter {
    pub fn new(encoder: &LatencyEncoder) -> Self {
        let mut ranks = [0; 256];
        let mut times: Vec<f32> = Vec::with_capacity(256);
        let darkest = u8::from(encoder.silent_zero);
        for byte in (darkest..=255).rev() {
            let time = encoder.time(f64::from(byte) / 255.0) as f32;
            // Neighbouring bytes may round to one time: they share a rank, so that their neurons stay in order.
            if times.last() != Some(&time) {
                times.push(time);
            }
            ranks[usize::from(byte)] = (times.len() - 1) as u8;
        }
        let rank = |bias: f32| times.partition_point(|&time| time <= bias);
        let bias = encoder.bias.map(|bias| bias as f32);
        Self {
            darkest,
            ranks,
            bias: bias.map(|bias| (bias, rank(bias))),
            times,
        }
    }

    /// Number of spikes of one sample.
    pub fn count(&self, values: &[u8]) -> usize {
        // In counts of eight bits, so that many bytes are compared at once.
        let is_silent = |&value: &u8| u8::from(value < self.darkest);
        let silent_in = |part: &[u8]| part.iter().map(is_silent).sum::<u8>();
        let silent: usize = values
            .chunks(128)
            .map(|part| usize::from(silent_in(part)))
            .sum();
        values.len() - silent + usize::from(self.bias.is_some())
    }

    /// The spikes of one sample, sorted by time and then by neuron; as many as were counted. `memory` may hold anything.
    pub fn sort(
        &self,
        values: &[u8],
        memory: &mut Vec<u32>,
        times: &mut [f32],
        neurons: &mut [u32],
    ) {
        memory.resize(values.len(), 0);
        let mut count = 0;
        for (neuron, &value) in values.iter().enumerate() {
            // Without a branch: where an image begins and ends nobody could predict.
            memory[count] = neuron as u32;
            count += usize::from(value >= self.darkest);
        }
        let spiking = &memory[..count];
        let rank = |neuron: u32| usize::from(self.ranks[usize::from(values[neuron as usize])]);
        let mut places = [0_usize; 257];
        for &neuron in spiking {
            places[rank(neuron)] += 1;
        }
        let mut start = 0;
        for (rank, place) in places.iter_mut().enumerate() {
            if let Some((bias, _)) = self.bias.filter(|bias| bias.1 == rank) {
                // The last neuron, behind all others at its time.
                (times[start], neurons[start]) = (bias, values.len() as u32);
                start += 1;
            }
            start += std::mem::replace(place, start);
        }
        for &neuron in spiking {
            let rank = rank(neuron);
            let place = &mut places[rank];
            (times[*place], neurons[*place]) = (self.times[rank], neuron);
            *place += 1;
        }
    }
}
