//! From a configuration to the things it names: data, encoding, network, loss, regularisation.

mod data;
mod defaults;
pub(crate) mod error;
mod input;
mod input_error;
mod network;
mod own_data;
mod own_error;
mod training;

pub use data::{Data, SampleOrder, SourceData, data_directory};
pub(crate) use defaults::{Measuring, with_defaults};
pub use error::ExperimentError;
pub use input::{Input, load_input};
pub use input_error::InputError;
pub use network::{network, network_of};
pub use own_error::OwnDataError;
pub use training::{augmentation, encoding, loss, plan, regularisation};
