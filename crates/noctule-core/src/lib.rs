//! Spiking networks as data, and the contract between engines and the code that uses them.
//!
//! Noctule simulates leaky integrate-and-fire neurons from event to event, without a time step, and differentiates the
//! loss exactly through the spike times, for neurons that spike many times (Bacho & Chu, "Exploring Trade-Offs in
//! Spiking Neural Networks", Neural Computation 2023).
//!
//! This crate computes little itself. It has the [`Lif`] neuron, event lists ([`SpikeBatch`]), layers and their
//! parameters ([`Network`]), losses, regularisation, optimiser rules and metrics as data, and the traits [`Engine`] and
//! [`Session`]. The crate `noctule-cpu` has an engine. [`Model`] is the short way to use one:
//!
//! ```
//! use noctule_core::{Engine, EngineError, Loss, Model, Network, Sgd, SpikeBatch, SpikeCount};
//!
//! /// One step of gradient descent towards five spikes of neuron 2 and one spike of every other neuron.
//! fn learn(engine: &dyn Engine<f64>, network: &Network<f64>) -> Result<(), Box<dyn std::error::Error>> {
//!     let mut input = SpikeBatch::new(2);
//!     input.push_sample([(0.000, 0), (0.005, 1)])?; // (seconds, neuron)
//!     let mut model = Model::new(engine, network, Sgd { learning_rate: 10.0, ..Sgd::default() })?;
//!     let output = model.forward(&input)?;
//!     let loss = Loss::from(SpikeCount { target_true: 5.0, target_false: 1.0 });
//!     let gradients = model.backward(&loss.evaluate(&output, &[2])?.d_times)?; // exact, through every spike
//!     println!("{:?}", gradients.weights(0));
//!     Ok(model.step()?)
//! }
//! ```

pub mod batch;
mod drive;
mod dropout;
pub mod engine;
mod initialiser;
mod label;
mod latency;
mod layer;
mod loss;
mod metrics;
mod model;
mod network;
mod neuron;
mod number_text;
mod optimiser;
mod real;
mod regularisation;
mod shape;
mod shard;
mod spikes;
mod substrate;
mod tensor;

pub use batch::{Batch, Images, Pixels, Samples};
pub use drive::InputDrive;
pub use dropout::DroppedInputs;
pub use engine::{
    CurrentPass, Engine, EngineError, EngineInfo, Pass, PassWeights, Session, SessionMetrics,
    SessionOptions, StoredSet, TensorGroup, TensorName, Tensors, checks, squared_norm,
};
pub use initialiser::{Initialiser, InitialiserError};
pub use label::Label;
pub use latency::{ByteSorter, EncodingError, LatencyEncoding};
pub use layer::{Connection, Layer, LayerError, Neurons, ParameterKind, SpikingLayer, SumPool2d};
pub use loss::{
    CountSoftmax, EarlyPull, Evaluation, FirstSpike, LabelError, Loss, Prediction, SpikeCount,
    SpikeTime,
};
pub use metrics::{BatchRecord, Divergence, LayerMetrics, Metrics};
pub use model::{Gradients, Model};
pub use network::{Network, NetworkError, NetworkFileError, replace_file};
pub use neuron::{Crossing, Lif, LifParameters, NeuronError};
pub use number_text::number_text;
pub use optimiser::{
    Adam, AdamW, MomentStep, MomentumStep, NAdam, Optimiser, OptimiserProgress, OptimiserStep, Sgd,
    average_blend,
};
pub use real::Real;
pub use regularisation::{Homeostasis, LayerRegularisation, Regularisation};
pub use shape::{MOST_NEURONS, Shape, Window, WindowError};
pub use shard::shard;
pub use spikes::{SampleMut, SpikeBatch, SpikeError, Spikes};
pub use substrate::{LayerSubstrate, Quantisation, Substrate, SubstrateError};
pub use tensor::{Tensor, TensorError, are_weights};
