//! [`ModelledEngine`]: every network as a chip has it.

use std::sync::Arc;

use noctule_core::{
    Engine, EngineError, EngineInfo, LayerSubstrate, LifParameters, Network, Quantisation, Session,
    SessionOptions, SpikingLayer, Substrate, Tensor,
};

use super::instance::Chip;

/// Checks that an engine can run networks as chips have them.
///
/// # Errors
/// If it has no [`Substrate`].
pub fn check_engine(engine: &dyn Engine<f32>) -> Result<(), EngineError> {
    let weights = Tensor::zeros(&[1, 1]);
    let neuron = LifParameters {
        tau_m: 0.02,
        tau_s: 0.01,
        theta: 1.0,
        reset: 1.0,
        max_spikes: 1,
        t_max: 0.1,
    };
    let layer = SpikingLayer::dense(neuron, weights);
    let layer = layer.map_err(|source| EngineError::Layer { layer: 0, source })?;
    let network = Network::new(1)?.layer(layer)?;
    let quantisation = Quantisation {
        full_scale: 1.0,
        levels: 1,
    };
    let options = SessionOptions {
        substrate: Substrate {
            layers: vec![LayerSubstrate {
                quantisation: Some(quantisation),
                factors: None,
            }],
        },
        ..SessionOptions::default()
    };
    engine.open(&network, &options).map(|_| ())
}

/// An engine that opens every network as a chip has it: with the constants of the chip's neurons and its synapses, but
/// without what differs from trial to trial. Steps change the weights that are given to the chip.
pub struct ModelledEngine {
    engine: Arc<dyn Engine<f32>>,
    chip: Chip,
}

impl ModelledEngine {
    /// Networks on `chip`, computed by `engine`.
    pub fn new(engine: Arc<dyn Engine<f32>>, chip: Chip) -> Self {
        Self { engine, chip }
    }
}

impl Engine<f32> for ModelledEngine {
    fn info(&self) -> EngineInfo {
        self.engine.info()
    }

    fn open(
        &self,
        network: &Network<f32>,
        options: &SessionOptions,
    ) -> Result<Box<dyn Session<f32>>, EngineError> {
        let options = SessionOptions {
            substrate: self.chip.substrate.clone(),
            ..options.clone()
        };
        self.engine.open(&self.chip.network(network)?, &options)
    }

    fn run(&self, work: &mut (dyn FnMut() + Send)) {
        self.engine.run(work);
    }
}
