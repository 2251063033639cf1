//! [`LayerRun`]: a layer in one sample, step by step.

use std::ops::Range;

use noctule_core::Real;
use pulp::Simd;

use super::connections::Connections;
use super::events::StepEvent;
use super::lanes::Lanes;
use super::population::{Decays, Population};

/// A layer in one sample.
pub struct LayerRun<'a, T> {
    /// The neurons.
    pub(super) population: &'a Population<T>,
    /// Their weights.
    pub(super) connections: &'a Connections<T>,
    /// The input events, ordered by step.
    pub(super) arrivals: &'a [StepEvent],
}

impl<T: Real> LayerRun<'_, T> {
    /// The spikes of the layer, ordered by step and neuron.
    #[inline(always)]
    pub(super) fn simulate<S: Simd>(self, simd: S) -> Vec<StepEvent>
    where
        T: Lanes<S>,
    {
        let mut state = LayerState::new(self.population);
        let end = self.population.steps;
        let mut next = 0;
        while let Some(first) = self.arrivals.get(next) {
            let step = first.step;
            while let Some(event) = self.arrivals.get(next).filter(|event| event.step == step) {
                self.connections.deliver(event.neuron, &mut state.currents);
                next += 1;
            }
            let until = self
                .arrivals
                .get(next)
                .map_or(end, |event| event.step.min(end));
            state.advance(simd, step, until);
        }
        state.spikes
    }
}

/// What changes in a layer during a sample. Each list has one entry per neuron, padded to whole blocks.
struct LayerState<'a, T> {
    population: &'a Population<T>,
    /// Potentials `u`.
    potentials: Vec<T>,
    /// Currents times the width of a step, `dt I`, which saves a product per step.
    currents: Vec<T>,
    /// Thresholds; infinite for a neuron that has emitted all its spikes.
    thresholds: Vec<T>,
    /// Number of spikes so far.
    emitted: Vec<u32>,
    spikes: Vec<StepEvent>,
}

impl<'a, T: Real> LayerState<'a, T> {
    /// A layer at rest.
    #[inline(always)]
    fn new(population: &'a Population<T>) -> Self {
        let padded = population.padded;
        Self {
            population,
            potentials: vec![T::zero(); padded],
            currents: vec![T::zero(); padded],
            thresholds: population.theta.clone(),
            emitted: vec![0; padded],
            spikes: Vec::new(),
        }
    }

    /// Takes the steps from `from` to before `until`, in which nothing arrives after the first.
    #[inline(always)]
    fn advance<S: Simd>(&mut self, simd: S, from: u32, until: u32)
    where
        T: Lanes<S>,
    {
        let before = self.spikes.len();
        // As many vectors as hide the latency of an operation and still fit into registers.
        let vectors = T::vectors(&self.potentials).len();
        if vectors.is_multiple_of(4) {
            self.blocks::<S, 4>(simd, from, until);
        } else if vectors.is_multiple_of(2) {
            self.blocks::<S, 2>(simd, from, until);
        } else {
            self.blocks::<S, 1>(simd, from, until);
        }
        // Blocks come one after another, each with all of its steps.
        self.spikes[before..].sort_unstable();
    }

    #[inline(always)]
    fn blocks<S: Simd, const N: usize>(&mut self, simd: S, from: u32, until: u32)
    where
        T: Lanes<S>,
    {
        let lanes = self.potentials.len() / T::vectors(&self.potentials).len();
        for first in (0..self.potentials.len()).step_by(N * lanes) {
            let neurons = first..first + N * lanes;
            match &self.population.decays {
                Decays::Shared(membrane, synapse) => {
                    let factors = Equal(*membrane, *synapse);
                    self.block::<S, N>(simd, neurons, from..until, factors);
                }
                Decays::Individual(membrane, synapse) => {
                    let membrane = T::vectors(&membrane[neurons.clone()]);
                    let synapse = T::vectors(&synapse[neurons.clone()]);
                    self.block::<S, N>(simd, neurons, from..until, Each(membrane, synapse));
                }
            }
        }
    }

