//! Experiment files: presets, defaults and overrides.

mod refused;

use noctule_train::config::{
    Config, ConfigError, ConfigTable, LayerConfig, LossConfig, OptimiserConfig,
};
use noctule_train::schedule::ScheduleConfig;

/// As short as an experiment can be.
const SMALL: &str = r#"
name = "small"
[data]
set = "yin-yang"
[neuron]
tau_m = 0.02
tau_s = 0.01
t_max = 0.06
[[layers]]
kind = "dense"
neurons = 3
theta = 1
max_spikes = 1
init = { kind = "normal", mean = 0.5, std = 0 }
[loss]
kind = "first-spike"
[optimiser]
kind = "sgd"
[training]
epochs = 2
batch_size = 4
"#;

fn with(overrides: &[&str]) -> Result<Config, ConfigError> {
    let mut table = ConfigTable::from_toml_str(SMALL, "small.toml")?;
    let overrides: Vec<_> = overrides.iter().map(|&text| text.to_owned()).collect();
    table.apply_overrides(&overrides)?;
    table.resolve()
}

fn only_layer(config: &Config) -> &noctule_train::config::DenseConfig {
    match config.layers.as_slice() {
        [LayerConfig::Dense(dense)] => dense,
        other => panic!("{other:?}"),
    }
}

