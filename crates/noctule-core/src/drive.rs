//! [`InputDrive`]: how far the inputs of a neuron can raise its potential, per unit of weight.

use crate::neuron::error::NeuronError;
use crate::neuron::lif::Lif;
use crate::neuron::parameters::LifParameters;
use crate::real::Real;
use crate::spikes::{SpikeBatch, Spikes};

/// Points in time at which potentials are compared, in the time that a postsynaptic potential takes to its peak.
const POINTS_TO_PEAK: f64 = 4.0;
/// The most such points in a sample.
const MOST_POINTS: f64 = 4096.0;

/// How far the inputs of a neuron can raise its potential in a sample, per unit of weight, in seconds.
///
/// Let `a_j(t)` be the sum of the postsynaptic potentials of all spikes of input `j` for a weight of 1. If the weights are
/// drawn independently with mean `m` and standard deviation `s`, the potential of a neuron at the time `t` has, over
/// neurons, the mean `m * sum_j a_j(t)` and the standard deviation `s * sqrt(sum_j a_j(t)^2)`. The two fields are the
/// largest values of these sums in a sample, as a mean over samples.
///
/// [`Initialiser::threshold`](crate::Initialiser::threshold) draws weights for a drive.
///
/// ```
/// use noctule_core::{InputDrive, LifParameters, SpikeBatch};
///
/// let neuron = LifParameters {
///     tau_m: 0.020, tau_s: 0.010, theta: 1.0, reset: 1.0, max_spikes: 20, t_max: 0.1,
/// };
/// // The peak of the potential of one spike is tau_m/4 if tau_m = 2 tau_s.
/// assert!((neuron.psp_peak() - 0.005).abs() < 1e-12);
/// // One hundred inputs that spike once, all at the same time:
/// let together = InputDrive::of_simultaneous_spikes(100.0, &neuron);
/// assert!((together.sum - 100.0 * 0.005).abs() < 1e-9);
/// assert!((together.norm - 10.0 * 0.005).abs() < 1e-9);
/// // Inputs that spike 20 ms apart drive less:
/// let mut spikes = SpikeBatch::<f32>::new(2);
/// spikes.push_sample([(0.000, 0), (0.020, 1)])?;
/// let apart = InputDrive::of_spikes(&spikes, &neuron)?;
/// assert!(apart.sum > 0.005 && apart.sum < 2.0 * 0.005);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InputDrive {
    /// The peak of `sum_j a_j(t)`, in seconds.
    pub sum: f64,
    /// The peak of `sqrt(sum_j a_j(t)^2)`, in seconds.
    pub norm: f64,
}

impl InputDrive {
    /// The drive of a number of inputs that spike once each, all at the same time.
    pub fn of_simultaneous_spikes(inputs: f64, neuron: &LifParameters) -> Self {
        let peak = neuron.psp_peak();
        Self {
            sum: inputs * peak,
            norm: inputs.sqrt() * peak,
        }
    }

    /// The drive of all spikes of a population on a neuron that is connected to each of its neurons: the mean over the
    /// samples of `spikes`. Spikes at `t_max` or later do not count.
    ///
    /// # Errors
    /// If a constant of the neuron is out of range.
    pub fn of_spikes<T: Real>(
        spikes: &SpikeBatch<T>,
        neuron: &LifParameters,
    ) -> Result<Self, NeuronError> {
        let mut potentials = Potentials::new(neuron, spikes.population())?;
        let samples = spikes.samples();
        let mut mean = Self {
            sum: 0.0,
            norm: 0.0,
        };
        for sample in 0..samples {
            let peak = potentials.peaks(spikes.sample(sample));
            mean.sum += peak.sum / samples as f64;
            mean.norm += peak.norm / samples as f64;
        }
        Ok(mean)
    }

    /// The drive on a neuron that is connected to a fraction of these inputs, such as the window of a convolution.
    #[must_use]
    pub fn of_fraction(self, fraction: f64) -> Self {
        Self {
            sum: self.sum * fraction,
            norm: self.norm * fraction.sqrt(),
        }
    }
}

/// The potential that each input causes with a weight of 1, followed through a sample.
struct Potentials {
    neuron: Lif<f64>,
    t_max: f64,
    time_to_peak: f64,
    /// Potential and current of each input.
    states: Vec<(f64, f64)>,
    /// The inputs that have spiked in this sample.
    active: Vec<usize>,
}

