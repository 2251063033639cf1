#![doc = include_str!("../README.md")]
//!
//! | folder | what it holds |
//! |---|---|
//! | `simd` | blocks of sixteen neurons in vector registers; the choice of the instruction set |
//! | `weights` | weights in blocks; the partition of a layer and a batch into tasks |
//! | `events` | the timeline of a sample, its schedule of input events, and the part of it that concerns each window |
//! | `tape` | what the forward pass records for the backward pass: spikes, their slopes, jumps of the adjoints |
//! | `forward` | from input events to output spikes |
//! | `backward` | from errors of output spikes to gradients |
//! | `individual` | the same method for neurons that may differ: per-neuron constants, recorded spikes |
//! | `parallel` | the thread pool, and the tasks of a layer |
//! | `layers` | a layer of each kind: forward and backward passes with their record |
//! | `optimiser` | optimiser steps, and a running mean of the weights |
//! | `session` | the implementation of [`noctule_core::Session`] |
//!
//! A folder uses only those above it in this table. Weights are stored as `[block][input][16]`: the weights of sixteen
//! neurons from one input are adjacent. Every sum over tasks is taken in a fixed order, so results do not depend on the
//! number of threads.

mod backward;
mod encode;
mod engine;
mod events;
mod forward;
mod individual;
mod layers;
mod optimiser;
mod parallel;
mod regularisation;
mod session;
mod simd;
mod tape;
mod task_size;
mod weights;

pub use engine::CpuEngine;
pub use simd::dispatch::is_fused;
