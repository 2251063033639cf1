//! The slopes of spikes that were recorded elsewhere, for example on a chip.
//!
//! The slope `u'(t_k) = I(t_k) - u(t_k)/tau_m` is the model's at the recorded time, from the recorded inputs and the
//! neuron's own earlier recorded spikes. An input at the very time of a spike does not act on it.

use noctule_core::{Lif, Real, SpikeBatch, Spikes};
use rayon::prelude::*;

use crate::individual::inputs::{InputSpike, inputs_by_position};
use crate::individual::moment::Moment;
use crate::individual::tape::IndividualTape;
use crate::individual::view::IndividualView;

/// The slopes of all recorded spikes, and the number of those that are not positive.
pub(crate) fn run<T: Real>(
    view: IndividualView<'_, T>,
    input: &SpikeBatch<T>,
    output: &SpikeBatch<T>,
) -> (IndividualTape<T>, u64) {
    let samples = (0..input.samples()).into_par_iter();
    let slopes: Vec<Vec<T>> = samples
        .map(|sample| slopes_of_sample(&view, input.sample(sample), output.sample(sample)))
        .collect();
    let slopes: Vec<T> = slopes.concat();
    let is_flat = |&&slope: &&T| slope <= T::zero() || slope.is_nan();
    let without_rise = slopes.iter().filter(is_flat).count() as u64;
    let tape = IndividualTape {
        input: input.clone(),
        slopes,
    };
    (tape, without_rise)
}

/// The slope at each output spike of a sample, aligned with `output`.
fn slopes_of_sample<T: Real>(
    view: &IndividualView<'_, T>,
    input: Spikes<'_, T>,
    output: Spikes<'_, T>,
) -> Vec<T> {
    let mut spikes: Vec<Vec<usize>> = vec![Vec::new(); view.outputs()];
    for (spike, &neuron) in output.neurons.iter().enumerate() {
        spikes[neuron as usize].push(spike);
    }
    let mut slopes = vec![T::zero(); output.len()];
    for (position, inputs) in inputs_by_position(view, input).iter().enumerate() {
        for row in 0..view.rows_of_weights {
            let index = position * view.rows_of_weights + row;
            let mut trajectory = Trajectory::new(view.neuron(index));
            let mut inputs = inputs.iter().peekable();
            for &spike in &spikes[index] {
                let time = Moment::of(output, spike);
                while let Some(input_spike) =
                    inputs.next_if(|input_spike| input_spike.time.is_before(time))
                {
                    trajectory.reach(input_spike.time);
                    trajectory.current += weight(view, row, input_spike);
                }
                trajectory.reach(time);
                slopes[spike] = trajectory.slope();
                trajectory.potential -= trajectory.neuron.reset();
            }
        }
    }
    slopes
}

fn weight<T: Real>(view: &IndividualView<'_, T>, row: usize, input_spike: &InputSpike<T>) -> T {
    view.weights.get(row, input_spike.column as usize)
}

/// Potential and current of one neuron at the time `now`.
struct Trajectory<'a, T> {
    neuron: &'a Lif<T>,
    potential: T,
    current: T,
    now: Moment<T>,
}

impl<'a, T: Real> Trajectory<'a, T> {
    fn new(neuron: &'a Lif<T>) -> Self {
        Self {
            neuron,
            potential: T::zero(),
            current: T::zero(),
            now: Moment::start(),
        }
    }

    fn reach(&mut self, time: Moment<T>) {
        let elapsed = time.since(self.now);
        (self.potential, self.current) =
            self.neuron.propagate(self.potential, self.current, elapsed);
        self.now = time;
    }

    fn slope(&self) -> T {
        self.current - self.potential * self.neuron.inverse_tau_m()
    }
}
