//! `noctule eval`.

use anyhow::Result;
use noctule::engines::{Backend, open};
use noctule_train::{ConfigTable, NoProgress, RunDirectory, Trainer};

use crate::cli::Eval;
use crate::output::say;

pub fn run(options: &Eval) -> Result<()> {
    let directory = RunDirectory::open(&options.run)?;
    let config = ConfigTable::read(&directory.config_path())?.resolve()?;
    let engine = open(Backend::Cpu, config.training.threads)?;
    let mut trainer = Trainer::new(config, options.data_dir.as_deref(), engine)?;
    let (checkpoint, name) = if options.best {
        (directory.best_path(), "best")
    } else {
        (directory.last_path(), "last")
    };
    trainer.load_weights(&checkpoint)?;
    let record = trainer.evaluate("test", &mut NoProgress)?;
    if options.json {
        let mut object = serde_json::json!({
            "run": options.run,
            "checkpoint": name,
            "samples": trainer.test_samples().len(),
        });
        let measured = serde_json::to_value(&record)?;
        if let (Some(object), Some(measured)) = (object.as_object_mut(), measured.as_object()) {
            for (key, value) in measured.iter().filter(|(key, _)| *key != "epoch") {
                object.insert(key.clone(), value.clone());
            }
        }
        say!("{object}");
        return Ok(());
    }
    say!(
        "{} ({name} checkpoint): {:.2} % of {} test samples, loss {:.4}",
        options.run.display(),
        100.0 * record.accuracy,
        trainer.test_samples().len(),
        record.loss,
    );
    for (layer, (spikes, silent)) in record
        .spikes_per_neuron
        .iter()
        .zip(&record.silent_fraction)
        .enumerate()
    {
        say!(
            "  layer {layer}: {spikes:.3} spikes per neuron and sample, {:.1} % of neurons silent",
            100.0 * silent
        );
    }
    say!("  {:.0} samples/s", record.samples_per_second);
    Ok(())
}
