//! An experiment on the user's own files, with what follows from the samples: inputs, classes and times.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use noctule_data::files::{ContentsKind, inspect};
use noctule_train::config::path_seen_from;

/// Where an experiment says that it has no samples to test with.
pub(super) const NO_TEST_FILE: &str = "No file of test samples";
/// What the names of two files differ in, if one is for training and the other to test.
const TRAIN_AND_TEST: [(&str, &str); 3] = [("train", "test"), ("Train", "Test"), ("TRAIN", "TEST")];
/// Of fewer samples none are held out.
const FEW: usize = 10;
/// Hidden neurons.
const HIDDEN: usize = 100;
/// Spikes of the true class's neuron, and of the others, that the loss asks for.
const TARGETS: (u32, u32) = (10, 2);

/// The text of an experiment that trains on the samples of a file, which lies in `folder`.
pub(super) fn experiment(
    name: &str,
    folder: &Path,
    train: &Path,
    test: Option<&Path>,
) -> Result<String> {
    let contents = inspect(train).context("--from")?;
    let classes = contents.classes.with_context(|| {
        format!(
            "--from: {}: there is no array `labels`; training needs the class of each sample",
            train.display()
        )
    })?;
    let test = match test {
        Some(test) => {
            inspect(test).context("--test")?;
            Some(test.to_owned())
        }
        None => beside(train).filter(|test| test.is_file()),
    };
    let data = match &contents.kind {
        ContentsKind::Events {
            population,
            last_time,
            ..
        } => events(*population, *last_time),
        ContentsKind::Images { shape } => {
            format!(
                "set = \"images\"\n# Each is {shape} (height x width x channels).\n{IMAGE_TIMES}"
            )
        }
    };
    let (data, times) = data.split_once("---\n").unwrap_or((&data, ""));
    Ok(format!(
        "\
# An experiment for Noctule, which runs as it is:
#     COMMAND
# `noctule show mnist-count` explains every key, also those that are left out here. All times are in seconds.

# The folder of a run is named after it.
name = \"{name}\"
# Decides everything random. Another seed is another run of the same experiment; --seeds 0..4 trains five.
seed = 0

# docs/data.md says what files hold. Relative paths start at the folder of this file.
[data]
{data}\
train = {train}
{test}
# The share of the training samples that are held out to choose the best epoch.
validation = {validation}

{times}\
# The initial weights are left out: they are drawn so that the inputs of the data bring a neuron about to its threshold.
[[layers]]
kind = \"dense\"
neurons = {HIDDEN}
theta = 1.0
max_spikes = 30

# The last layer has a neuron for each class: labels are from 0 to {last_class}.
[[layers]]
kind = \"dense\"
neurons = {classes}
theta = 1.0
max_spikes = 30

# The neuron of the true class is asked for {} spikes, each other for {}.
[loss]
kind = \"spike-count\"
target_true = {}
target_false = {}

# The learning rate is left out: it follows from the size of the initial weights. A run writes it into its config.toml.
[optimiser]
kind = \"adam\"

# From that rate down to 0.
[schedule]
kind = \"cosine\"

[training]
epochs = 20
# {} training samples.
batch_size = {}
",
        TARGETS.0,
        TARGETS.1,
        TARGETS.0,
        TARGETS.1,
        contents.samples,
        batch_size(contents.samples),
        train = toml_path(folder, train)?,
        test = test_key(folder, train, test.as_deref())?,
        last_class = classes.saturating_sub(1),
        validation = if contents.samples < FEW { "0" } else { "0.1" },
    ))
}

const IMAGE_TIMES: &str = "\
---
# Each intensity from 0 to 1 becomes one spike: the larger, the earlier; 0 stays silent.
[encoder]
earliest = 0.0
latest = 0.1

# How long a neuron remembers (tau_m) and how long an input acts on it (tau_s). tau_m = 2 tau_s is the fastest to compute.
[neuron]
tau_m = 0.26
tau_s = 0.13
# The end of a sample: no neuron spikes after it.
t_max = 0.2

";

