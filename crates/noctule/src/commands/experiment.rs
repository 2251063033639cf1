//! What commands on experiments have in common: the configuration, its data, and a free run directory.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use noctule_data::LoadError;
use noctule_train::collective::{place, together};
use noctule_train::{
    Collective, Config, ConfigTable, Data, ExperimentError, RunDirectory, RunDirectoryError,
    SourceData,
};

/// Names an address to download data sets from instead of the official ones.
const MIRROR: &str = "NOCTULE_MIRROR";
/// Where run directories are made if no other place is named.
pub(super) const RUNS: &str = "runs";

/// The experiment of a preset or file, with overrides.
pub(super) fn configure(experiment: &OsStr, overrides: &[String]) -> Result<Config> {
    let mut table = ConfigTable::preset_or_file(experiment)?;
    if let Some(directory) = data_directory_beside(Path::new(experiment))? {
        table.set_folder(Some(&directory));
    }
    table.apply_overrides(overrides)?;
    Ok(table.resolve()?)
}

/// The data of an experiment, as [`LoadedData::get`] gives them.
pub(super) fn load_data(
    config: &Config,
    data_dir: Option<&Path>,
    collective: &mut dyn Collective,
    stop: &Arc<AtomicBool>,
) -> Result<Data> {
    LoadedData::default().get(config, data_dir, collective, stop)
}

/// The data set that was loaded last: runs on the same one, after each other, load it once.
#[derive(Default)]
pub(super) struct LoadedData {
    /// What decides the samples, and these.
    last: Option<(String, SourceData)>,
}

impl LoadedData {
    /// The data of an experiment. A data set that is not there is downloaded, until `stop` is set. Ranks that share a machine
    /// or a file system do not download at the same time.
    pub(super) fn get(
        &mut self,
        config: &Config,
        data_dir: Option<&Path>,
        collective: &mut dyn Collective,
        stop: &Arc<AtomicBool>,
    ) -> Result<Data> {
        let key = SourceData::key(config);
        let source = match self.last.take() {
            Some((last, source)) if last == key => source,
            _ => load_source(config, data_dir, collective, stop)?,
        };
        self.last = Some((key, source.clone()));
        let data = source.split(config).map_err(anyhow::Error::from);
        together(collective, data)
    }
}

fn load_source(
    config: &Config,
    data_dir: Option<&Path>,
    collective: &mut dyn Collective,
    stop: &Arc<AtomicBool>,
) -> Result<SourceData> {
    let source = match SourceData::load(config, data_dir) {
        Err(ExperimentError::Load(missing @ LoadError::Missing { .. })) => Ok(Err(missing)),
        source => source.map(Ok).map_err(anyhow::Error::from),
    };
    let source = together(collective, source)?;
    if collective.is_root() {
        super::data::note_other_set(config.data.set.name(), data_dir);
    }
    if !collective.any(source.is_err()) {
        return Ok(source?);
    }
    let first_here = place(collective).before == 0;
    // Rank 0 comes first, for it may fill a folder that all machines see; then the first rank of each machine.
    for turn in [collective.is_root(), first_here && !collective.is_root()] {
        let fetched = match &source {
            Err(missing) if turn => fetch_set(config.data.set.name(), data_dir, stop)
                .with_context(|| format!("{missing}. Downloading it now failed")),
            _ => Ok(()),
        };
        together(collective, fetched)?;
    }
    let source = source.or_else(|_| SourceData::load(config, data_dir));
    together(collective, source.map_err(anyhow::Error::from))
}

/// Downloads a known data set from the official address, or the one that the environment names.
pub(crate) fn fetch_set(name: &str, data_dir: Option<&Path>, stop: &Arc<AtomicBool>) -> Result<()> {
    let mirror = std::env::var(MIRROR).ok();
    super::data::fetch(name, data_dir, mirror.as_deref(), stop)
}

/// Makes the directory that was named, or `runs/NAME`, or the first of `runs/NAME-2`, `runs/NAME-3` ... that is free.
pub(super) fn make_directory(
    named: Option<&Path>,
    config: &Config,
) -> Result<RunDirectory, RunDirectoryError> {
    match named {
        Some(path) => RunDirectory::create(path),
        None => RunDirectory::create_numbered(Path::new(RUNS), &config.name),
    }
}

/// Where relative paths start in the experiment of an earlier run, which is not where it lies.
fn data_directory_beside(experiment: &Path) -> Result<Option<PathBuf>, RunDirectoryError> {
    let run = experiment.parent().map(RunDirectory::open);
    match run {
        Some(Ok(run)) if run.config_path() == experiment => run.recorded_data_directory(),
        _ => Ok(None),
    }
}

/// The data directory that is named, else that of the run, if it is known and still there.
pub(super) fn data_directory_of(
    run: &RunDirectory,
    named: Option<&Path>,
) -> Result<Option<PathBuf>, RunDirectoryError> {
    match named {
        Some(named) => Ok(Some(named.to_owned())),
        None => run.recorded_data_directory(),
    }
}
