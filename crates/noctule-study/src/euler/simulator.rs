//! [`EulerSimulator`]: a network that is simulated in steps.

use noctule_core::{Layer, Network, NetworkError, SpikeBatch, SpikeError, Spikes, SumPool2d};
use rayon::prelude::*;

use super::connections::Connections;
use super::dispatch::StepReal;
use super::error::EulerError;
use super::events::{StepEvent, rounded, timed};
use super::population::Population;
use super::state::LayerRun;

/// A network prepared for Euler's forward method with steps of one width.
#[derive(Clone, Debug)]
pub struct EulerSimulator<T> {
    step: f64,
    steps: u32,
    layers: Vec<StepLayer<T>>,
}

#[derive(Clone, Debug)]
enum StepLayer<T> {
    Spiking {
        neurons: usize,
        population: Population<T>,
        connections: Connections<T>,
    },
    SumPool2d(SumPool2d),
}

impl<T: StepReal> EulerSimulator<T> {
    /// The network in evaluation, with steps of `step` seconds.
    ///
    /// # Errors
    /// If the step is not positive, too short, or longer than a time constant of a neuron, or the network is not valid.
    pub fn new(network: &Network<T>, step: f64) -> Result<Self, EulerError> {
        network.validate()?;
        if !(step.is_finite() && step > 0.0) {
            return Err(EulerError::Step { step });
        }
        let mut layers = Vec::new();
        let mut steps = 0;
        for (index, layer) in network.layers().iter().enumerate() {
            let unsupported = EulerError::Unsupported { layer: index };
            layers.push(match layer {
                Layer::Spiking(layer) => {
                    let population = Population::new(layer, step)?;
                    steps = steps.max(population.steps);
                    let scale = T::of(step);
                    StepLayer::Spiking {
                        neurons: layer.outputs(),
                        connections: Connections::new(layer, scale, population.padded)
                            .ok_or(unsupported)?,
                        population,
                    }
                }
                Layer::SumPool2d(pooling) => StepLayer::SumPool2d(*pooling),
                _ => return Err(unsupported),
            });
        }
        if steps == 0 && !layers.iter().any(StepLayer::is_spiking) {
            let what = "the number of spiking layers of a network";
            return Err(NetworkError::Empty { what }.into());
        }
        Ok(Self {
            step,
            steps,
            layers,
        })
    }

    /// The width of a step, in seconds.
    pub fn step(&self) -> f64 {
        self.step
    }

    /// The output events of each layer, pooling layers included. Samples are shared among the threads of the current
    /// pool; results do not depend on their number.
    ///
    /// # Errors
    /// If the spikes of a layer are not valid, which would be an error of this simulator.
    ///
    /// # Panics
    /// If `input` comes from a larger population than the network's.
    pub fn simulate(&self, input: &SpikeBatch<T>) -> Result<Vec<SpikeBatch<T>>, SpikeError> {
        let samples = (0..input.samples()).into_par_iter();
        let samples: Vec<Vec<Vec<StepEvent>>> = samples
            .map(|sample| self.sample(input.sample(sample)))
            .collect();
        let layers = self.layers.iter().enumerate();
        let batches = layers.map(|(index, layer)| {
            let events = samples.iter().map(|layers| &layers[index]);
            timed(events, layer.outputs(), self.step)
        });
        batches.collect()
    }

    /// The events of each layer in one sample.
    fn sample(&self, input: Spikes<'_, T>) -> Vec<Vec<StepEvent>> {
        let mut layers: Vec<Vec<StepEvent>> = Vec::with_capacity(self.layers.len());
        let input = rounded(input, self.step, self.steps);
        for layer in &self.layers {
            let arrivals = layers.last().unwrap_or(&input);
            let spikes = match layer {
                StepLayer::Spiking {
                    population,
                    connections,
                    ..
                } => T::run_layer(LayerRun {
                    population,
                    connections,
                    arrivals,
                }),
                StepLayer::SumPool2d(pooling) => pooled(pooling, arrivals),
            };
            layers.push(spikes);
        }
        layers
    }
}

impl<T> StepLayer<T> {
    fn is_spiking(&self) -> bool {
        matches!(self, Self::Spiking { .. })
    }

    fn outputs(&self) -> usize {
        match self {
            Self::Spiking { neurons, .. } => *neurons,
            Self::SumPool2d(pooling) => pooling.output_shape().neurons(),
        }
    }
}

fn pooled(pooling: &SumPool2d, arrivals: &[StepEvent]) -> Vec<StepEvent> {
    let events = arrivals.iter().map(|event| StepEvent {
        neuron: pooling.pooled(event.neuron),
        ..*event
    });
    events.collect()
}
