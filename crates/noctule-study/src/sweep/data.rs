//! Data that the runs of a sweep share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use noctule_train::config::Config;
use noctule_train::{Data, ExperimentError, SourceData};

/// Data sets that are loaded when a run first needs them.
pub(super) struct SharedData {
    directory: Option<PathBuf>,
    /// By what decides the samples: see [`SourceData::key`].
    loaded: Mutex<BTreeMap<String, SourceData>>,
}

impl SharedData {
    /// Data sets in `directory`, or where [`noctule_data::data_directory`] says.
    pub fn new(directory: Option<&Path>) -> Self {
        Self {
            directory: directory.map(Path::to_owned),
            loaded: Mutex::default(),
        }
    }

    /// The data of one run: what [`Data::load`] gives.
    pub fn of(&self, config: &Config) -> Result<Arc<Data>, ExperimentError> {
        let key = SourceData::key(config);
        let source = {
            // Other runs wait rather than load the same files.
            let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
            match loaded.get(&key) {
                Some(source) => source.clone(),
                None => {
                    let source = SourceData::load(config, self.directory.as_deref())?;
                    loaded.insert(key, source.clone());
                    source
                }
            }
        };
        Ok(Arc::new(source.split(config)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_has_the_data_that_it_would_load_itself() {
        let shared = SharedData::new(None);
        for preset in ["convergence", "yinyang"] {
            for seed in [0, 1, 0] {
                let mut config = Config::preset(preset).unwrap();
                config.seed = seed;
                let (found, expected) = (shared.of(&config).unwrap(), Data::load(&config, None));
                let expected = expected.unwrap();
                assert_eq!(found.train, expected.train);
                assert_eq!(found.validation, expected.validation);
                assert_eq!(found.test, expected.test);
            }
        }
        // One set of spike order for both seeds, and two of Yin-Yang.
        assert_eq!(shared.loaded.lock().unwrap().len(), 3);
    }
}
