//! What is refused, and what the message says.

use super::*;

/// The message about an experiment that is valid as a file, but does not fit its data.
fn refused(bench: &Bench, files: &str, overrides: &[&str]) -> String {
    match trainer(bench.config(files, overrides)) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{overrides:?} was accepted"),
    }
}

fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "should say `{part}`: {message}");
    }
}

#[test]
fn keys_that_do_not_fit_the_set() {
    let bench = Bench::new();
    let only_train = "train = 'train.npz'";
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("", &[], &["data.train", "missing", "training samples"]),
        (only_train, &[], &["data.test", "missing", "test samples"]),
        (NPZ, &["data.train="], &["data.train", "empty"]),
        (
            NPZ,
            &["data.set=mnist"],
            &["data.train", "left out", "`events`"],
        ),
        (
            "time_unit = 1",
            &["data.set=mnist"],
            &["data.time_unit", "left out"],
        ),
        (NPZ, &["data.set=images"], &["data.time_unit", "`events`"]),
        (
            NPZ,
            &["data.time_unit=0"],
            &["data.time_unit", "0", "greater than 0"],
        ),
        (NPZ, &["data.time_unit=-1"], &["data.time_unit", "-1"]),
        (NPZ, &["data.population=0"], &["data.population", "from 1"]),
        (NPZ, &["data.samples=0"], &["data.samples", "from 1"]),
        (
            NPZ,
            &["data.validation=-0.5"],
            &["data.validation", "-0.5", "share"],
        ),
        (
            NPZ,
            &["data.validation=1.5"],
            &["data.validation", "1.5", "share"],
        ),
        (
            NPZ,
            &["data.validation=-3"],
            &["data.validation", "-3", "whole number"],
        ),
        (NPZ, &["data.validation=nan"], &["data.validation", "NaN"]),
        (
            NPZ,
            &["encoder.latest=0.2"],
            &["encoder", "left out", "as they are"],
        ),
        (
            NPZ,
            &["augmentation.shift=1"],
            &["augmentation", "no images"],
        ),
        (
            NPZ,
            &["data.file=x"],
            &["data.file", "`train`", "`time_unit`", "`samples`"],
        ),
    ];
    for (files, overrides, parts) in cases {
        let error = bench.table(files, overrides).resolve().unwrap_err();
        assert_says(&error.to_string(), parts);
    }
}

#[test]
fn files_that_do_not_fit_the_network_or_each_other() {
    let bench = Bench::new();
    write_images(&bench.path().join("small.npz"), 9, 1);
    let path = bench.path().display().to_string();
    let images = "train = 'small.npz'\ntest = 'small.npz'";
    let conv = "layers.0={kind='conv2d', filters=4, window=3, theta=1, max_spikes=10, init={kind='normal', mean=20, std=40}}";
    let cases: &[(&str, &[&str], &[&str])] = &[
        (
            NPZ,
            &["layers.1.neurons=2"],
            &[
                "data.train",
                &path,
                "train.npz",
                "sample 2",
                "label 2",
                "layers.1",
                "2 neurons",
            ],
        ),
        (
            NPZ,
            &["data.population=49"],
            &[
                "data.train",
                "train.npz",
                "unit 49",
                "population of 49",
                "data.population",
            ],
        ),
        (
            NPZ,
            &["data.train=nothing.npz"],
            &["data.train", "nothing.npz", "cannot read"],
        ),
        (
            "train = 'train.npz'\ntest = 'gone/test.npz'",
            &[],
            &["data.test", &path, "gone/test.npz"],
        ),
        (NPZ, &["data.samples=301"], &["data.samples", "301", "300"]),
        (NPZ, &["data.validation=300"], &["data.validation", "300"]),
        (NPZ, &[conv], &["layers.0", "dense"]),
        (
            images,
            &[],
            &["data.train", "small.npz", "images", "data.set"],
        ),
        (
            "train = 'train.npz'\ntest = 'test.npz'",
            &["data.set=images"],
            &["data.train", "events", "data.set"],
        ),
    ];
    for (files, overrides, parts) in cases {
        assert_says(&refused(&bench, files, overrides), parts);
    }
}

/// The population of the training file counts: the test samples must not decide about the network.
#[test]
fn a_test_unit_that_training_never_saw() {
    let bench = Bench::new();
    let few = "train = 'few.npz'\ntest = 'test.npz'\ntime_unit = 1e-6";
    npz::write_few_events(&bench.path().join("few.npz"));
    let message = refused(&bench, few, &[]);
    assert_says(
        &message,
        &[
            "data.test",
            "test.npz",
            "sample 0",
            "population of 3",
            "data.population",
        ],
    );
    assert!(trainer(bench.config(few, &["data.population=50"])).is_ok());
}

#[test]
fn images_of_two_sizes() {
    let bench = Bench::new();
    write_images(&bench.path().join("train.npz"), 9, 1);
    npz::write_small_image(&bench.path().join("test.npz"));
    let files = "train = 'train.npz'\ntest = 'test.npz'";
    let message = refused(&bench, files, &["data.set=images"]);
    assert_says(
        &message,
        &[
            "data.test",
            "test.npz",
            "2 x 3 x 1",
            "8 x 8 x 1",
            "data.train",
        ],
    );
}
