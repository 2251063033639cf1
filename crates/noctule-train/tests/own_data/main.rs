//! Experiments on files of the user's own.

mod npz;
mod refused;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use noctule_cpu::CpuEngine;
use noctule_train::config::{Config, ConfigTable, HeldOut};
use noctule_train::experiment::data_directory;
use noctule_train::{Data, NoProgress, TrainError, Trainer};
use npz::{CHANNELS, CLASSES, write_events, write_images};
use tempfile::TempDir;

/// An experiment on events; the first line of `[data]` is left to say where they are.
const EVENTS: &str = r#"
name = "own"
[data]
set = "events"
FILES
[neuron]
tau_m = 0.02
tau_s = 0.01
t_max = 0.12
[[layers]]
kind = "dense"
neurons = 40
theta = 1.0
max_spikes = 10
init = { kind = "normal", mean = 10.0, std = 40.0 }
[[layers]]
kind = "dense"
neurons = 3
theta = 1.0
max_spikes = 20
silent_boost = 5.0
init = { kind = "normal", mean = 10.0, std = 30.0 }
[loss]
kind = "spike-count"
target_true = 8
target_false = 1
[optimiser]
kind = "adam"
learning_rate = 1.0
[training]
epochs = 15
batch_size = 20
threads = 1
"#;

const NPZ: &str = "train = 'train.npz'\ntest = 'test.npz'\ntime_unit = 1e-6";
const HDF5: &str = "train = 'events-train.h5'\ntest = 'events-test.h5'";

/// A folder with an experiment on files beside it.
struct Bench {
    folder: TempDir,
}

impl Bench {
    /// 300 training samples and 100 test samples in NPZ files.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_events(&folder.path().join("train.npz"), 300, 1);
        write_events(&folder.path().join("test.npz"), 100, 2);
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn table(&self, files: &str, overrides: &[&str]) -> ConfigTable {
        let file = self.path().join("own.toml");
        std::fs::write(&file, EVENTS.replace("FILES", files)).unwrap();
        let mut table = ConfigTable::read(&file).unwrap();
        let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
        table.apply_overrides(&overrides).unwrap();
        table
    }

    fn config(&self, files: &str, overrides: &[&str]) -> Config {
        self.table(files, overrides).resolve().unwrap()
    }
}

fn trainer(config: Config) -> Result<Trainer, TrainError> {
    Trainer::new(config, None, Arc::new(CpuEngine::new(1).unwrap()))
}

/// The test accuracy after the last epoch.
fn accuracy(config: Config) -> f64 {
    let mut trainer = trainer(config).unwrap();
    let never = AtomicBool::new(false);
    trainer.run(None, &mut NoProgress, &never).unwrap();
    let test = trainer
        .history()
        .iter()
        .rfind(|record| record.split == "test");
    test.unwrap().accuracy
}

#[test]
fn events_of_npz_files_train_to_over_95_percent() {
    let bench = Bench::new();
    let accuracy = accuracy(bench.config(NPZ, &[]));
    assert!(accuracy > 0.95, "{accuracy}");
}

#[test]
fn events_of_hdf5_files_train_to_over_95_percent() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../noctule-data/tests/fixtures");
    if !fixtures.is_dir() {
        eprintln!("skipped: this is the crate alone, without the files of its neighbour");
        return;
    }
    let mut config = Bench::new().config(HDF5, &[]);
    config.data.folder = Some(fixtures);
    let accuracy = accuracy(config);
    assert!(accuracy > 0.95, "{accuracy}");
}

#[test]
fn images_train_through_dense_layers_and_windows() {
    let bench = Bench::new();
    write_images(&bench.path().join("train.npz"), 120, 1);
    write_images(&bench.path().join("test.npz"), 60, 2);
    let files = "train = 'train.npz'\ntest = 'test.npz'";
    let images = ["data.set=images", "encoder.latest=0.05"];
    let dense = accuracy(bench.config(files, &images));
    assert!(dense > 0.95, "{dense}");
    let windows = "layers.0={kind='conv2d', filters=4, window=3, theta=1, max_spikes=10, init={kind='normal', mean=20, std=40}}";
    let windows = accuracy(bench.config(files, &[images[0], images[1], windows]));
    assert!(windows > 0.9, "{windows}");
}

