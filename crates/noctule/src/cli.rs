//! What can be typed.

mod batteries;
mod bench;
mod data;
mod devices;
mod engine;
mod eval;
mod experiments;
mod nir;
mod numbers;
mod predict;
mod replay;
mod report;
mod seeds;
mod shell;
mod study;
mod sweep;
mod train;

use crate::version::VERSION;
use clap::{Parser, Subcommand};

pub use batteries::Batteries;
pub use bench::Bench;
pub use data::Data;
pub use devices::Devices;
pub use engine::EngineOptions;
pub use eval::Eval;
pub use experiments::{New, Show};
pub use nir::{Export, Import};
pub use predict::Predict;
pub use replay::{Precision, Replay};
pub use report::Report;
pub use seeds::Seeds;
pub use shell::{Completions, Man};
pub use study::{Study, StudyName};
pub use sweep::Sweep;
pub use train::Train;

/// Trains spiking neural networks event by event, with exact gradients.
#[derive(Debug, Parser)]
#[command(version = VERSION, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  noctule train yinyang                       Train on Yin-Yang; needs no download
  noctule train mnist-count --epochs 5        Train on MNIST
  noctule new mine.toml --from data.npz       Begin an experiment on your own data
  noctule eval runs/yinyang                   Evaluate the last checkpoint
  noctule predict runs/yinyang -o out.npz     Write its predictions for NumPy
  noctule report runs/yinyang                 Write a page with pictures of it
  noctule export runs/yinyang -o net.nir      Write its network for other simulators
  noctule data fetch mnist                    Download a data set";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a network from a preset or an experiment file.
    #[command(after_help = train::help(), override_usage = train::USAGE)]
    Train(Train),
    /// Train at every point of a grid of one or two keys, many times, and find the best point.
    #[command(after_help = sweep::EXAMPLES, override_usage = sweep::USAGE)]
    Sweep(Sweep),
    /// Answer a question about spiking networks by training and measuring, with verdicts, tables and pictures.
    #[command(after_help = study::EXAMPLES, override_usage = study::USAGE)]
    Study(Study),
    /// Evaluate a run's network on the test set, or on another part of its data.
    #[command(after_help = eval::EXAMPLES)]
    Eval(Eval),
    /// Classify the samples of a data set with a run's network, and write what it says of each as NumPy arrays.
    #[command(after_help = predict::HELP)]
    Predict(Predict),
    /// Write a page about runs or studies: curves, spikes, potentials, errors, and how to repeat them.
    #[command(after_help = report::HELP)]
    Report(Report),
    /// Write a run's network as a NIR graph, for other simulators and chips.
    #[command(after_help = nir::EXPORT_HELP)]
    Export(Export),
    /// Make a run of the network of a NIR graph, to evaluate it or to train it on.
    #[command(after_help = nir::IMPORT_HELP)]
    Import(Import),
    /// Write a commented experiment file that runs as it is, on Yin-Yang or on your own data.
    #[command(after_help = experiments::NEW_HELP)]
    New(New),
    /// Print an experiment file: a preset's, a file's or a run's; or list the presets.
    #[command(after_help = experiments::SHOW_HELP)]
    Show(Show),
    /// Measure how fast an experiment trains and classifies on this machine.
    #[command(after_help = bench::EXAMPLES)]
    Bench(Bench),
    /// List, download and inspect data sets.
    #[command(subcommand)]
    Data(Data),
    /// List the devices that --backend and --device can name, and what is missing to use them.
    #[command(after_help = devices::EXAMPLES)]
    Devices(Devices),
    /// Replay reference cases and compare spike times and gradients, to certify a build; status 1 if a case fails.
    #[command(after_help = replay::HELP)]
    Replay(Replay),
    /// Run the tests that every engine must pass, in single precision; status 1 if one fails. For who works on Noctule.
    #[command(hide = true)]
    Batteries(Batteries),
    /// Print a script that completes the words of noctule in a shell.
    #[command(after_help = shell::COMPLETIONS_HELP)]
    Completions(Completions),
    /// Print the manual page, or write one for each command.
    #[command(after_help = shell::MAN_HELP)]
    Man(Man),
}
