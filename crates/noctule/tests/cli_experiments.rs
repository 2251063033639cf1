//! Experiment files that the command prints and writes, and what it says of itself.

#[expect(dead_code, reason = "other tests need more of it")]
mod common;

use std::fs;

use common::{Bench, names};
use noctule::train::{Config, ConfigTable};

#[test]
fn a_preset_is_shown_as_a_file_that_runs() {
    let bench = Bench::new();
    for name in ["yinyang", "mnist-count"] {
        let text = bench.succeed(&["show", name]);
        assert_eq!(Some(text.as_str()), Config::preset_text(name));
    }
    fs::write(bench.path("mine.toml"), bench.succeed(&["show", "yinyang"])).unwrap();
    let small = ["--set", "layers.0.neurons=20", "--epochs", "1"];
    bench.succeed(&[&["train", "mine.toml", "--out", "run"], &small[..]].concat());
    bench.succeed(&[&["train", "yinyang", "--out", "same"], &small[..]].concat());
    assert_eq!(
        bench.read("run/last.safetensors"),
        bench.read("same/last.safetensors")
    );

    let config = String::from_utf8(bench.read("run/config.toml")).unwrap();
    assert_eq!(bench.succeed(&["show", "run"]), config);
    let file = bench.succeed(&["show", "mine.toml"]);
    assert_eq!(Some(file.as_str()), Config::preset_text("yinyang"));
}

#[test]
fn a_resolved_experiment_has_every_default() {
    let bench = Bench::new();
    let text = bench.succeed(&["show", "yinyang", "--resolved"]);
    assert!(
        text.contains("\nvalidation = 0") && !text.contains('#'),
        "{text}"
    );
    let config = ConfigTable::from_toml_str(&text, "shown").and_then(ConfigTable::resolve);
    assert_eq!(config.unwrap(), Config::preset("yinyang").unwrap());
    let text = bench.succeed(&["show", "yinyang", "--resolved", "--set", "seed=7"]);
    assert!(text.contains("seed = 7"), "{text}");
}

#[test]
fn presets_are_listed() {
    let list = Bench::new().succeed(&["show"]);
    for name in Config::preset_names() {
        assert!(
            list.lines()
                .any(|line| line.starts_with(&format!("{name} "))),
            "{list}"
        );
    }
}

#[test]
fn experiments_that_cannot_be_shown() {
    let bench = Bench::new();
    bench.refuse(
        &["show", "yin-yang"],
        &["yin-yang", "did you mean `yinyang`?"],
    );
    bench.refuse(&["show", "missing.toml"], &["missing.toml"]);
    bench.refuse(
        &["show", "yinyang", "--resolved", "--set", "sede=1"],
        &["sede", "seed"],
    );
    bench.refuse(&["show", "yinyang", "--set", "seed=1"], &["--resolved"]);
    fs::create_dir(bench.path("empty")).unwrap();
    bench.refuse(&["show", "empty"], &["empty", "config.toml"]);
}

#[test]
fn completions_know_the_commands() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = bench.succeed(&["completions", shell]);
        for word in ["noctule", "predict", "confusion", "data-dir"] {
            assert!(script.contains(word), "{shell} lacks {word}");
        }
    }
    bench.refuse(&["completions", "tcsh"], &["tcsh", "bash"]);
}

#[test]
fn manual_pages_are_printed_and_written() {
    let bench = Bench::new();
    let page = bench.succeed(&["man"]);
    assert!(
        page.contains(".TH noctule 1") && page.contains("noctule\\-train(1)"),
        "{page}"
    );
    assert!(bench.succeed(&["man", "--out", "pages"]).contains("pages"));
    let pages = names(&bench.path("pages"));
    for page in [
        "noctule.1",
        "noctule-train.1",
        "noctule-data-fetch.1",
        "noctule-predict.1",
    ] {
        assert!(pages.iter().any(|name| name == page), "{pages:?}");
    }
    let train = String::from_utf8(bench.read("pages/noctule-train.1")).unwrap();
    assert!(
        train.contains("mnist\\-count") && train.contains("\\-\\-resume"),
        "{train}"
    );
    fs::write(bench.path("file"), "x").unwrap();
    bench.refuse(&["man", "--out", "file/pages"], &["--out", "file/pages"]);
}

/// What an experiment leaves to the data is in the run's file as numbers, which give the same run.
#[test]
fn a_natural_experiment_is_written_out_with_numbers() {
    let bench = Bench::new();
    let preset = Config::preset_text("yinyang").unwrap();
    let left_out = [
        "init",
        "learning_rate",
        "silent_boost",
        "temperature",
        "[schedule]",
    ];
    let is_left_out = |line: &&str| left_out.iter().any(|key| line.starts_with(key));
    let natural: Vec<&str> = preset.lines().filter(|line| !is_left_out(line)).collect();
    let natural = natural.join("\n").replace("kind = \"cosine\"", "");
    fs::write(bench.path("natural.toml"), natural).unwrap();
    let small = ["--set", "layers.0.neurons=20", "--epochs", "1"];
    bench.succeed(&[&["train", "natural.toml", "--out", "run"], &small[..]].concat());
    let config = String::from_utf8(bench.read("run/config.toml")).unwrap();
    for part in [
        "kind = \"normal\"",
        "learning_rate = ",
        "silent_boost = ",
        "temperature = ",
    ] {
        assert!(config.contains(part), "{part} is not in {config}");
    }
    bench.succeed(&["train", "run/config.toml", "--out", "again"]);
    assert_eq!(
        bench.read("run/last.safetensors"),
        bench.read("again/last.safetensors")
    );
    // A threshold that varies finds the weights for each of its values.
    let axes = [
        "sweep={repeats=1,x={key='layers.0.theta',from=1,to=2,step=1},y={key='seed',from=0,to=1,step=1}}",
    ];
    let words = ["sweep", "natural.toml", "--out", "sweep", "--set", axes[0]];
    bench.succeed(&[&words[..], &small[..2], &["--set", "training.epochs=1"]].concat());
}

/// A layer that is silent is told once while training, and by `eval`.
#[test]
fn silent_layers_are_told() {
    let bench = Bench::new();
    let words = ["train", "yinyang", "--out", "run", "--epochs", "2"];
    let few = [
        "--set",
        "layers.0.neurons=20",
        "--set",
        "layers.1.silent_boost=0",
    ];
    let dead = ["--set", "layers.1.theta=50"];
    let output = bench.run(&[&words[..], &few, &dead].concat());
    assert!(output.status.success());
    let (said, warned) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert_eq!(
        warned.matches("warning: layer 1 is silent").count(),
        1,
        "{warned}"
    );
    assert!(warned.contains("`theta`"), "{warned}");
    assert!(said.contains("layer 1 hardly spikes"), "{said}");
    let output = bench.run(&["eval", "run", "--json"]);
    let warned = String::from_utf8(output.stderr).unwrap();
    assert!(warned.contains("warning: layer 1 is silent"), "{warned}");
    assert!(serde_json::from_slice::<serde_json::Value>(&output.stdout).is_ok());
}
