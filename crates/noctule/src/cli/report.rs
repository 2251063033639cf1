//! Options of `report`.

use std::path::PathBuf;

use clap::Args;

use super::engine::EngineOptions;
use super::numbers::whole_number;

pub(super) const HELP: &str = "\
Examples:
  noctule report runs/yinyang                       Writes runs/yinyang/report.html
  noctule report runs/yinyang-seeds                 All seeds, into runs/yinyang-seeds/report.html
  noctule report runs/a runs/b -o comparison.html   Learning curves of both; samples of the first
  noctule report runs/mnist-count --samples 24 --data-dir ~/data
  noctule report studies/precision                  What a study found

The page is one file that loads nothing from a network: learning curves, spikes of chosen test samples through all
layers with potentials and exact spike times, decisions over time, histograms, the confusion matrix, the worst samples,
the experiment, and commands that repeat it. `noctule train` writes it, too.";

/// The most samples of a page.
const MOST_SAMPLES: u64 = 100;

/// Options of `report`.
#[derive(Args, Debug)]
pub struct Report {
    /// Run directories, folders that hold runs of several seeds, or directories of studies. Of several runs, the learning
    /// curves show all and everything else the first.
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// The file to write. [default: RUN/report.html, or report.html for several]
    #[arg(short, long, value_name = "FILE.html")]
    pub output: Option<PathBuf>,
    /// How many test samples are shown with all their spikes: wrong ones, right ones that were decided late, and others.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 12,
        allow_negative_numbers = true,
        value_parser = samples
    )]
    pub samples: usize,
    /// Directory of the data sets; default: that of the training, else $NOCTULE_DATA, else the cache directory.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Threads to use; 0 for all cores.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<usize>)]
    pub threads: Option<usize>,
    #[command(flatten)]
    pub engine: EngineOptions,
}

fn samples(text: &str) -> Result<usize, String> {
    match whole_number::<u64>(text)? {
        samples @ 0..=MOST_SAMPLES => Ok(samples as usize),
        samples => Err(format!(
            "{samples} samples would not fit a page; {MOST_SAMPLES} are the most"
        )),
    }
}
