//! What decides the runs of a sweep, as checksums.

use std::sync::Arc;

use noctule_core::Engine;
use noctule_train::config::Config;
use noctule_train::{TrainError, Trainer, short_sha256};

use super::data::SharedData;
use super::error::SweepError;
use super::grid::Grid;

/// A checksum of the experiment, the data and the engine for each point of a grid.
#[derive(Debug)]
pub(super) struct Fingerprints {
    points: Vec<String>,
}

impl Fingerprints {
    /// Loads the data, and reads all of them.
    pub fn new(
        grid: &Grid,
        data: &SharedData,
        engine: &Arc<dyn Engine<f32>>,
    ) -> Result<Self, SweepError> {
        let mut points: Vec<String> = Vec::new();
        let mut hashed: Vec<(&Config, String)> = Vec::new();
        for (point, config) in grid.points.iter().enumerate() {
            // Points mostly have the same data.
            let known = hashed.iter().find(|(other, _)| other.data == config.data);
            let data = match known {
                Some((_, hash)) => hash.clone(),
                None => {
                    let hash = of_data(config, data, engine);
                    let hash = hash.map_err(|cause| grid.error_at(point, cause))?;
                    hashed.push((config, hash.clone()));
                    hash
                }
            };
            let (epochs, backend) = (config.training.epochs, engine.info().backend);
            let text = config.deciding_toml()?;
            points.push(short_sha256(&format!(
                "{backend}\n{data}\n{epochs}\n{text}"
            )));
        }
        Ok(Self { points })
    }

    /// The checksum of a run.
    pub fn of(&self, point: usize, seed: u64) -> String {
        let point = self.points.get(point).map_or("", String::as_str);
        short_sha256(&format!("{point}\n{seed}"))
    }
}

fn of_data(
    config: &Config,
    data: &SharedData,
    engine: &Arc<dyn Engine<f32>>,
) -> Result<String, TrainError> {
    Trainer::with_data(config.clone(), data.of(config)?, Arc::clone(engine))?.data_fingerprint()
}
