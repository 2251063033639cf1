//! [`NeuronBlock`]: the constants of a block of neurons that may differ, and how their states move in time.
//!
//! The loops over lanes have no branches, so that the compiler vectorises them.

use noctule_core::{Lif, Real};

use crate::individual::view::IndividualView;
use crate::simd::lanes::{LANES, Lanes, blocks};

/// The constants of a block of neurons. Lanes beyond the last neuron have those of the last one.
#[derive(Clone, Debug)]
pub(crate) struct NeuronBlock<T> {
    /// Index of the first neuron in the layer.
    pub first: usize,
    /// Lanes that are neurons.
    pub lanes: usize,
    /// Index of the block of weights.
    pub block: usize,
    pub tau_m: Lanes<T>,
    pub theta: Lanes<T>,
    pub inverse_tau_m: Lanes<T>,
    pub inverse_tau_s: Lanes<T>,
    /// One over the larger time constant.
    inverse_slow: Lanes<T>,
    /// `|1/tau_s - 1/tau_m|`; 1 where the time constants are equal, which is not used.
    rate: Lanes<T>,
    is_equal: [bool; LANES],
    /// Whether the membrane is the slower one.
    is_membrane_slow: [bool; LANES],
}

/// What time makes of the states of a block of neurons.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decays<T> {
    /// `exp(-s/tau_m)`.
    pub potential: Lanes<T>,
    /// `exp(-s/tau_s)`.
    pub current: Lanes<T>,
    /// `eps(s)`: what a current of 1 makes of the potential.
    pub response: Lanes<T>,
}

impl<T: Real> NeuronBlock<T> {
    /// The blocks of all neurons of a layer; shape `[positions][blocks of rows]`.
    pub fn all(view: &IndividualView<'_, T>) -> Vec<Self> {
        let at = |position| {
            let blocks = 0..blocks(view.rows_of_weights);
            blocks.map(move |block| Self::new(view, position, block))
        };
        (0..view.positions()).flat_map(at).collect()
    }

    fn new(view: &IndividualView<'_, T>, position: usize, block: usize) -> Self {
        let first = block * LANES;
        let lanes = LANES.min(view.rows_of_weights - first);
        let neuron = |lane: usize| {
            let row = first + lane.min(lanes - 1);
            view.neuron(position * view.rows_of_weights + row)
        };
        let of = |constant: &dyn Fn(&Lif<T>) -> f64| -> Lanes<T> {
            std::array::from_fn(|lane| T::of(constant(neuron(lane))))
        };
        let tau_m = |neuron: &Lif<T>| neuron.parameters().tau_m;
        let tau_s = |neuron: &Lif<T>| neuron.parameters().tau_s;
        let rate = |neuron: &Lif<T>| match neuron.has_equal_time_constants() {
            true => 1.0,
            false => (tau_m(neuron) - tau_s(neuron)).abs() / (tau_m(neuron) * tau_s(neuron)),
        };
        Self {
            first: position * view.rows_of_weights + first,
            lanes,
            block,
            tau_m: of(&tau_m),
            theta: of(&|neuron| neuron.parameters().theta),
            inverse_tau_m: of(&|neuron| 1.0 / tau_m(neuron)),
            inverse_tau_s: of(&|neuron| 1.0 / tau_s(neuron)),
            inverse_slow: of(&|neuron| 1.0 / tau_m(neuron).max(tau_s(neuron))),
            rate: of(&rate),
            is_equal: std::array::from_fn(|lane| neuron(lane).has_equal_time_constants()),
            is_membrane_slow: std::array::from_fn(|lane| {
                tau_m(neuron(lane)) >= tau_s(neuron(lane))
            }),
        }
    }

    /// What `elapsed` seconds make of the states, which may differ from neuron to neuron.
    #[inline(always)]
    pub fn decays(&self, elapsed: &Lanes<T>) -> Decays<T> {
        let mut decays = Decays {
            potential: [T::zero(); LANES],
            current: [T::zero(); LANES],
            response: [T::zero(); LANES],
        };
        for (lane, &s) in elapsed.iter().enumerate() {
            // The slower of the two decays is factored out, so that no factor grows with s.
            let slow = (-s * self.inverse_slow[lane]).fast_exp();
            let loss = (-s * self.rate[lane]).fast_exp_m1();
            let (loss, grown) = match self.is_equal[lane] {
                true => (T::zero(), s),
                false => (loss, -loss / self.rate[lane]),
            };
            let fast = slow + slow * loss;
            decays.response[lane] = slow * grown;
            (decays.potential[lane], decays.current[lane]) = match self.is_membrane_slow[lane] {
                true => (slow, fast),
                false => (fast, slow),
            };
        }
        decays
    }
}

/// One number for each lane.
#[inline(always)]
pub(crate) fn splat<T: Copy>(value: T) -> Lanes<T> {
    [value; LANES]
}
