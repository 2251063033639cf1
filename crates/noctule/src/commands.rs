//! The commands.

mod bench;
mod data;
mod eval;
mod experiment;
mod output_file;
mod predict;
mod replay;
mod shell;
mod show;
mod sweep;
mod train;

use anyhow::Result;

use crate::cli::{Cli, Command};
use crate::outcome::Outcome;
use crate::ranks::Ranks;

/// Runs the command that was typed; commands for several ranks look for the others.
pub fn run(cli: Cli, ranks: &mut Ranks) -> Result<Outcome> {
    match cli.command {
        Command::Train(options) => train::run(&options, ranks),
        Command::Sweep(options) => sweep::run(&options),
        Command::Eval(options) => eval::run(&options).map(|()| Outcome::Done),
        Command::Predict(options) => predict::run(&options).map(|()| Outcome::Done),
        Command::Bench(options) => bench::run(&options).map(|()| Outcome::Done),
        Command::Data(command) => data::run(command).map(|()| Outcome::Done),
        Command::Show(options) => show::run(&options).map(|()| Outcome::Done),
        Command::Replay(options) => replay::run(&options),
        Command::Completions(options) => shell::completions(&options).map(|()| Outcome::Done),
        Command::Man(options) => shell::man(&options).map(|()| Outcome::Done),
    }
}
