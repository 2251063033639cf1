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
