//! [`Population`]: the constants of a layer's neurons for steps of one width.

use noctule_core::{Lif, Neurons, Real, SpikingLayer};

use super::error::EulerError;
use super::events::whole_steps;

/// Neurons in a block of a layer with many neurons: a multiple of four vectors of any width.
const WIDE: usize = 64;
/// Neurons in a block of a layer with few: a multiple of one vector of any width.
const NARROW: usize = 16;

/// The constants of the neurons of a layer, padded to whole blocks by neurons that never spike.
#[derive(Clone, Debug)]
pub(super) struct Population<T> {
    /// Number of neurons, padded to whole blocks.
    pub padded: usize,
    /// Number of whole steps until `t_max`.
    pub steps: u32,
    /// The largest number of spikes of a neuron.
    pub max_spikes: u32,
    /// What a step leaves of potential and current.
    pub decays: Decays<T>,
    /// Threshold of each neuron; shape `[padded]`.
    pub theta: Vec<T>,
    /// What a spike subtracts; shape `[padded]`.
    pub reset: Vec<T>,
}

/// What a step leaves of the potential, `1 - dt/tau_m`, and of the current, `1 - dt/tau_s`.
#[derive(Clone, Debug)]
pub(super) enum Decays<T> {
    /// All neurons are equal: potential, current.
    Shared(T, T),
    /// One factor per neuron; each has shape `[padded]`.
    Individual(Vec<T>, Vec<T>),
}

impl<T: Real> Population<T> {
    /// The neurons of `layer` in evaluation, for steps of `step` seconds.
    ///
    /// # Errors
    /// If a constant is out of range, or the step is too long or too short for it.
    pub(super) fn new(layer: &SpikingLayer<T>, step: f64) -> Result<Self, EulerError> {
        let count = layer.outputs();
        let block = if count <= NARROW { NARROW } else { WIDE };
        let padded = count.next_multiple_of(block);
        let t_max = layer.neuron().t_max;
        let steps = whole_steps(t_max, step);
        if steps > f64::from(EulerError::MOST_STEPS) {
            return Err(EulerError::TooManySteps { step, t_max });
        }
        let neurons = match layer.evaluated_neurons()? {
            Neurons::Shared(neuron) => vec![neuron],
            Neurons::Individual(neurons) => neurons,
        };
        let list = |value: &dyn Fn(&Lif<T>) -> T, rest: T| {
            let last = neurons.len() - 1;
            let values = (0..count).map(|neuron| value(&neurons[neuron.min(last)]));
            let mut values: Vec<T> = values.collect();
            values.resize(padded, rest);
            values
        };
        let membrane = |neuron: &Lif<T>| T::of(-step / neuron.parameters().tau_m);
        let synapse = |neuron: &Lif<T>| T::of(-step / neuron.parameters().tau_s);
        for neuron in &neurons {
            let constants = neuron.parameters();
            let tau = constants.tau_m.min(constants.tau_s);
            if step > tau {
                return Err(EulerError::Unstable { step, tau });
            }
        }
        let decays = match &neurons[..] {
            [neuron] => Decays::Shared(membrane(neuron), synapse(neuron)),
            _ => Decays::Individual(list(&membrane, T::zero()), list(&synapse, T::zero())),
        };
        Ok(Self {
            padded,
            steps: steps as u32,
            max_spikes: layer.neuron().max_spikes,
            decays,
            theta: list(&|neuron| neuron.theta(), T::infinity()),
            reset: list(&|neuron| neuron.reset(), T::zero()),
        })
    }
}
