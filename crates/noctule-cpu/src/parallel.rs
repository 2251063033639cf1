//! How the work on a layer is spread over threads.

pub(crate) mod layer_pass;
pub(crate) mod layer_view;
pub(crate) mod pool;
pub(crate) mod task;
pub(crate) mod workspace;
