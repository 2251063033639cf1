//! `noctule predict`.

mod npz;
mod outputs;
mod spikes;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::engines::open;
use anyhow::{Context, Result};
use noctule_core::Label;
use noctule_data::Split;
use noctule_train::experiment::{Input, load_input};
use noctule_train::{
    Classifier, Config, ConfigTable, Data, RunDirectory, SampleOrder, replace_atomically,
};

use super::engine_choice::engine_for;
use super::eval::{checkpoint, note_changes};
use super::experiment::data_directory_of;
use super::output_file::{check_output, folder_of, keep_apart};
use crate::cli::Predict;
use crate::outcome::Outcome;
use crate::plural::plural;
use crate::streams::say;
use npz::NpzWriter;
use outputs::Outputs;
use spikes::LayerSpikes;

pub fn run(options: &Predict, stop: &AtomicBool) -> Result<Outcome> {
    check_output(&options.output)?;
    let directory = RunDirectory::open(&options.run)?;
    let read: Vec<PathBuf> = options
        .input
        .iter()
        .cloned()
        .chain(directory.files())
        .collect();
    keep_apart(&options.output, &read)?;
    let config = ConfigTable::read(&directory.config_path())?.resolve()?;
    let (checkpoint, name) = checkpoint(&directory, options.best);
    let choice = engine_for(&options.engine, &checkpoint)?;
    let engine = open(choice, config.training.threads)?;
    let input = load(options, &directory, &config)?;
    let mut classifier = Classifier::new(&config, &input.samples, &checkpoint, engine)?;
    note_changes(&classifier);
    let Some((outputs, layers)) = classify(&mut classifier, options, stop)? else {
        return Ok(Outcome::Interrupted);
    };
    let labels = match input.has_labels {
        true => input.samples.labels(),
        false => &[],
    };
    write(&options.output, &outputs, labels, layers)?;
    report(options, name, &outputs, labels)?;
    Ok(Outcome::Done)
}

/// The samples to classify, in the order of their file.
fn load(options: &Predict, run: &RunDirectory, config: &Config) -> Result<Input> {
    if let Some(file) = &options.input {
        return load_input(config, file).context("--input");
    }
    let data_dir = data_directory_of(run, options.data_dir.as_deref())?;
    let split = Split::from(options.split);
    let samples = Data::load_part(config, data_dir.as_deref(), split, SampleOrder::File)?;
    Ok(Input {
        samples,
        has_labels: true,
    })
}

/// What the network makes of all samples, batch by batch, and the spikes of each layer, if they are asked for; `None` if
/// `stop` was set meanwhile.
fn classify(
    classifier: &mut Classifier,
    options: &Predict,
    stop: &AtomicBool,
) -> Result<Option<(Outputs, Vec<LayerSpikes>)>> {
    let last = classifier.network().layers().len() - 1;
    let layers: Vec<usize> = match options.spikes {
        true => (0..=last).collect(),
        false => vec![last],
    };
    let mut outputs = Outputs::new(classifier.network().outputs());
    let mut kept = Vec::new();
    if options.spikes {
        let folder = folder_of(&options.output);
        let files = layers.iter().map(|&layer| LayerSpikes::new(layer, folder));
        kept = files
            .collect::<io::Result<_>>()
            .with_context(|| format!("cannot make temporary files in `{}`", folder.display()))?;
    }
    let samples = classifier.samples().len();
    for first in (0..samples).step_by(Classifier::BATCH) {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let batch = first..samples.min(first + Classifier::BATCH);
        let classified = classifier.classify(batch, &layers)?;
        if let Some(spikes) = classified.spikes.last() {
            outputs.add(&classified.predictions, spikes);
        }
        for (kept, spikes) in kept.iter_mut().zip(&classified.spikes) {
            kept.add(spikes)
                .context("cannot keep the spikes in a temporary file")?;
        }
    }
    Ok(Some((outputs, kept)))
}

fn write(path: &Path, outputs: &Outputs, labels: &[Label], layers: Vec<LayerSpikes>) -> Result<()> {
    replace_atomically(path, |file| {
        let mut npz = NpzWriter::new(file);
        outputs.write(&mut npz, labels)?;
        for layer in layers {
            layer.write(&mut npz)?;
        }
        npz.finish()
    })?;
    Ok(())
}

fn report(options: &Predict, checkpoint: &str, outputs: &Outputs, labels: &[Label]) -> Result<()> {
    let (count, accuracy) = (outputs.samples(), outputs.accuracy(labels));
    let (run, output) = (options.run.display(), options.output.display());
    let split = Split::from(options.split).to_string();
    let input = options.input.as_ref();
    let input = input.map(|file| file.display().to_string());
    if options.json {
        let split = input.is_none().then_some(split);
        let summary = serde_json::json!({
            "run": run.to_string(),
            "checkpoint": checkpoint,
            "split": split,
            "input": input,
            "samples": count,
            "accuracy": accuracy,
            "silent_samples": outputs.silent(),
            "output": output.to_string(),
        });
        say!("{summary}");
        return Ok(());
    }
    let right = accuracy.map_or(String::new(), |share| {
        format!(", {:.2} % right", 100.0 * share)
    });
    let silent = match outputs.silent() {
        0 => String::new(),
        silent => format!(", {silent} without an output spike"),
    };
    say!(
        "{run} ({checkpoint} checkpoint): {}{right}{silent}",
        match input {
            Some(file) => format!("{} of {file}", plural(count, "sample")),
            None => plural(count, &format!("{split} sample")),
        }
    );
    say!("  written to {output}");
    Ok(())
}