impl Potentials {
    fn new(neuron: &LifParameters, inputs: usize) -> Result<Self, NeuronError> {
        Ok(Self {
            neuron: Lif::new(neuron)?,
            t_max: neuron.t_max,
            time_to_peak: neuron.time_to_psp_peak(),
            states: vec![(0.0, 0.0); inputs],
            active: Vec::new(),
        })
    }

    /// The largest values of the two sums in a sample, at evenly spaced points in time.
    fn peaks<T: Real>(&mut self, spikes: Spikes<'_, T>) -> InputDrive {
        let mut peak = InputDrive {
            sum: 0.0,
            norm: 0.0,
        };
        let t_max = self.t_max;
        let times = spikes.times.iter().map(|&time| time.to_f64());
        let mut arriving = times
            .zip(spikes.neurons)
            .take_while(|&(time, _)| time < t_max)
            .peekable();
        let Some(&(first, _)) = arriving.peek() else {
            return peak;
        };
        let last = spikes.times.last().map_or(first, |&time| time.to_f64());
        let end = t_max.min(last + self.time_to_peak);
        let points = ((end - first) * POINTS_TO_PEAK / self.time_to_peak).clamp(1.0, MOST_POINTS);
        let step = (end - first) / points.ceil();
        for point in 1..=points.ceil() as usize {
            let now = first + step * point as f64;
            self.advance(step);
            while let Some((time, &input)) = arriving.next_if(|&(time, _)| time <= now) {
                self.add_spike(input as usize, now - time);
            }
            let potentials = self.active.iter().map(|&input| self.states[input].0);
            let (sum, squares) = potentials.fold((0.0, 0.0), |(sum, squares), potential| {
                (sum + potential, squares + potential * potential)
            });
            peak.sum = peak.sum.max(sum);
            peak.norm = peak.norm.max(squares.sqrt());
        }
        for input in self.active.drain(..) {
            self.states[input] = (0.0, 0.0);
        }
        peak
    }

    fn advance(&mut self, step: f64) {
        let (leak, _) = self.neuron.propagate(1.0, 0.0, step);
        let (charge, decay) = self.neuron.propagate(0.0, 1.0, step);
        for &input in &self.active {
            let (potential, current) = self.states[input];
            self.states[input] = (leak * potential + charge * current, decay * current);
        }
    }

