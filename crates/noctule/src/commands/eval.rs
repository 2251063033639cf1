//! `noctule eval`.

mod confusion_table;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use crate::engines::open;
use anyhow::Result;
use noctule_data::Split;
use noctule_train::config::list_changes;
use noctule_train::{
    Classifier, ConfigTable, Confusion, Data, EpochRecord, RunDirectory, SampleOrder, Warning,
};
use serde_json::{Value, json};

use super::engine_choice::engine_for;
use super::experiment::data_directory_of;
use crate::cli::Eval;
use crate::outcome::Outcome;
use crate::plural::plural;
use crate::streams::{note, say};
use confusion_table::confusion_table;

pub fn run(options: &Eval, stop: &AtomicBool) -> Result<Outcome> {
    let directory = RunDirectory::open(&options.run)?;
    let config = ConfigTable::read(&directory.config_path())?.resolve()?;
    let (checkpoint, name) = checkpoint(&directory, options.best);
    let choice = engine_for(&options.engine, &checkpoint)?;
    let engine = open(choice, config.training.threads)?;
    let split = Split::from(options.split);
    let data_dir = data_directory_of(&directory, options.data_dir.as_deref())?;
    let samples = Data::load_part(&config, data_dir.as_deref(), split, SampleOrder::Drawn)?;
    let mut classifier = Classifier::new(&config, &samples, &checkpoint, engine)?;
    note_changes(&classifier);
    let mut confusion = options.confusion.then(|| Confusion::new(samples.classes()));
    let Some(record) = classifier.evaluate(&split.to_string(), confusion.as_mut(), stop)? else {
        return Ok(Outcome::Interrupted);
    };
    if let Some(warning) = Warning::silent_layer(classifier.network(), &record) {
        note!("warning: {warning}");
    }
    if options.json {
        say!(
            "{}",
            json(options, name, samples.len(), &record, confusion.as_ref())?
        );
        return Ok(Outcome::Done);
    }
    say!(
        "{} ({name} checkpoint): {:.2} % of {}, loss {:.4}",
        options.run.display(),
        100.0 * record.accuracy,
        plural(samples.len(), &format!("{split} sample")),
        record.loss,
    );
    let layers = record.spikes_per_neuron.iter().zip(&record.silent_fraction);
    for (layer, (spikes, silent)) in layers.enumerate() {
        say!(
            "  layer {layer}: {spikes:.3} spikes per neuron and sample, {:.1} % of neurons silent",
            100.0 * silent
        );
    }
    say!("  {:.0} samples/s", record.samples_per_second);
    if let Some(confusion) = &confusion {
        say!("\n{}", confusion_table(confusion));
    }
    Ok(Outcome::Done)
}

/// Says so if the experiment was edited since the training, which may be what is wanted.
pub(super) fn note_changes(classifier: &Classifier) {
    let changes = classifier.changed_keys();
    if !changes.is_empty() {
        note!(
            "note: config.toml is not what the weights were trained with: {}",
            list_changes(changes)
        );
    }
}

/// The checkpoint of a run that holds its last or its best epoch, and its name.
pub(super) fn checkpoint(run: &RunDirectory, best: bool) -> (PathBuf, &'static str) {
    match best {
        true => (run.best_path(), "best"),
        false => (run.last_path(), "last"),
    }
}

/// One object with all figures.
fn json(
    options: &Eval,
    checkpoint: &str,
    samples: usize,
    record: &EpochRecord,
    confusion: Option<&Confusion>,
) -> Result<Value> {
    let mut object = json!({
        "run": options.run.display().to_string(),
        "checkpoint": checkpoint,
        "samples": samples,
    });
    let measured = serde_json::to_value(record)?;
    if let (Some(object), Some(measured)) = (object.as_object_mut(), measured.as_object()) {
        for (key, value) in measured.iter().filter(|(key, _)| *key != "epoch") {
            object.insert(key.clone(), value.clone());
        }
    }
    if let Some(confusion) = confusion {
        object["confusion"] = json!(confusion.rows());
    }
    Ok(object)
}
