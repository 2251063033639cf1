//! `noctule export`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use noctule_core::{Network, Real};
use noctule_nir::{ExportOptions, limits, to_graph};
use noctule_train::{ConfigTable, RunDirectory, trained_network, write_atomically};

use super::eval::checkpoint;
use super::experiment::data_directory_of;
use super::output_file::{check_output, keep_apart};
use crate::cli::Export;
use crate::input_shape::input_shape;
use crate::plural::plural;
use crate::streams::{note, say};

pub fn run(options: &Export) -> Result<()> {
    check_output(&options.output)?;
    let source = Source::of(options)?;
    keep_apart(&options.output, &source.files())?;
    match source {
        Source::Run { run, checkpoint } => {
            let config = ConfigTable::read(&run.config_path())?.resolve()?;
            let data_dir = data_directory_of(&run, options.data_dir.as_deref())?;
            let input = input_shape(&config, &checkpoint, data_dir.as_deref())?;
            let network = trained_network(&config, input, &checkpoint)?;
            write(&network, Some(config.to_toml()?), options)
        }
        Source::Network(path) => {
            let network = Network::<f64>::load(&path)?;
            // Written in single precision, it comes back so.
            match is_single(&network) {
                true => write(&Network::<f32>::load(&path)?, None, options),
                false => write(&network, None, options),
            }
        }
    }
}

/// Where the network is.
enum Source {
    Run {
        run: RunDirectory,
        checkpoint: PathBuf,
    },
    Network(PathBuf),
}

impl Source {
    fn of(options: &Export) -> Result<Self> {
        let path = &options.network;
        if !path.is_file() {
            let run = RunDirectory::open(path)?;
            let (checkpoint, _) = checkpoint(&run, options.best);
            return Ok(Self::Run { run, checkpoint });
        }
        if options.best {
            bail!("--best is for runs, and `{}` is a file", path.display());
        }
        match path.parent().map(RunDirectory::open) {
            Some(Ok(run)) if run.files().contains(path) => {
                let checkpoint = path.clone();
                Ok(Self::Run { run, checkpoint })
            }
            _ => Ok(Self::Network(path.clone())),
        }
    }

    fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::Run { run, .. } => run.files().to_vec(),
            Self::Network(path) => vec![path.clone()],
        }
    }
}

fn is_single(network: &Network<f64>) -> bool {
    let layers = network.layers().iter().filter_map(|layer| layer.spiking());
    let mut tensors = layers.flat_map(|layer| layer.parameters().values());
    let is_single = |&value: &f64| f64::from(value as f32) == value;
    tensors.all(|tensor| tensor.as_slice().iter().all(is_single))
}

fn write<T: Real>(
    network: &Network<T>,
    experiment: Option<String>,
    options: &Export,
) -> Result<()> {
    let (dt, output) = (options.dt, options.output.display());
    let graph = to_graph(network, &ExportOptions { dt, experiment })?;
    let bytes = graph
        .to_bytes()
        .with_context(|| format!("cannot write `{output}`"))?;
    write_atomically(&options.output, &bytes)?;
    say!(
        "{output}: {}, {} to {}, {:.2} MB",
        plural(network.layers().len(), "layer"),
        plural(network.inputs(), "input"),
        plural(network.outputs(), "output"),
        bytes.len() as f64 / 1e6
    );
    match dt {
        None => say!("  spikes are Dirac deltas; a simulator with time steps needs --dt"),
        Some(dt) => {
            say!("  for a simulator with a time step of {dt:?} s, whose spikes last one step")
        }
    }
    for limit in limits(network) {
        note!("note: {limit}");
    }
    Ok(())
}
