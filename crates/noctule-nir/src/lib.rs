//! Networks of Noctule in the [Neuromorphic Intermediate Representation](https://neuroir.org) (NIR).
//!
//! Files are those of PyPI's `nir.write` and `nir.read`. Noctule's neuron is NIR's `CubaLIF`, exactly:
//!
//! ```text
//! Noctule    dI/dt = -I/tau_s + sum_i w_i delta(t - t_i)        du/dt = -u/tau_m + I            at u = theta: u -= reset
//! NIR        tau_syn dI/dt = -I + w_in S                        tau_mem dv/dt = -v + r I        at v = v_threshold: v = v_reset
//! ```
//!
//! with `v_threshold = theta`, `v_reset = theta - reset`, `r = tau_mem` and `w_in = tau_syn`, so that the weights are the same
//! numbers. Simulators that take a spike as a pulse of one time step need [`ExportOptions::dt`] and [`ImportOptions::dt`].
//!
//! ```
//! use noctule_core::{Initialiser, LifParameters, Network};
//! use noctule_nir::{ExportOptions, ImportOptions};
//!
//! let neuron = LifParameters {
//!     tau_m: 0.020, tau_s: 0.010, theta: 1.0, reset: 1.0, max_spikes: 5, t_max: 0.1,
//! };
//! let network = Network::<f32>::new(4)?
//!     .dense(10, &neuron, Initialiser::uniform(0.0, 400.0)?, 1)?
//!     .dense(3, &neuron, Initialiser::uniform(0.0, 400.0)?, 2)?;
//! let path = std::env::temp_dir().join(format!("network-{}.nir", std::process::id()));
//! noctule_nir::write(&network, &path, &ExportOptions::default())?;
//!
//! let read = noctule_nir::read::<f32>(&path, &ImportOptions::default())?;
//! assert_eq!(read.network, network);
//! # std::fs::remove_file(path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`Graph`] stands between a file and a network: [`Graph::load`] and [`Graph::save`] know files, [`to_graph`] and
//! [`from_graph`] know networks. What has no counterpart is refused with the name of the node and the value.

mod convention;
mod error;
mod export;
mod files;
mod graph;
mod hdf5;
mod import;
mod keys;
mod layout;

pub use error::NirError;
pub use export::error::ExportError;
pub use export::limits::limits;
pub use export::options::ExportOptions;
pub use export::to_graph;
pub use files::{read, write};
pub use graph::array::{Array, Precision};
pub use graph::metadata::{Metadata, Value};
pub use graph::nodes::{Conv2d, CubaLif, Flatten, Padding, Pool2d};
pub use graph::{Graph, Node, NodeKind};
pub use hdf5::problem::{FileProblem, UnwritableGraph};
pub use import::error::ImportError;
pub use import::from_graph;
pub use import::options::{ImportOptions, Imported};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
