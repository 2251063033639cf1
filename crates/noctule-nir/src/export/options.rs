//! [`ExportOptions`].

/// How a network is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExportOptions {
    /// The time step, in seconds, of the simulator that will read the graph and takes a spike as a pulse of height 1 that
    /// lasts a step, as snnTorch and Norse do. `None`: spikes are Dirac deltas, and the equations of NIR hold in
    /// continuous time.
    pub dt: Option<f64>,
    /// The experiment of the network, as TOML; it becomes a part of the graph's metadata.
    pub experiment: Option<String>,
}
