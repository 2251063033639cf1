//! The commands.

mod bench;
mod data;
mod eval;
mod experiment;
mod replay;
mod sweep;
mod train;

use anyhow::Result;
use noctule::engines::{self, Backend};

use crate::cli::{Cli, Command};
use crate::ranks::Ranks;

/// How a command ended, if it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is done.
    Done,
    /// Ctrl-C came first.
    Interrupted,
    /// All is done, and something that was judged did not pass.
    Failed,
}

/// Does what was typed; commands that are for several ranks look for them.
pub fn run(cli: Cli, ranks: &mut Ranks) -> Result<Outcome> {
    match cli.command {
        Command::Train(options) => train::run(&options, ranks),
        Command::Sweep(options) => sweep::run(&options),
        Command::Eval(options) => eval::run(&options).map(|()| Outcome::Done),
        Command::Bench(options) => bench::run(&options).map(|()| Outcome::Done),
        Command::Data(command) => data::run(command).map(|()| Outcome::Done),
        Command::Replay(options) => replay::run(&options),
    }
}

/// Refuses an engine that this build does not have, before anything else is looked at.
fn require_cpu(backend: Backend) -> Result<()> {
    Ok(engines::require(backend)?)
}
