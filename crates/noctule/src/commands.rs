//! The commands.

mod batteries;
mod bench;
mod data;
mod devices;
mod engine_choice;
mod eval;
mod experiment;
mod export;
mod import;
mod new;
mod output_file;
mod predict;
mod replay;
mod report;
mod shell;
mod show;
mod study;
mod sweep;
pub(crate) mod train;

use anyhow::Result;

use crate::cli::{Cli, Command};
use crate::outcome::Outcome;
use crate::ranks::Ranks;
use crate::signals::listen;
pub(crate) use experiment::fetch_set;

/// Runs the command that was typed; commands for several ranks look for the others.
pub fn run(cli: Cli, ranks: &mut Ranks) -> Result<Outcome> {
    match cli.command {
        Command::Train(options) => train::run(&options, ranks, &listen()?),
        Command::Sweep(options) => {
            ranks.refuse("sweep")?;
            sweep::run(&options, &listen()?)
        }
        Command::Study(options) => {
            ranks.refuse("study")?;
            study::run(&options, &listen()?)
        }
        Command::Eval(options) => {
            ranks.refuse("eval")?;
            eval::run(&options, &*listen()?)
        }
        Command::Predict(options) => {
            ranks.refuse("predict")?;
            predict::run(&options, &*listen()?)
        }
        Command::Report(options) => {
            ranks.refuse("report")?;
            report::run(&options, &*listen()?)
        }
        Command::Bench(options) => {
            ranks.refuse("bench")?;
            bench::run(&options, &listen()?)
        }
        Command::Data(command) => data::run(command).map(|()| Outcome::Done),
        Command::Devices(options) => devices::run(&options).map(|()| Outcome::Done),
        Command::Export(options) => export::run(&options).map(|()| Outcome::Done),
        Command::Import(options) => import::run(&options).map(|()| Outcome::Done),
        Command::New(options) => new::run(&options).map(|()| Outcome::Done),
        Command::Show(options) => show::run(&options).map(|()| Outcome::Done),
        Command::Replay(options) => replay::run(&options),
        Command::Batteries(options) => batteries::run(&options),
        Command::Completions(options) => shell::completions(&options).map(|()| Outcome::Done),
        Command::Man(options) => shell::man(&options).map(|()| Outcome::Done),
    }
}
