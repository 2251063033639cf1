//! Names under which Noctule keeps in a graph what NIR has no place for.

/// Of a graph: the time step that it was written for, in seconds; missing if spikes are Dirac deltas.
pub(crate) const DT: &str = "noctule_dt";
/// Of a graph: the experiment of the network, as TOML.
pub(crate) const EXPERIMENT: &str = "noctule_experiment";
/// Of neurons: the largest number of spikes of a neuron in a sample.
pub(crate) const MAX_SPIKES: &str = "noctule_max_spikes";
/// Of neurons: the end of a sample in seconds.
pub(crate) const T_MAX: &str = "noctule_t_max";
/// Of neurons: the fraction of the inputs that are dropped in training.
pub(crate) const DROPOUT: &str = "noctule_dropout";
/// Of neurons: `theta` in training, where `v_threshold` does not say it exactly.
pub(crate) const THETA: &str = "noctule_theta";
/// Of neurons: `reset` in training, where `v_threshold` and `v_reset` do not say it exactly.
pub(crate) const RESET: &str = "noctule_reset";
