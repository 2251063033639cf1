//! The `noctule` command.

mod environment;

use std::process::ExitCode;

fn main() -> ExitCode {
    environment::prepare();
    ExitCode::from(noctule::command_line::run(std::env::args_os()))
}
