//! [`ModelledEngine`]: every network as a chip has it.

use std::sync::Arc;

use noctule_core::{Engine, EngineError, EngineInfo, Network, Session, SessionOptions};

use super::instance::Chip;

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
