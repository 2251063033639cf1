//! The `noctule` command, which the package installs.

use std::ffi::OsString;

use noctule::command_line::run;
use pyo3::prelude::*;

/// Runs the command that these words name; returns its exit status.
#[pyfunction]
pub fn run_command(py: Python<'_>, words: Vec<OsString>) -> u8 {
    py.detach(|| run(words))
}
