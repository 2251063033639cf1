//! NIR graphs in HDF5 files.

mod fields;
mod numbers;
pub(crate) mod problem;
pub(crate) mod read;
pub(crate) mod write;
