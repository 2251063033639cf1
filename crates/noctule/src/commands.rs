//! The commands.

mod bench;
mod data;
mod eval;
mod replay;
mod sweep;
mod train;

use anyhow::{Result, bail};

use crate::cli::{Backend, Cli, Command};
use crate::ranks::Ranks;

/// How a command ended, if it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is done.
    Done,
    /// Ctrl-C came first.
    Interrupted,
}

/// Does what was typed; commands that are for several ranks look for them.
pub fn run(cli: Cli, ranks: &mut Ranks) -> Result<Outcome> {
    match cli.command {
        Command::Train(options) => train::run(&options, ranks),
        Command::Sweep(options) => sweep::run(&options),
        Command::Eval(options) => eval::run(&options).map(|()| Outcome::Done),
        Command::Bench(options) => bench::run(&options).map(|()| Outcome::Done),
        Command::Data(command) => data::run(command).map(|()| Outcome::Done),
        Command::Replay(options) => replay::run(&options).map(|()| Outcome::Done),
    }
}

fn require_cpu(backend: Backend) -> Result<()> {
    if backend == Backend::Gpu {
        bail!("this build of noctule has no GPU back end; use --backend cpu");
    }
    Ok(())
}
