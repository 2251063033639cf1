//! All launches: each function sizes and launches one kernel, or a few that belong together. Another runtime, or graphs
//! of launches, would come here.

pub(crate) mod arguments;
pub(crate) mod backward;
pub(crate) mod encode;
pub(crate) mod forward;
pub(crate) mod loss;
pub(crate) mod parameters;