    /// Takes steps of the block of the neurons `neurons`: `N` vectors. `factors` are what a step adds to the potentials and
    /// currents of a vector, in units of these.
    #[inline(always)]
    fn block<S: Simd, const N: usize>(
        &mut self,
        simd: S,
        neurons: Range<usize>,
        steps: Range<u32>,
        factors: impl Factors<S, T>,
    ) where
        T: Lanes<S>,
    {
        let mut step = steps.start;
        while step < steps.end {
            // The vectors live in this loop's body only, so that nothing has to be saved where spikes are appended. And
            // there are no closures in here: they might not be compiled for the instruction set.
            let mut u = load::<S, T, N>(&self.potentials[neurons.clone()]);
            let mut current = load::<S, T, N>(&self.currents[neurons.clone()]);
            let thresholds = load::<S, T, N>(&self.thresholds[neurons.clone()]);
            let mut is_reached = false;
            while step < steps.end && !is_reached {
                let both = factors.of(simd, 0);
                let mut reached =
                    turn::<S, T>(simd, &mut u[0], &mut current[0], both, thresholds[0]);
                for vector in 1..N {
                    let (u, current) = (&mut u[vector], &mut current[vector]);
                    let both = factors.of(simd, vector);
                    let here = turn::<S, T>(simd, u, current, both, thresholds[vector]);
                    reached = T::either(simd, reached, here);
                }
                is_reached = T::any(simd, reached);
                step += 1;
            }
            store::<S, T, N>(&mut self.potentials[neurons.clone()], u);
            store::<S, T, N>(&mut self.currents[neurons.clone()], current);
            if is_reached {
                // A spike is on the boundary after the step.
                self.spike(neurons.clone(), step);
            }
        }
    }

    /// Lets those of the neurons `neurons` spike that have reached their thresholds.
    #[inline(always)]
    fn spike(&mut self, neurons: Range<usize>, step: u32) {
        let first = neurons.start;
        let potentials = self.potentials[neurons.clone()].iter_mut();
        let thresholds = self.thresholds[neurons].iter_mut();
        for (lane, (potential, threshold)) in potentials.zip(thresholds).enumerate() {
            if *potential >= *threshold {
                let neuron = first + lane;
                *potential -= self.population.reset[neuron];
                self.emitted[neuron] += 1;
                if self.emitted[neuron] == self.population.max_spikes {
                    *threshold = T::infinity();
                }
                let neuron = neuron as u32;
                self.spikes.push(StepEvent { step, neuron });
            }
        }
    }
}

/// One step of a vector, with the factors `-dt/tau` of potentials and currents: where thresholds are reached.
#[inline(always)]
fn turn<S: Simd, T: Lanes<S>>(
    simd: S,
    u: &mut T::Vector,
    current: &mut T::Vector,
    (membrane, synapse): (T::Vector, T::Vector),
    thresholds: T::Vector,
) -> T::Mask {
    // Not `(1 - dt/tau) u`: where steps are narrow, the rounding of that factor would change tau.
    *u = T::plus(simd, *u, T::multiply_add(simd, *u, membrane, *current));
    *current = T::multiply_add(simd, *current, synapse, *current);
    T::at_least(simd, *u, thresholds)
}

/// What a step adds to the potentials and currents of the vectors of a block, in units of these: `-dt/tau`.
trait Factors<S: Simd, T: Lanes<S>> {
    /// For the potentials and for the currents of a vector.
    fn of(&self, simd: S, vector: usize) -> (T::Vector, T::Vector);
}

/// The same for all neurons.
struct Equal<T>(T, T);

impl<S: Simd, T: Lanes<S>> Factors<S, T> for Equal<T> {
    #[inline(always)]
    fn of(&self, simd: S, _: usize) -> (T::Vector, T::Vector) {
        (T::splat(simd, self.0), T::splat(simd, self.1))
    }
}

/// Of each neuron its own.
struct Each<'a, Vector>(&'a [Vector], &'a [Vector]);

impl<S: Simd, T: Lanes<S>> Factors<S, T> for Each<'_, T::Vector> {
    #[inline(always)]
    fn of(&self, _: S, vector: usize) -> (T::Vector, T::Vector) {
        (self.0[vector], self.1[vector])
    }
}

#[inline(always)]
fn load<S: Simd, T: Lanes<S>, const N: usize>(from: &[T]) -> [T::Vector; N] {
    let from = T::vectors(from);
    let mut vectors = [from[0]; N];
    vectors.copy_from_slice(&from[..N]);
    vectors
}

#[inline(always)]
fn store<S: Simd, T: Lanes<S>, const N: usize>(to: &mut [T], vectors: [T::Vector; N]) {
    T::vectors_mut(to)[..N].copy_from_slice(&vectors);
}