    fn add_spike(&mut self, input: usize, elapsed: f64) {
        let (potential, current) = self.neuron.propagate(0.0, 1.0, elapsed);
        let state = &mut self.states[input];
        if *state == (0.0, 0.0) {
            self.active.push(input);
        }
        state.0 += potential;
        state.1 += current;
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::initialiser::Initialiser;
    use crate::tensor::Tensor;

    /// Time constants of the membrane and the synapse.
    const TIME_CONSTANTS: [(f64, f64); 6] = [
        (0.02, 0.01),
        (0.02, 0.02),
        (0.02, 0.0199999999),
        (0.005, 0.1),
        (1.0, 0.001),
        (260.0, 130.0),
    ];

    fn neuron((tau_m, tau_s): (f64, f64), t_max: f64) -> LifParameters {
        LifParameters {
            tau_m,
            tau_s,
            theta: 1.0,
            reset: 1.0,
            max_spikes: 10,
            t_max,
        }
    }

    fn drive(samples: &[&[(f64, u32)]], neuron: &LifParameters) -> InputDrive {
        let mut spikes = SpikeBatch::new(4);
        for sample in samples {
            spikes.push_sample(sample.iter().copied()).unwrap();
        }
        InputDrive::of_spikes(&spikes, neuron).unwrap()
    }

    #[test]
    fn the_peak_is_the_largest_potential() {
        for constants in TIME_CONSTANTS {
            let parameters = neuron(constants, 1e4);
            let lif = Lif::<f64>::new(&parameters).unwrap();
            let at = parameters.time_to_psp_peak();
            let potential = |time| lif.postsynaptic_potential(time);
            assert_relative_eq!(parameters.psp_peak(), potential(at), max_relative = 1e-9);
            assert!(potential(0.99 * at) < potential(at), "{constants:?}");
            assert!(potential(1.01 * at) < potential(at), "{constants:?}");
        }
        let doubled = neuron((0.02, 0.01), 1.0);
        assert_relative_eq!(doubled.psp_peak(), 0.02 / 4.0, max_relative = 1e-12);
        let equal = neuron((0.02, 0.02), 1.0);
        assert_relative_eq!(equal.psp_peak(), 0.02 / 1_f64.exp(), max_relative = 1e-12);
    }

    #[test]
    fn spikes_together_add_up_and_spikes_apart_do_not() {
        for constants in TIME_CONSTANTS {
            let parameters = neuron(constants, 1e4);
            let peak = parameters.psp_peak();
            let together = drive(&[&[(0.5, 0), (0.5, 1), (0.5, 3)]], &parameters);
            let expected = InputDrive::of_simultaneous_spikes(3.0, &parameters);
            assert_relative_eq!(together.sum, expected.sum, max_relative = 1e-9);
            assert_relative_eq!(together.norm, expected.norm, max_relative = 1e-9);
            // Two spikes of one input have the same weight.
            let repeated = drive(&[&[(0.5, 2), (0.5, 2)]], &parameters);
            assert_relative_eq!(repeated.norm, 2.0 * peak, max_relative = 1e-9);
            let far = 50.0 * constants.0.max(constants.1);
            let apart = drive(&[&[(0.0, 0), (far, 1)]], &parameters);
            assert_relative_eq!(apart.sum, peak, max_relative = 0.02);
        }
    }

    #[test]
    fn samples_are_averaged_and_late_spikes_do_not_count() {
        let parameters = neuron((0.02, 0.01), 0.1);
        let peak = parameters.psp_peak();
        let half = drive(&[&[(0.01, 0)], &[], &[(0.1, 0), (0.2, 1)]], &parameters);
        assert_relative_eq!(half.sum, peak / 3.0, max_relative = 1e-9);
        // The end of the sample comes before the peak.
        let lif = Lif::<f64>::new(&parameters).unwrap();
        let cut = drive(&[&[(0.095, 0)]], &parameters);
        assert_relative_eq!(
            cut.sum,
            lif.postsynaptic_potential(0.005),
            max_relative = 1e-9
        );
        assert_eq!(drive(&[], &parameters).sum, 0.0);
    }

    /// Potentials at the peak are those that were asked for, whatever inputs do.
    #[test]
    fn neurons_reach_the_potential_that_was_asked_for() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let inputs = 300;
        let parameters = neuron((0.02, 0.01), 0.2);
        let mut times: Vec<(f64, u32)> = (0..600)
            .map(|_| {
                (
                    random.random_range(0.0..0.1),
                    random.random_range(0..inputs),
                )
            })
            .collect();
        times.sort_by(|first, second| first.0.total_cmp(&second.0));
        let mut spikes = SpikeBatch::new(inputs as usize);
        spikes.push_sample(times.iter().copied()).unwrap();
        let drive = InputDrive::of_spikes(&spikes, &parameters).unwrap();
        let lif = Lif::<f64>::new(&parameters).unwrap();
        for (theta, mean, std) in [(1.0, 0.5, 1.5), (0.02, 3.0, 0.5), (50.0, -1.0, 1.0)] {
            let initialiser = Initialiser::threshold(theta, drive, mean, std).unwrap();
            let weights: Tensor<f64> = initialiser.draw(&[2000, inputs as usize], &mut random);
            // The time at which the sum of all potentials is largest; that of their squares is near.
            let at = 0.1;
            let potentials: Vec<f64> = weights
                .as_slice()
                .chunks(inputs as usize)
                .map(|weights| {
                    let arrived = times.iter().filter(|(time, _)| *time < at);
                    arrived
                        .map(|&(time, input)| {
                            weights[input as usize] * lif.postsynaptic_potential(at - time)
                        })
                        .sum::<f64>()
                        / theta
                })
                .collect();
            let count = potentials.len() as f64;
            let found = potentials.iter().sum::<f64>() / count;
            let squares = potentials.iter().map(|u| (u - found).powi(2)).sum::<f64>();
            assert_relative_eq!(found, mean, epsilon = 0.15 * mean.abs() + 0.1 * std);
            assert_relative_eq!((squares / count).sqrt(), std, max_relative = 0.15);
        }
    }
}