#[test]
fn presets_are_valid_and_round_trip() {
    let names = Config::preset_names();
    for name in [
        "yinyang",
        "mnist-conv",
        "mnist-conv-paper",
        "fashion-count",
        "emnist-ttfs",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    for name in Config::preset_names() {
        let config = Config::preset(name).unwrap();
        assert_eq!(config.name, name);
        let text = config.to_toml().unwrap();
        assert_eq!(
            Config::from_toml_str(&text, name).unwrap(),
            config,
            "{text}"
        );
    }
}

/// The presets are embedded from this crate, so that it packages, and lie under `experiments/` for readers.
#[test]
fn presets_lie_under_experiments() {
    let crate_folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let experiments = crate_folder.join("../../experiments");
    if !experiments.is_dir() {
        eprintln!("skipped: this is the crate alone, without the repository's experiments");
        return;
    }
    for name in Config::preset_names() {
        let embedded = std::fs::read_to_string(crate_folder.join(format!("presets/{name}.toml")));
        let shown = std::fs::read_to_string(experiments.join(format!("{name}.toml")));
        assert_eq!(
            embedded.unwrap(),
            shown.unwrap(),
            "copy crates/noctule-train/presets/{name}.toml to experiments/{name}.toml"
        );
    }
}

#[test]
fn defaults_are_filled_in_and_written_out() {
    let config = with(&[]).unwrap();
    let layer = only_layer(&config);
    assert_eq!((layer.tau_m, layer.tau_s, layer.t_max), (0.02, 0.01, 0.06));
    assert_eq!((layer.theta, layer.reset), (1.0, 1.0));
    assert_eq!(config.schedule, ScheduleConfig::default());
    assert!(config.encoder.as_ref().unwrap().silent_zero);
    let text = config.to_toml().unwrap();
    for line in [
        "seed = 0",
        "latest = 0.1",
        "momentum = 0.0",
        "threads = 0",
        "validation = 0",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    // These follow from the data.
    for key in ["learning_rate", "silent_boost", "temperature"] {
        assert!(!text.contains(key), "{key} in\n{text}");
    }
    assert_eq!(Config::from_toml_str(&text, "again").unwrap(), config);
}

#[test]
fn every_optional_part_round_trips() {
    let config = with(&[
        "encoder.bias=0.03",
        "layers.0.homeostasis={target=0.5, strength=1e-3}",
        "layers.0.init={kind='uniform', low=-1, high=1}",
        "layers.0.reset=0.25",
        "training.max_inverse_slope=100",
        "loss={kind='first-spike', early_pull=0.1, early_pull_time=0.01}",
        "optimiser={kind='nadam', betas=[0.8, 0.99]}",
        "schedule={kind='cosine', warmup_epochs=1}",
        "description=a \"quoted\" text",
    ])
    .unwrap();
    assert_eq!(config.encoder.as_ref().unwrap().bias, Some(0.03));
    assert_eq!(only_layer(&config).reset, 0.25);
    let text = config.to_toml().unwrap();
    assert_eq!(
        Config::from_toml_str(&text, "again").unwrap(),
        config,
        "{text}"
    );
}

#[test]
fn every_seed_of_64_bits_round_trips() {
    for seed in [0, 1, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
        let config = with(&[&format!("seed={seed}")]).unwrap();
        assert_eq!(config.seed, seed);
        let text = config.to_toml().unwrap();
        assert_eq!(
            Config::from_toml_str(&text, "again").unwrap(),
            config,
            "{text}"
        );
    }
    assert_eq!(with(&["seed='7'"]).unwrap().seed, 7);
}

#[test]
fn overrides_come_before_defaults_and_the_last_one_wins() {
    let config = with(&[
        "layers.0.theta=0.3",
        "neuron.tau_s=0.005",
        "seed=1",
        "seed=2",
        "name=other",
        "optimiser.kind=adam",
        " training.epochs = 7 ",
    ])
    .unwrap();
    let layer = only_layer(&config);
    assert_eq!((layer.theta, layer.reset, layer.tau_s), (0.3, 0.3, 0.005));
    assert_eq!((config.seed, config.training.epochs), (2, 7));
    assert_eq!(config.name, "other");
    assert!(matches!(config.optimiser, OptimiserConfig::Adam(_)));
}

/// The commented example mentions every key there is, because an unknown key's error lists them all.
#[test]
fn the_commented_example_explains_every_key() {
    let example = Config::preset_text("mnist-count").unwrap();
    let explained = |key: &str| {
        let written = format!("{key} = ");
        example.lines().any(|line| {
            let line = line.trim_start_matches(['#', ' ']);
            line.starts_with(&written)
                || line.contains(&format!(" {written}"))
                || line == format!("[{key}]")
                || line == format!("[[{key}]]")
        })
    };
    for probe in [
        "zzz=1",
        "data.zzz=1",
        "encoder.zzz=1",
        "neuron.zzz=1",
        "layers.0.zzz=1",
        "layers.0.init={kind='uniform',zzz=1}",
        "layers.0.init={kind='normal',zzz=1}",
        "layers.0.init={kind='threshold',zzz=1}",
        "layers.0.homeostasis={zzz=1}",
        "layers.0={kind='conv2d',zzz=1}",
        "layers.0={kind='sum_pool2d',zzz=1}",
        "augmentation.zzz=1",
        "augmentation.elastic={zzz=1}",
        "sweep.zzz=1",
        "sweep.x={zzz=1}",
        "sweep.x.log={zzz=1}",
        "loss={kind='spike-count',zzz=1}",
        "loss={kind='first-spike',zzz=1}",
        "loss={kind='spike-time',zzz=1}",
        "loss={kind='count-softmax',zzz=1}",
        "optimiser={kind='sgd',zzz=1}",
        "optimiser={kind='adam',zzz=1}",
        "optimiser={kind='adamw',zzz=1}",
        "optimiser={kind='nadam',zzz=1}",
        "schedule={kind='step',zzz=1}",
        "schedule={kind='cosine',zzz=1}",
        "training.zzz=1",
    ] {
        match with(&[probe]).unwrap_err() {
            ConfigError::UnknownKey { known, .. } => {
                assert!(!known.is_empty(), "{probe}");
                for key in known {
                    let shared = ["tau_m", "tau_s", "t_max"].contains(&key);
                    assert!(
                        shared || explained(key),
                        "`{key}` ({probe}) is not explained"
                    );
                }
            }
            other => panic!("{probe}: {other:?}"),
        }
    }
}

#[test]
fn kind_may_stand_anywhere_in_other_formats() {
    let loss: LossConfig =
        serde_json::from_str(r#"{ "temperature": 2.0, "kind": "count-softmax" }"#).unwrap();
    assert!(matches!(loss, LossConfig::CountSoftmax(_)));
    let error = serde_json::from_str::<LossConfig>(r#"{ "temperature": 2.0 }"#).unwrap_err();
    assert!(error.to_string().contains("kind"), "{error}");
}
