//! What several tests use.

pub mod resident_engine;