#[test]
fn the_run_writes_what_a_later_evaluation_needs() {
    let bench = Bench::new();
    let config = bench.config(NPZ, &[]);
    let trainer = trainer(config.clone()).unwrap();
    let written = trainer.config().unwrap();
    assert_eq!(written.data.population, Some(CHANNELS));
    let text = written.to_toml().unwrap();
    for line in [
        "train = \"train.npz\"",
        "time_unit = 0.000001",
        "population = 50",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let folder = bench.path().display().to_string();
    assert!(
        !text.contains(&folder) && !text.contains("[encoder]"),
        "{text}"
    );
    let mut again = Config::from_toml_str(&text, "config.toml").unwrap();
    again.data.folder = config.data.folder.clone();
    assert_eq!(&again, written);
    let directory = data_directory(&config, None).unwrap().unwrap();
    again.data.folder = None;
    let (found, expected) = (
        Data::load(&again, Some(&directory)),
        Data::load(&config, None),
    );
    assert_eq!(found.unwrap().test, expected.unwrap().test);
}

#[test]
fn paths_start_at_the_experiment_file_and_overrides_at_the_current_folder() {
    let bench = Bench::new();
    let other = tempfile::tempdir_in(".").unwrap();
    write_events(&other.path().join("more.npz"), 30, 3);
    let name = other.path().file_name().unwrap().to_str().unwrap();
    let override_ = format!("data.train={name}/more.npz");
    let data = Data::load(&bench.config(NPZ, &[&override_]), None).unwrap();
    assert_eq!((data.train.len(), data.test.len()), (30, 100));
    // The data directory takes the place of the folder of the file.
    let mut config = bench.config(NPZ, &[]);
    config.data.folder = Some(other.path().to_owned());
    assert!(Data::load(&config, None).is_err());
    assert!(Data::load(&config, Some(bench.path())).is_ok());
}

#[test]
fn a_share_of_some_of_the_samples_is_held_out() {
    let bench = Bench::new();
    let sizes = |overrides: &[&str]| {
        let data = Data::load(&bench.config(NPZ, overrides), None).unwrap();
        let validation = data.validation.as_ref().map_or(0, |set| set.len());
        (data.train.len(), validation, data.test.len())
    };
    assert_eq!(sizes(&[]), (300, 0, 100));
    assert_eq!(sizes(&["data.samples=200"]), (200, 0, 100));
    assert_eq!(sizes(&["data.validation=0.1"]), (270, 30, 100));
    assert_eq!(sizes(&["data.validation=30"]), (270, 30, 100));
    assert_eq!(
        sizes(&["data.samples=50", "data.validation=0.25"]),
        (37, 13, 100)
    );
    assert_eq!(
        sizes(&["data.samples=50", "data.validation=1e-9"]),
        (49, 1, 100)
    );
    let config = bench.config(NPZ, &["data.validation=0.25"]);
    assert_eq!(config.data.validation, HeldOut::Share(0.25));
}

#[test]
fn drawn_samples_depend_on_the_seed_and_grow_with_their_number() {
    let bench = Bench::new();
    let train = |overrides: &[&str]| {
        Data::load(&bench.config(NPZ, overrides), None)
            .unwrap()
            .train
    };
    let all = train(&[]);
    assert_eq!(train(&["data.samples=300"]), all);
    let hundred = train(&["data.samples=100"]);
    assert_eq!(train(&["data.samples=100"]), hundred);
    assert_ne!(train(&["data.samples=100", "seed=1"]), hundred);
    let label_counts = |class: u32| {
        hundred
            .labels()
            .iter()
            .filter(|&&label| label == class)
            .count()
    };
    assert!(
        (0..CLASSES as u32).all(|class| label_counts(class) > 20),
        "drawn at random"
    );
    // A known set is drawn from in the same way.
    let table = |overrides: &[&str]| {
        let mut table = ConfigTable::preset("yinyang").unwrap();
        let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
        table.apply_overrides(&overrides).unwrap();
        Data::load(&table.resolve().unwrap(), None).unwrap()
    };
    let (few, whole) = (table(&["data.samples=10"]), table(&[]));
    assert_eq!((few.train.len(), few.validation), (10, whole.validation));
}
