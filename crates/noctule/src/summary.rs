//! What is printed before and after a training.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::HumanDuration;
use noctule_train::{BestEpoch, Config, EpochRecord, Trainer, Warning};

use crate::plural::plural;
use crate::suggest;

/// One line that describes the run.
pub fn heading(config: &Config, trainer: &Trainer, ranks: usize, run: &Path) -> String {
    let sizes = trainer.layer_sizes().into_iter();
    let sizes: Vec<String> = sizes.map(|size| size.to_string()).collect();
    let ranks = match ranks {
        1 => String::new(),
        _ => format!(", {ranks} ranks"),
    };
    let info = trainer.engine().info();
    let device = match info.backend {
        "cpu" => String::new(),
        backend => format!(", back end {backend} ({})", info.device),
    };
    format!(
        "{}: {} on {} of {}, {}, seed {}{ranks}{device}, into {}",
        config.name,
        sizes.join("-"),
        plural(trainer.training_samples().len(), "training sample"),
        config.data.set.name(),
        plural(config.training.epochs, "epoch"),
        config.seed,
        run.display(),
    )
}

/// What a finished run reached.
pub struct Summary {
    run: PathBuf,
    elapsed: Duration,
    neurons: Vec<usize>,
    test: Option<EpochRecord>,
    best: Option<(BestEpoch, Option<f64>)>,
    silent: Option<Warning>,
    report: Option<PathBuf>,
}

impl Summary {
    /// The summary of a run that took `elapsed` in this command.
    pub fn new(trainer: &Trainer, run: &Path, elapsed: Duration) -> Self {
        let test_of = |epoch: u64| {
            let is_test = |record: &&EpochRecord| record.split == "test" && record.epoch == epoch;
            trainer.history().iter().find(is_test)
        };
        let last = trainer.finished_epochs() as u64;
        Self {
            run: run.to_owned(),
            elapsed,
            neurons: trainer.spiking_neurons(),
            silent: test_of(last).and_then(|record| trainer.silent_layer(record)),
            test: test_of(last).cloned(),
            report: None,
            best: trainer.best().map(|best| {
                let test = test_of(best.epoch as u64).map(|record| record.accuracy);
                (best, test)
            }),
        }
    }

    /// With the page that was written about the run, if one was.
    pub fn with_report(self, report: Option<PathBuf>) -> Self {
        Self { report, ..self }
    }
}

impl Display for Summary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        if let Some(test) = &self.test {
            writeln!(
                f,
                "  test accuracy   {:.2} % after the last epoch",
                100.0 * test.accuracy
            )?;
            if let Some((best, Some(accuracy))) = self.best {
                writeln!(
                    f,
                    "                  {:.2} % at epoch {}, chosen by validation ({:.2} %)",
                    100.0 * accuracy,
                    best.epoch,
                    100.0 * best.accuracy
                )?;
            }
            let spikes: f64 = test
                .spikes_per_neuron
                .iter()
                .zip(&self.neurons)
                .map(|(spikes, &neurons)| spikes * neurons as f64)
                .sum();
            let layers: Vec<String> = test
                .spikes_per_neuron
                .iter()
                .map(|s| format!("{s:.2}"))
                .collect();
            writeln!(
                f,
                "  spikes          {spikes:.0} per inference ({} per neuron, layer by layer)",
                layers.join(", ")
            )?;
        }
        if let Some(Warning::SilentLayer { layer, .. }) = &self.silent {
            writeln!(
                f,
                "  silent          layer {layer} hardly spikes, so it does not learn: `noctule eval` names remedies"
            )?;
        }
        writeln!(f, "  time            {}", HumanDuration(self.elapsed))?;
        writeln!(f, "  run             {}", self.run.display())?;
        if let Some(report) = &self.report {
            writeln!(f, "  report          {}", report.display())?;
        }
        writeln!(f, "  next            {}", suggest::evaluate(&self.run))
    }
}
