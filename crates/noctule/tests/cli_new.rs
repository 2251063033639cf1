//! `noctule new`: experiment files that run as they are.

#[expect(dead_code, reason = "other tests need more of it")]
mod common;
#[expect(dead_code, reason = "files are only written here")]
mod npz;

use std::fs;

use common::Bench;
use npz::Array;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

const CHANNELS: usize = 30;
const CLASSES: usize = 3;

/// Events in microseconds, up to 0.1 s: each class has a time for every channel, which samples miss by up to 2 ms.
fn write_events(bench: &Bench, name: &str, samples: usize, seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let templates: Vec<f64> = (0..CLASSES * CHANNELS)
        .map(|_| random.random_range(5e3..95e3))
        .collect();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut times, mut units) = (Vec::<f64>::new(), Vec::<i64>::new());
    let (mut offsets, mut labels) = (vec![0i64], Vec::<i64>::new());
    for sample in 0..samples {
        let class = sample % CLASSES;
        let mut events: Vec<(f64, i64)> = (0..CHANNELS)
            .map(|channel| {
                let jitter = random.random_range(-2e3..2e3);
                (
                    templates[class * CHANNELS + channel] + jitter,
                    channel as i64,
                )
            })
            .collect();
        events.sort_by(|a, b| a.0.total_cmp(&b.0));
        times.extend(events.iter().map(|event| event.0));
        units.extend(events.iter().map(|event| event.1));
        offsets.push(times.len() as i64);
        labels.push(class as i64);
    }
    let arrays = [
        Array::new("times", &[times.len()], times),
        Array::new("units", &[units.len()], units),
        Array::new("offsets", &[offsets.len()], offsets),
        Array::new("labels", &[labels.len()], labels),
    ];
    npz::write(&bench.path(name), &arrays);
}

fn accuracy(bench: &Bench, words: &[&str]) -> f64 {
    let json: Value = serde_json::from_str(&bench.succeed(words)).unwrap();
    json["accuracy"].as_f64().unwrap()
}

fn text(bench: &Bench, file: &str) -> String {
    String::from_utf8(bench.read(file)).unwrap()
}

#[test]
fn without_data_it_is_yin_yang() {
    let bench = Bench::new();
    let said = bench.succeed(&["new", "my first.toml"]);
    assert!(said.contains("noctule train 'my first.toml'"), "{said}");
    let file = text(&bench, "my first.toml");
    assert!(
        file.contains("#     noctule train 'my first.toml'"),
        "{file}"
    );
    assert!(file.contains("name = \"my-first\""), "{file}");
    bench.succeed(&["train", "my first.toml", "--epochs", "4", "--out", "run"]);
    let reached = accuracy(&bench, &["eval", "run", "--json"]);
    assert!(reached > 0.8, "{reached}");
}

#[test]
fn events_are_trained_on_as_the_file_stands() {
    let bench = Bench::new();
    fs::create_dir(bench.path("data")).unwrap();
    fs::create_dir(bench.path("experiments")).unwrap();
    write_events(&bench, "data/gestures-train.npz", 300, 1);
    write_events(&bench, "data/gestures-test.npz", 90, 2);
    let file = "experiments/gestures.toml";
    bench.succeed(&["new", file, "--from", "data/gestures-train.npz"]);
    let written = text(&bench, file);
    for line in [
        "train = \"../data/gestures-train.npz\"",
        "test = \"../data/gestures-test.npz\"",
        "time_unit = 1e-6",
        "population = 30",
        "neurons = 3",
        "batch_size = 15",
    ] {
        assert!(written.contains(line), "{line} is not in\n{written}");
    }
    bench.succeed(&["train", file, "--out", "run"]);
    let reached = accuracy(&bench, &["eval", "run", "--json"]);
    assert!(reached > 0.95, "{reached}");
}

