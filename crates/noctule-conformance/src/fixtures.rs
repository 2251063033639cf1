//! The files of reference cases that come with this crate.

/// Simulated spikes and their exact gradients, on dense, convolutional and pooling layers.
pub const EXACT: &str = include_str!("../fixtures/exact_gradients.json");

/// Gradients at recorded spikes.
pub const RECORDED: &str = include_str!("../fixtures/recorded_gradients.json");

/// Constants of single neurons, delays and recurrent layers.
pub const TEMPORAL: &str = include_str!("../fixtures/temporal_gradients.json");
