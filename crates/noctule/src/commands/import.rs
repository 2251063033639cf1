//! `noctule import`.

mod experiment;
mod layers;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use noctule_core::{Network, Real};
use noctule_nir::{Graph, ImportOptions, Imported, NirError, Precision, from_graph};
use noctule_train::experiment::data_directory;
use noctule_train::{Config, ConfigTable, RunDirectory, weights_checkpoint};

use super::experiment::configure;
use super::output_file::{check_output, keep_apart};
use crate::cli::Import;
use crate::plural::plural;
use crate::streams::{note, remark};
use crate::suggest;
use experiment::{Experiment, written};

pub fn run(options: &Import) -> Result<()> {
    let output = &options.output;
    let base = options.experiment.as_ref().map(|name| configure(name, &[]));
    let base = base.transpose().context("--experiment")?;
    let graph = Graph::load(&options.file)?;
    if output
        .extension()
        .is_some_and(|extension| extension == "safetensors")
    {
        return match graph.precision() {
            Precision::Single => write_network::<f32>(&graph, options),
            Precision::Double => write_network::<f64>(&graph, options),
        };
    }
    let imported = network::<f32>(&graph, base.as_ref(), options)?;
    let name = options.file.display().to_string();
    let experiment = match (&base, &imported.experiment) {
        (Some(base), _) => Experiment::Named(base.clone()),
        (None, Some(text)) => {
            let kept = ConfigTable::from_toml_str(text, &format!("{name}: noctule_experiment"));
            Experiment::Kept(kept.and_then(ConfigTable::resolve)?)
        }
        (None, None) => Experiment::None,
    };
    let experiment = written(experiment, &imported, options)?;
    let directory = RunDirectory::create(output)?;
    if let Err(error) = fill(&directory, &imported.network, &experiment, options) {
        directory.abandon();
        return Err(error);
    }
    report(&imported, options);
    if experiment.is_incomplete {
        let config = directory.config_path();
        remark!(
            "  data are to be named: data.train and data.test in {}; then:  {}",
            config.display(),
            suggest::evaluate(output)
        );
    } else {
        remark!("  evaluate with:  {}", suggest::evaluate(output));
    }
    Ok(())
}

/// Writes everything into the folder of a run.
fn fill(
    directory: &RunDirectory,
    network: &Network<f32>,
    experiment: &experiment::Written,
    options: &Import,
) -> Result<()> {
    weights_checkpoint(network).save(&directory.last_path())?;
    if let Some(data_dir) = data_dir(&experiment.config, options.data_dir.as_deref())? {
        directory.record_data_directory(&data_dir)?;
    }
    Ok(directory.write_config(&experiment.text)?)
}

/// Where the data are, as far as somebody says it.
fn data_dir(config: &Config, named: Option<&Path>) -> Result<Option<PathBuf>> {
    match (named, &config.data.folder) {
        (None, None) => Ok(None),
        (named, _) => Ok(data_directory(config, named)?),
    }
}

/// The network of a graph.
fn network<T: Real>(graph: &Graph, base: Option<&Config>, options: &Import) -> Result<Imported<T>> {
    let mut choices = ImportOptions {
        dt: options.dt,
        t_max: options.t_max,
        // More is refused as out of range.
        max_spikes: options
            .max_spikes
            .map(|most| u32::try_from(most).unwrap_or(u32::MAX)),
    };
    let failed = |source| NirError::Import {
        path: options.file.clone(),
        source,
    };
    let imported = from_graph(graph, &choices);
    let imported = match (imported, base) {
        (Err(noctule_nir::ImportError::EndOfSample { .. }), Some(base)) => {
            choices.t_max = Some(base.neuron.t_max);
            from_graph(graph, &choices)
        }
        (imported, _) => imported,
    };
    Ok(imported.map_err(failed)?)
}

/// Writes the network alone.
fn write_network<T: Real>(graph: &Graph, options: &Import) -> Result<()> {
    if options.experiment.is_some() || options.data_dir.is_some() {
        bail!("--experiment and --data-dir are for runs, and -o names a file of a network alone");
    }
    check_output(&options.output)?;
    keep_apart(&options.output, std::slice::from_ref(&options.file))?;
    let imported = network::<T>(graph, None, options)?;
    imported.network.save(&options.output)?;
    report(&imported, options);
    Ok(())
}

fn report<T: Real>(imported: &Imported<T>, options: &Import) {
    let network = &imported.network;
    remark!(
        "{}: {}, {} to {}",
        options.output.display(),
        plural(network.layers().len(), "layer"),
        plural(network.inputs(), "input"),
        plural(network.outputs(), "output"),
    );
    if imported.dt.is_none() && imported.assumed_max_spikes {
        note!(
            "note: spikes were taken as Dirac deltas; if a simulator with time steps made the graph, name its step with --dt"
        );
    }
}