/// The keys of events, then the times of neurons that remember half a sample.
fn events(population: usize, last_time: f64) -> String {
    let (unit, unit_name) = time_unit(last_time);
    let length = if last_time > 0.0 {
        last_time * unit
    } else {
        0.1
    };
    let latest = match last_time {
        time if time >= 1000.0 => format!("{time:.0}"),
        time => format!("{time:.4}"),
    };
    let (tau_s, tau_m, t_max) = (length / 4.0, length / 2.0, length * 1.5);
    format!(
        "\
set = \"events\"
# Seconds for each unit of the times. The latest event is at {latest}: {unit_name}, it seems. Please check.
time_unit = {unit:?}
# Number of units that events come from.
population = {population}
---
# How long a neuron remembers (tau_m: half of a sample) and how long an input acts on it (tau_s). tau_m = 2 tau_s is the
# fastest to compute.
[neuron]
tau_m = {tau_m}
tau_s = {tau_s}
# The end of a sample: no neuron spikes after it.
t_max = {t_max}

",
        tau_m = two_digits(tau_m),
        tau_s = two_digits(tau_m) / 2.0,
        t_max = two_digits(t_max.max(length + tau_s)),
    )
}

/// The unit of times, in seconds, that makes a sample between some milliseconds and some seconds long, and its name.
fn time_unit(last_time: f64) -> (f64, &'static str) {
    match last_time {
        time if time <= 30.0 => (1.0, "seconds"),
        time if time <= 30_000.0 => (1e-3, "milliseconds"),
        time if time <= 30_000_000.0 => (1e-6, "microseconds"),
        _ => (1e-9, "nanoseconds"),
    }
}

fn two_digits(value: f64) -> f64 {
    format!("{value:.1e}").parse().unwrap_or(value)
}

/// A batch for every twentieth of the samples, within reason.
fn batch_size(samples: usize) -> usize {
    (samples / 20).clamp(1, 50)
}

/// The key `test`; without a file, the training samples take its place, and the experiment says so.
fn test_key(folder: &Path, train: &Path, test: Option<&Path>) -> Result<String> {
    Ok(match test {
        Some(test) => format!("test = {}", toml_path(folder, test)?),
        None => format!(
            "\
# {NO_TEST_FILE} was named, so these are the training samples again: the test accuracy says nothing about new
# samples, that of validation does. Keep a part of your samples for a file of their own, and name it here.
test = {}",
            toml_path(folder, train)?
        ),
    })
}

/// The file whose name has `test` where that of the training samples has `train`.
fn beside(train: &Path) -> Option<PathBuf> {
    let name = train.file_name()?.to_str()?;
    let pairs = TRAIN_AND_TEST.into_iter();
    let mut names = pairs.filter(|(train, _)| name.contains(train));
    let (word, test) = names.next()?;
    Some(train.with_file_name(name.replace(word, test)))
}

/// The path of a file as a string of TOML, as seen from the folder of the experiment file. TOML has the escapes of JSON.
fn toml_path(folder: &Path, path: &Path) -> Result<String> {
    let name = path.display();
    let path = path.to_str().with_context(|| {
        format!("{name}: an experiment file is UTF-8, and this path is not; rename the file")
    })?;
    let seen = path_seen_from(folder, path)
        .map_err(anyhow::Error::msg)
        .with_context(|| name.to_string())?;
    Ok(serde_json::Value::from(seen).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_follow_from_the_length_of_samples() {
        for (last_time, unit, tau_m) in [
            (0.095, "time_unit = 1.0", "tau_m = 0.048"),
            (1.2, "time_unit = 1.0", "tau_m = 0.6"),
            (800.0, "time_unit = 0.001", "tau_m = 0.4"),
            (999_000.0, "time_unit = 1e-6", "tau_m = 0.5"),
            (0.0, "time_unit = 1.0", "tau_m = 0.05"),
        ] {
            let text = events(50, last_time);
            assert!(text.contains(unit) && text.contains(tau_m), "{text}");
        }
    }

    #[test]
    fn a_test_file_is_found_by_its_name() {
        let found = |name: &str| beside(Path::new(name)).map(|path| path.display().to_string());
        assert_eq!(found("a/shd_train.h5").as_deref(), Some("a/shd_test.h5"));
        assert_eq!(found("Train.npz").as_deref(), Some("Test.npz"));
        assert_eq!(found("gestures.npz"), None);
    }
}
