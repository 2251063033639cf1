//! Optimiser steps, and a running mean of the weights.

pub(crate) mod average;
mod kernels;
pub(crate) mod step;
