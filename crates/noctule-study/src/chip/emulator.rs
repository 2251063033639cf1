//! [`Emulator`]: a network on a chip, trial after trial.

use noctule_core::{
    Batch, Engine, EngineError, Layer, LayerSubstrate, Network, Pass, Session, SessionOptions, Sgd,
    SpikeBatch, SpikeError, Substrate, SumPool2d, TensorGroup, TensorName, Tensors,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::instance::Chip;
use super::trial_noise::TrialNoise;

/// A network on a chip. It takes weights and input spikes, and gives the spikes of all layers, as a chip does.
pub struct Emulator {
    parts: Vec<Part>,
    noise: TrialNoise,
    layers: usize,
}

/// Some layers that are run together. Noise is added between parts.
enum Part {
    /// Layers from `first` on, in one session.
    Layers {
        session: Box<dyn Session<f32>>,
        first: usize,
        layers: usize,
        /// The weights of these layers, as the session knows them.
        weights: Tensors<f32>,
    },
    /// Sum pooling, which only renames spikes.
    Pooling(SumPool2d),
}

impl Emulator {
    /// `network` on a chip, computed by `engine`.
    ///
    /// # Errors
    /// If the chip is for another network or has both rounded and noisy weights, or the engine cannot run it.
    pub fn new(
        engine: &dyn Engine<f32>,
        network: &Network<f32>,
        chip: &Chip,
    ) -> Result<Self, EngineError> {
        let rounds = |layer: &LayerSubstrate| layer.quantisation.is_some();
        if chip.noise.weights != 0.0 && chip.substrate.layers.iter().any(rounds) {
            return Err(EngineError::Unsupported {
                backend: "emulated chip",
                what: "weights that are rounded and differ from trial to trial".to_owned(),
            });
        }
        let network = chip.network(network)?;
        let layers = network.layers().len();
        let parts = if !chip.noise.changes_spikes() {
            vec![Part::open(engine, &network, chip.substrate.clone(), 0)?]
        } else {
            let layers = network.layers().iter().enumerate();
            let part = |(index, layer)| Part::of_layer(engine, layer, &chip.substrate, index);
            layers.map(part).collect::<Result<_, _>>()?
        };
        Ok(Self {
            parts,
            noise: chip.noise,
            layers,
        })
    }

    /// Gives the chip other weights, which it transforms as it must.
    ///
    /// # Errors
    /// If the tensors are not the weights of the network.
    pub fn write(&mut self, weights: &Tensors<f32>) -> Result<(), EngineError> {
        for part in &mut self.parts {
            if let Part::Layers {
                session,
                first,
                weights: own,
                ..
            } = part
            {
                for (name, tensor) in own.iter_mut() {
                    let name = TensorName {
                        layer: name.layer + *first,
                        ..*name
                    };
                    let given = weights.get(&name).ok_or_else(|| EngineError::Tensors {
                        group: TensorGroup::Parameters.to_string(),
                        problem: format!("{name} is missing"),
                    })?;
                    tensor.clone_from(given);
                }
                session.write(TensorGroup::Parameters, own)?;
            }
        }
        Ok(())
    }

    /// One trial: the spikes of each layer for these input spikes. `trial` is the seed of what differs from trial to
    /// trial; input spikes are changed, too.
    ///
    /// # Errors
    /// If the samples come from a population of the wrong size, or the engine fails.
    pub fn run(
        &mut self,
        input: &SpikeBatch<f32>,
        trial: u64,
    ) -> Result<Vec<SpikeBatch<f32>>, EngineError> {
        let noise = self.noise.changes_spikes().then_some(self.noise);
        let mut random = ChaCha8Rng::seed_from_u64(trial);
        let noisy = noise.map(|noise| noise.apply(input, &mut random));
        let noisy = noisy.transpose().map_err(unfit)?;
        let mut spikes: Vec<SpikeBatch<f32>> = Vec::with_capacity(self.layers);
        for part in &mut self.parts {
            part.begin_trial(&self.noise, &mut random)?;
            let arriving = spikes.last().or(noisy.as_ref()).unwrap_or(input);
            let leaving = part.run(arriving)?;
            for leaving in leaving {
                spikes.push(match (noise, &part) {
                    (Some(noise), Part::Layers { .. }) => {
                        noise.apply(&leaving, &mut random).map_err(unfit)?
                    }
                    _ => leaving,
                });
            }
        }
        Ok(spikes)
    }
}

/// Noise that makes a time infinite.
fn unfit(error: SpikeError) -> EngineError {
    EngineError::Device(format!("the emulated chip: {error}"))
}

impl Part {
    /// The only layer of a part.
    fn of_layer(
        engine: &dyn Engine<f32>,
        layer: &Layer<f32>,
        substrate: &Substrate,
        index: usize,
    ) -> Result<Self, EngineError> {
        if let Layer::SumPool2d(pooling) = layer {
            return Ok(Self::Pooling(*pooling));
        }
        let network = match layer.input_shape() {
            Some(shape) => Network::image(shape)?,
            None => Network::new(layer.inputs())?,
        };
        let substrate = Substrate {
            layers: substrate.layers.get(index).cloned().into_iter().collect(),
        };
        Self::open(engine, &network.layer(layer.clone())?, substrate, index)
    }

    fn open(
        engine: &dyn Engine<f32>,
        network: &Network<f32>,
        substrate: Substrate,
        first: usize,
    ) -> Result<Self, EngineError> {
        let options = SessionOptions {
            // Nothing is optimised: this one needs no memory.
            optimiser: Sgd::default().into(),
            substrate,
            ..SessionOptions::default()
        };
        let mut session = engine.open(network, &options)?;
        Ok(Self::Layers {
            weights: session.read(TensorGroup::Parameters)?,
            layers: network.layers().len(),
            session,
            first,
        })
    }

    /// Draws the weights of a trial, if they differ from trial to trial.
    fn begin_trial(
        &mut self,
        noise: &TrialNoise,
        random: &mut ChaCha8Rng,
    ) -> Result<(), EngineError> {
        match self {
            Self::Layers {
                session, weights, ..
            } if noise.weights != 0.0 => {
                let noisy = noise.apply_to_weights(weights, random);
                session.write(TensorGroup::Parameters, &noisy)
            }
            _ => Ok(()),
        }
    }

    fn run(&mut self, input: &SpikeBatch<f32>) -> Result<Vec<SpikeBatch<f32>>, EngineError> {
        match self {
            Self::Layers {
                session, layers, ..
            } => {
                session.load(&Batch::events(input.clone(), Vec::new()))?;
                session.forward(Pass::default())?;
                let spikes = |layer| Ok(session.spikes(layer)?.into_owned());
                (0..*layers).map(spikes).collect()
            }
            Self::Pooling(pooling) => {
                let outputs = pooling.output_shape().neurons();
                let mut pooled = SpikeBatch::new(outputs);
                pooled.relabel_from(input, outputs, |neuron| pooling.pooled(neuron));
                Ok(vec![pooled])
            }
        }
    }
}
