//! From a configuration to the things it names: data, encoding, network, loss, regularisation.

mod data;
mod error;
mod network;
mod training;

pub use data::{Data, SourceData};
pub use error::ExperimentError;
pub use network::network;
pub use training::{augmentation, encoding, loss, plan, regularisation};
