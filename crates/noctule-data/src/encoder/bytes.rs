//! Byte intensities, sorted by spike time: a counting sort over the at most 256 times there can be.

use super::LatencyEncoder;

/// What each byte becomes.
pub(super) struct ByteSorter {
    /// Whether each byte spikes, and the rank of its time among all times.
    has_spike: [bool; 256],
    ranks: [u8; 256],
    /// The times in seconds, ascending.
    times: Vec<f32>,
    /// When the bias spikes, if there is one, and how many of the times come first.
    bias: Option<(f32, usize)>,
}

impl ByteSorter {
    pub fn new(encoder: &LatencyEncoder) -> Self {
        let (mut has_spike, mut ranks) = ([false; 256], [0; 256]);
        let mut times: Vec<f32> = Vec::with_capacity(256);
        let darkest = u8::from(encoder.silent_zero);
        for byte in (darkest..=255).rev() {
            let time = encoder.time(f64::from(byte) / 255.0) as f32;
            // Neighbouring bytes may round to one time: they share a rank, so that their neurons stay in order.
            if times.last() != Some(&time) {
                times.push(time);
            }
            has_spike[usize::from(byte)] = true;
            ranks[usize::from(byte)] = (times.len() - 1) as u8;
        }
        let rank = |bias: f32| times.partition_point(|&time| time <= bias);
        let bias = encoder.bias.map(|bias| bias as f32);
        Self {
            has_spike,
            ranks,
            bias: bias.map(|bias| (bias, rank(bias))),
            times,
        }
    }

    /// Number of spikes of one sample.
    pub fn count(&self, values: &[u8]) -> usize {
        // All bytes spike but perhaps the darkest, and to compare is faster than to look up; in counts of eight bits,
        // sixteen at once.
        let zeros = |values: &[u8]| values.iter().map(|&value| u8::from(value == 0)).sum::<u8>();
        let silent: usize = match self.has_spike[0] {
            true => 0,
            false => values
                .chunks(128)
                .map(|part| usize::from(zeros(part)))
                .sum(),
        };
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
            count += usize::from(self.has_spike[usize::from(value)]);
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
