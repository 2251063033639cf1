//! [`LayerState`]: potentials and currents of a layer, and how they advance.

use noctule_core::Real;

use super::connections::Connections;
use super::events::StepEvent;
use super::population::{Decays, NARROW, Population, WIDE};

/// What changes in a layer during a sample. Each list has one entry per neuron, padded to whole blocks.
#[derive(Clone, Debug)]
pub(super) struct LayerState<'a, T> {
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
    pub(super) fn new(population: &'a Population<T>) -> Self {
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

    /// The spikes of the layer in a whole sample, ordered by step and neuron. `arrivals` are ordered by step.
    #[inline(always)]
    pub(super) fn run(
        mut self,
        connections: &Connections<T>,
        arrivals: &[StepEvent],
    ) -> Vec<StepEvent> {
        let end = self.population.steps;
        let mut next = 0;
        while let Some(first) = arrivals.get(next) {
            let step = first.step;
            while let Some(event) = arrivals.get(next).filter(|event| event.step == step) {
                connections.deliver(event.neuron, &mut self.currents);
                next += 1;
            }
            let until = arrivals.get(next).map_or(end, |event| event.step.min(end));
            self.advance(step, until);
        }
        self.spikes
    }

    /// Takes the steps from `from` to before `until`, in which nothing arrives after the first.
    #[inline(always)]
    fn advance(&mut self, from: u32, until: u32) {
        let before = self.spikes.len();
        let population = self.population;
        match (&population.decays, population.block) {
            (Decays::Shared(membrane, synapse), NARROW) => {
                self.blocks::<NARROW, _>(from, until, |_| Equal(*membrane, *synapse));
            }
            (Decays::Shared(membrane, synapse), _) => {
                self.blocks::<WIDE, _>(from, until, |_| Equal(*membrane, *synapse));
            }
            (Decays::Individual(membrane, synapse), NARROW) => {
                self.blocks::<NARROW, _>(from, until, |block| {
                    Each(part(membrane, block), part(synapse, block))
                });
            }
            (Decays::Individual(membrane, synapse), _) => {
                self.blocks::<WIDE, _>(from, until, |block| {
                    Each(part(membrane, block), part(synapse, block))
                });
            }
        }
        // Blocks come one after another, each with all of its steps.
        self.spikes[before..].sort_unstable();
    }

    #[inline(always)]
    fn blocks<const N: usize, F: Factors<T, N>>(
        &mut self,
        from: u32,
        until: u32,
        factors: impl Fn(usize) -> F,
    ) {
        let population = self.population;
        let (potentials, _) = self.potentials.as_chunks_mut::<N>();
        let (currents, _) = self.currents.as_chunks_mut::<N>();
        let (thresholds, _) = self.thresholds.as_chunks_mut::<N>();
        let (emitted, _) = self.emitted.as_chunks_mut::<N>();
        let (resets, _) = population.reset.as_chunks::<N>();
        let states = potentials.iter_mut().zip(currents);
        let counts = thresholds.iter_mut().zip(emitted).zip(resets);
        for (index, (state, ((thresholds, emitted), reset))) in states.zip(counts).enumerate() {
            let factors = factors(index);
            // Copies, which the compiler keeps in registers.
            let (mut u, mut current) = (*state.0, *state.1);
            for step in from..until {
                if !integrate(&mut u, &mut current, thresholds, &factors) {
                    continue;
                }
                for lane in 0..N {
                    if u[lane] >= thresholds[lane] {
                        u[lane] -= reset[lane];
                        emitted[lane] += 1;
                        if emitted[lane] == population.max_spikes {
                            thresholds[lane] = T::infinity();
                        }
                        let neuron = (index * N + lane) as u32;
                        self.spikes.push(StepEvent { step, neuron });
                    }
                }
            }
            (*state.0, *state.1) = (u, current);
        }
    }
}

/// One step of a block; whether a neuron has reached its threshold.
#[inline(always)]
fn integrate<T: Real, const N: usize>(
    u: &mut [T; N],
    current: &mut [T; N],
    thresholds: &[T; N],
    factors: &impl Factors<T, N>,
) -> bool {
    let mut reached = false;
    for lane in 0..N {
        u[lane] = u[lane] * factors.membrane(lane) + current[lane];
        current[lane] *= factors.synapse(lane);
        reached |= u[lane] >= thresholds[lane];
    }
    reached
}

/// What a step leaves of potentials and currents of a block.
trait Factors<T, const N: usize> {
    fn membrane(&self, lane: usize) -> T;
    fn synapse(&self, lane: usize) -> T;
}

/// The same for all neurons: potential, current.
struct Equal<T>(T, T);

impl<T: Real, const N: usize> Factors<T, N> for Equal<T> {
    #[inline(always)]
    fn membrane(&self, _: usize) -> T {
        self.0
    }

    #[inline(always)]
    fn synapse(&self, _: usize) -> T {
        self.1
    }
}

/// One for each neuron: potentials, currents.
struct Each<'a, T, const N: usize>(&'a [T; N], &'a [T; N]);

impl<T: Real, const N: usize> Factors<T, N> for Each<'_, T, N> {
    #[inline(always)]
    fn membrane(&self, lane: usize) -> T {
        self.0[lane]
    }

    #[inline(always)]
    fn synapse(&self, lane: usize) -> T {
        self.1[lane]
    }
}

#[inline(always)]
fn part<T, const N: usize>(values: &[T], block: usize) -> &[T; N] {
    &values.as_chunks::<N>().0[block]
}
