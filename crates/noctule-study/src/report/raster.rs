//! The spikes of a population, as many as a page can hold.

use super::data::Raster;
use super::rounding::Rounding;

impl Raster {
    /// The spikes of a population of `population` neurons, at most `limit` of them: if there are more, those of some of
    /// the neurons, spread evenly over the population.
    pub(super) fn of(
        spikes: &[(f64, u32)],
        population: usize,
        limit: usize,
        rounding: Rounding,
    ) -> Self {
        let mut counts = vec![0usize; population];
        for &(_, neuron) in spikes {
            counts[neuron as usize] += 1;
        }
        let spiking: Vec<usize> = (0..population)
            .filter(|&neuron| counts[neuron] > 0)
            .collect();
        let shown = evenly(&spiking, &counts, spikes.len(), limit);
        let mut is_shown = vec![false; population];
        for &neuron in &shown {
            is_shown[neuron] = true;
        }
        let listed = spikes
            .iter()
            .filter(|(_, neuron)| is_shown[*neuron as usize]);
        let (times, neurons) = listed
            .map(|&(time, neuron)| (rounding.round(time), neuron))
            .unzip();
        Self {
            population,
            spiking: spiking.len(),
            spikes: spikes.len(),
            shown: shown.len(),
            times,
            neurons,
        }
    }
}

/// Neurons with at most `limit` spikes together: all, or else every second, third and so on.
fn evenly(spiking: &[usize], counts: &[usize], spikes: usize, limit: usize) -> Vec<usize> {
    let mut stride = spikes.div_ceil(limit.max(1)).max(1);
    loop {
        let shown: Vec<usize> = spiking.iter().copied().step_by(stride).collect();
        let total: usize = shown.iter().map(|&neuron| counts[neuron]).sum();
        if total <= limit || shown.len() <= 1 {
            return shown;
        }
        stride += 1;
    }
}

/// Divides `limit` points among layers; `spikes` has the number of spikes of each layer. A layer with fewer spikes than an
/// even share of the points leaves the rest of its share to the others.
pub(super) fn limits(spikes: &[usize], limit: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..spikes.len()).collect();
    order.sort_by_key(|&layer| spikes[layer]);
    let (mut rest, mut limits) = (limit, vec![0; spikes.len()]);
    for (done, &layer) in order.iter().enumerate() {
        let share = rest / (order.len() - done);
        limits[layer] = spikes[layer].min(share);
        rest -= limits[layer];
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_with_few_spikes_leave_room_to_the_others() {
        assert_eq!(limits(&[10, 500, 20], 100), [10, 70, 20]);
        assert_eq!(limits(&[400, 500], 100), [50, 50]);
        assert_eq!(limits(&[4, 5], 100), [4, 5]);
    }

    #[test]
    fn neurons_are_left_out_evenly_and_counted() {
        let spikes: Vec<(f64, u32)> = (0..100).map(|at| (f64::from(at), at % 10)).collect();
        let rounding = Rounding::of_times(100.0);
        let all = Raster::of(&spikes, 20, 100, rounding);
        assert_eq!((all.spiking, all.shown, all.times.len()), (10, 10, 100));
        let some = Raster::of(&spikes, 20, 50, rounding);
        assert_eq!((some.spiking, some.shown, some.times.len()), (10, 5, 50));
        assert_eq!(some.spikes, 100);
        let none = Raster::of(&[], 20, 50, rounding);
        assert_eq!((none.shown, none.times.len()), (0, 0));
    }
}
