//! From a graph to a network.

mod advice;
mod connection;
pub(crate) mod error;
mod neurons;
pub(crate) mod options;
mod population;
mod sizes;
mod walk;

use noctule_core::Real;

use crate::convention::{Spike, is_step};
use crate::graph::Graph;
use crate::graph::chain::chain;
use crate::graph::inline::inlined;
use crate::keys;
use error::ImportError;
use options::{ImportOptions, Imported};
use walk::Walk;

/// The network of a graph.
///
/// # Errors
/// If something in the graph has no counterpart: the error names the node and the value.
pub fn from_graph<T: Real>(
    graph: &Graph,
    options: &ImportOptions,
) -> Result<Imported<T>, ImportError> {
    let dt = time_step(graph, options.dt)?;
    let flat = inlined(graph)?;
    let nodes = chain(&flat)?;
    let mut walk = Walk::<T>::new(options, Spike::of_step(dt));
    for (name, node) in nodes {
        walk.pass(name, node)?;
    }
    let experiment = graph.metadata.get(keys::EXPERIMENT);
    let experiment = experiment.and_then(|text| text.as_text());
    Ok(Imported {
        dt,
        experiment: experiment.map(str::to_owned),
        nodes: walk.nodes_of_layers(),
        assumed_max_spikes: walk.assumed_max_spikes(),
        network: walk.finish()?,
    })
}

/// The time step that the graph was written for, else the one that is asked for.
fn time_step(graph: &Graph, asked: Option<f64>) -> Result<Option<f64>, ImportError> {
    if let Some(dt) = asked.filter(|&dt| !is_step(dt)) {
        return Err(ImportError::TimeStep { dt });
    }
    let written = graph.metadata.get(keys::DT).and_then(|dt| dt.as_number());
    if let Some(dt) = written.filter(|&dt| !is_step(dt)) {
        return Err(ImportError::TimeStep { dt });
    }
    match (written, asked) {
        (Some(written), Some(asked)) if written != asked => Err(ImportError::OtherTimeStep {
            written: Some(written),
            asked,
        }),
        (None, Some(asked)) if is_own(graph) => Err(ImportError::OtherTimeStep {
            written: None,
            asked,
        }),
        _ => Ok(written.or(asked)),
    }
}

/// Whether Noctule wrote the graph: neurons say so.
fn is_own(graph: &Graph) -> bool {
    let mut nodes = graph.nodes.values();
    nodes.any(|node| node.metadata.contains_key(keys::T_MAX))
}