#[test]
fn images_are_trained_on_as_the_file_stands() {
    let bench = Bench::new();
    let samples = 60;
    let bright = |sample: usize, pixel: usize| u8::from(pixel / 8 == sample % 4) * 200;
    let images: Vec<u8> = (0..samples * 64)
        .map(|at| bright(at / 64, at % 64))
        .collect();
    let labels: Vec<i64> = (0..samples as i64).map(|sample| sample % 4).collect();
    let arrays = [
        Array::new("images", &[samples, 8, 8], images),
        Array::new("labels", &[samples], labels),
    ];
    npz::write(&bench.path("bars.npz"), &arrays);
    npz::write(&bench.path("more.npz"), &arrays);
    bench.succeed(&[
        "new",
        "bars.toml",
        "--from",
        "bars.npz",
        "--test",
        "more.npz",
    ]);
    let written = text(&bench, "bars.toml");
    assert!(
        written.contains("8 x 8 x 1") && written.contains("test = \"more.npz\""),
        "{written}"
    );
    bench.succeed(&["train", "bars.toml", "--out", "run"]);
    let reached = accuracy(&bench, &["eval", "run", "--json"]);
    assert!(reached > 0.9, "{reached}");
}

#[test]
fn without_test_samples_it_says_so() {
    let bench = Bench::new();
    write_events(&bench, "gestures.npz", 60, 1);
    let output = bench.run(&["new", "gestures.toml", "--from", "gestures.npz"]);
    assert_eq!(output.status.code(), Some(0));
    let note = String::from_utf8(output.stderr).unwrap();
    assert!(
        note.contains("no file of test samples") && note.contains("data.test"),
        "{note}"
    );
    let written = text(&bench, "gestures.toml");
    assert!(written.contains("the training samples again"), "{written}");
    bench.succeed(&["train", "gestures.toml", "--epochs", "1", "--out", "run"]);
}

#[test]
fn experiments_that_cannot_be_begun() {
    let bench = Bench::new();
    write_events(&bench, "train.npz", 6, 1);
    fs::write(bench.path("mine.toml"), "precious").unwrap();
    fs::write(bench.path("text.npz"), "nonsense").unwrap();
    let images = Array::new("images", &[2, 1, 1], vec![0u8; 2]);
    npz::write(&bench.path("unlabelled.npz"), &[images]);
    let from = |data: &'static str| ["new", "new.toml", "--from", data];
    for (words, parts) in [
        (
            ["new", "mine.toml"].as_slice(),
            ["`mine.toml` is there already", "another name"],
        ),
        (&["new", "mine"], ["`.toml`", "`mine`"]),
        (
            &["new", "nowhere/mine.toml"],
            ["no folder `nowhere`", "create it"],
        ),
        (&from("missing.npz"), ["--from", "missing.npz"]),
        (&from("text.npz"), ["--from", "text.npz"]),
        (&from("unlabelled.npz"), ["unlabelled.npz", "`labels`"]),
        (
            &[
                "new",
                "new.toml",
                "--from",
                "train.npz",
                "--test",
                "none.npz",
            ],
            ["--test", "none.npz"],
        ),
        (
            &["new", "new.toml", "--test", "train.npz"],
            ["--test", "--from"],
        ),
    ] {
        bench.refuse(words, &parts);
    }
}

#[test]
fn names_of_folders_stay_as_they_are() {
    let bench = Bench::new();
    fs::create_dir(bench.path("SPEECH_COMMANDS")).unwrap();
    write_events(&bench, "SPEECH_COMMANDS/train.npz", 60, 1);
    write_events(&bench, "SPEECH_COMMANDS/test.npz", 60, 2);
    bench.succeed(&["new", "COMMAND.toml", "--from", "SPEECH_COMMANDS/train.npz"]);
    assert!(text(&bench, "COMMAND.toml").contains("\"SPEECH_COMMANDS/train.npz\""));
    bench.succeed(&["train", "COMMAND.toml", "--epochs", "1"]);
}

#[test]
fn a_file_of_a_few_samples_gives_an_experiment_that_runs() {
    let bench = Bench::new();
    write_events(&bench, "train.npz", 2, 1);
    bench.succeed(&["new", "few.toml", "--from", "train.npz"]);
    bench.succeed(&["train", "few.toml", "--epochs", "1"]);
}
