//! What commands on experiments have in common: the configuration, its data, and a free run directory.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use noctule_data::LoadError;
use noctule_train::collective::{place, together};
use noctule_train::{Collective, Config, ConfigTable, Data, ExperimentError};

/// Names an address to download data sets from instead of the official ones.
const MIRROR: &str = "NOCTULE_MIRROR";

/// The experiment of a preset or file, with overrides.
pub(super) fn configure(experiment: &str, overrides: &[String]) -> Result<Config> {
    let mut table = ConfigTable::preset_or_file(experiment)?;
    table.apply_overrides(overrides)?;
    Ok(table.resolve()?)
}

/// The data of an experiment; a data set that is not there is downloaded. Ranks that share a machine or a file system do
/// not download at the same time.
pub(super) fn load_data(
    config: &Config,
    data_dir: Option<&Path>,
    collective: &mut dyn Collective,
) -> Result<Data> {
    let data = match Data::load(config, data_dir) {
        Err(ExperimentError::Load(missing @ LoadError::Missing { .. })) => Ok(Err(missing)),
        data => data.map(Ok).map_err(anyhow::Error::from),
    };
    let data = together(collective, data)?;
    if !collective.any(data.is_err()) {
        return Ok(data?);
    }
    let first_here = place(collective).before == 0;
    let mirror = std::env::var(MIRROR).ok();
    // Rank 0 comes first, for it may fill a folder that all machines see; then the first rank of each machine.
    for turn in [collective.is_root(), first_here && !collective.is_root()] {
        let fetched = match &data {
            Err(missing) if turn => {
                super::data::fetch(config.data.set.name(), data_dir, mirror.as_deref())
                    .with_context(|| format!("{missing}. Downloading it now failed"))
            }
            _ => Ok(()),
        };
        together(collective, fetched)?;
    }
    Ok(data.or_else(|_| Data::load(config, data_dir))?)
}

/// `runs/NAME`, or the first of `runs/NAME-2`, `runs/NAME-3` ... that does not exist.
pub(super) fn free_directory(config: &Config) -> PathBuf {
    let name = |number: usize| match number {
        1 => config.name.clone(),
        _ => format!("{}-{number}", config.name),
    };
    (1..)
        .map(|number| PathBuf::from("runs").join(name(number)))
        .find(|path| !path.exists())
        .unwrap_or_default()
}
