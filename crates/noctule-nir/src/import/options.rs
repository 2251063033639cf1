//! [`ImportOptions`] and [`Imported`].

use noctule_core::{LifParameters, Network};

/// What a graph is read with. The default is right for what [`write`](crate::write) wrote.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportOptions {
    /// The time step, in seconds, of the simulator that wrote the graph and takes a spike as a pulse of height 1 that lasts
    /// a step, as snnTorch (1e-4) and Norse do. `None`: what the graph says, else spikes are Dirac deltas.
    pub dt: Option<f64>,
    /// End of a sample, in seconds. `None`: what the graph says, which graphs of others do not.
    pub t_max: Option<f64>,
    /// The largest number of spikes of a neuron in a sample. `None`: what the graph says, else
    /// [`ImportOptions::MAX_SPIKES`].
    pub max_spikes: Option<u32>,
}

impl ImportOptions {
    /// The largest number of spikes of a neuron in a sample where nobody says it: the largest there is, since NIR has no
    /// such number.
    pub const MAX_SPIKES: u32 = LifParameters::MOST_SPIKES;
}

/// What was read.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Imported<T> {
    /// The network.
    pub network: Network<T>,
    /// The time step in seconds that the weights were read with; `None` if spikes are Dirac deltas.
    pub dt: Option<f64>,
    /// The experiment, as TOML, that [`ExportOptions::experiment`](crate::ExportOptions::experiment) was.
    pub experiment: Option<String>,
    /// For each layer the node of its neurons, or of its pooling.
    pub nodes: Vec<String>,
    /// Whether some `max_spikes` is [`ImportOptions::MAX_SPIKES`] since nobody said it.
    pub assumed_max_spikes: bool,
}
