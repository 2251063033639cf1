//! EMNIST and Fashion-MNIST, loaded from small files in the real formats.

use std::fs;
use std::path::Path;

use noctule_data::mat5::Mat5Error;
use noctule_data::{Dataset, DatasetError, LoadError, Pixels, Split, load};

mod support;

use support::{Mat, Value, gzip, idx};

const SIZE: usize = 28 * 28;
const LABELS: [u8; 4] = [46, 0, 10, 35];

/// Upright images, all different and none symmetric.
fn upright() -> Vec<u8> {
    (0..LABELS.len() * SIZE)
        .map(|i| (i % 28 * 3 + i / 28 % 28 * 7 + i / SIZE * 50) as u8)
        .collect()
}

/// The images as EMNIST stores them: column by column.
fn stored() -> Vec<u8> {
    let upright = upright();
    let pixel = |i: usize| upright[i / SIZE * SIZE + i % 28 * 28 + i / 28 % 28];
    (0..upright.len()).map(pixel).collect()
}

fn folder(directory: &Path, set: &str) -> std::path::PathBuf {
    let folder = directory.join(set);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// Writes one part as IDX files: packed images, unpacked labels.
fn write_idx(directory: &Path, part: &str) {
    let folder = folder(directory, "emnist-balanced");
    let images = gzip(&idx(2051, &[4, 28, 28], &stored()));
    let name = format!("emnist-balanced-{part}-images-idx3-ubyte.gz");
    fs::write(folder.join(name), images).expect("a file");
    let name = format!("emnist-balanced-{part}-labels-idx1-ubyte");
    fs::write(folder.join(name), idx(2049, &[4], &LABELS)).expect("a file");
}

/// A matrix in MATLAB's order with a row per image.
fn image_matrix() -> Value {
    let stored = stored();
    let count = LABELS.len();
    let value = |i: usize| stored[i % count * SIZE + i / count];
    let values = (0..stored.len()).map(value).collect();
    Value::Bytes([count as i32, SIZE as i32], values)
}

fn label_column() -> Value {
    Value::Doubles([4, 1], LABELS.map(f64::from).to_vec())
}

/// The variables of a file whose parts `train` and `test` both have these fields.
fn matlab(parts: impl Fn() -> Vec<(&'static str, Value)>) -> Vec<(&'static str, Value)> {
    let mapping = Value::Doubles([2, 2], vec![0.0, 1.0, 48.0, 49.0]);
    let dataset = Value::Fields(vec![
        ("train", Value::Fields(parts())),
        ("test", Value::Fields(parts())),
        ("mapping", mapping),
    ]);
    vec![("dataset", dataset)]
}

fn good_parts() -> Vec<(&'static str, Value)> {
    vec![
        ("images", image_matrix()),
        ("labels", label_column()),
        (
            "writers",
            Value::Doubles([4, 1], vec![1.0, 2.0, 3.0, 4099.0]),
        ),
    ]
}

fn write_matlab(directory: &Path, mat: Mat, variables: &[(&str, Value)]) {
    let path = folder(directory, "emnist-balanced").join("emnist-balanced.mat");
    fs::write(path, mat.file(variables)).expect("a file");
}

fn load_emnist(directory: &Path, split: Split) -> Result<Dataset, LoadError> {
    load("emnist-balanced", split, Some(directory), 0)
}

fn expected() -> Dataset {
    let labels = LABELS.map(u32::from).to_vec();
    let set = noctule_data::registry::find("emnist-balanced").expect("a known set");
    let inputs = Pixels::Bytes(upright().into());
    Dataset::new("emnist-balanced", set.shape, 47, inputs, labels).expect("a data set")
}

const PACKED: Mat = Mat {
    big: false,
    packed: true,
};

#[test]
fn idx_and_matlab_files_hold_the_same_upright_images() {
    let by_idx = tempfile::tempdir().expect("a folder");
    write_idx(by_idx.path(), "train");
    write_idx(by_idx.path(), "test");
    for split in [Split::Train, Split::Test] {
        let loaded = load_emnist(by_idx.path(), split).expect("the set");
        assert_eq!(loaded, expected());
        for (big, packed) in [(false, true), (true, true), (false, false)] {
            let by_matlab = tempfile::tempdir().expect("a folder");
            write_matlab(by_matlab.path(), Mat { big, packed }, &matlab(good_parts));
            let loaded = load_emnist(by_matlab.path(), split).expect("the set");
            assert_eq!(loaded, expected());
        }
    }
}

#[test]
fn idx_files_are_preferred_and_must_be_complete() {
    let directory = tempfile::tempdir().expect("a folder");
    let mislabelled = || vec![("images", image_matrix()), ("labels", label_column())];
    write_matlab(directory.path(), PACKED, &matlab(mislabelled));
    write_idx(directory.path(), "train");
    let folder = folder(directory.path(), "emnist-balanced");
    let labels = folder.join("emnist-balanced-train-labels-idx1-ubyte");
    fs::write(&labels, idx(2049, &[4], &[1, 2, 3, 4])).expect("a file");
    let train = load_emnist(directory.path(), Split::Train).expect("the IDX files");
    assert_eq!(train.labels(), [1, 2, 3, 4]);
    let test = load_emnist(directory.path(), Split::Test).expect("the MATLAB file");
    assert_eq!(test, expected());

    fs::remove_file(labels).expect("the file");
    let error = load_emnist(directory.path(), Split::Train).expect_err("no labels");
    assert!(matches!(error, LoadError::Missing { .. }), "{error}");
}

#[test]
fn missing_files_say_the_command_that_fetches_them() {
    let directory = tempfile::tempdir().expect("a folder");
    let error = load_emnist(directory.path(), Split::Test).expect_err("no files");
    let message = error.to_string();
    assert!(
        message.contains("noctule data fetch emnist-balanced --data-dir"),
        "{message}"
    );
    assert!(
        message.contains("emnist-balanced-test-images-idx3-ubyte.gz"),
        "{message}"
    );
    let error = load_emnist(directory.path(), Split::Validation).expect_err("no such part");
    assert!(matches!(error, LoadError::NoSplit { .. }), "{error}");
}

/// The error of loading a MATLAB file with these fields in each part.
fn refused(parts: impl Fn() -> Vec<(&'static str, Value)>) -> LoadError {
    let directory = tempfile::tempdir().expect("a folder");
    write_matlab(directory.path(), PACKED, &matlab(parts));
    let error = load_emnist(directory.path(), Split::Train).expect_err("a bad file");
    let named = error.to_string().contains("emnist-balanced.mat");
    assert!(named || matches!(error, LoadError::Dataset(_)), "{error}");
    error
}

#[test]
fn wrong_matlab_files_are_named() {
    let absent = refused(|| vec![("images", image_matrix())]);
    assert!(
        matches!(&absent, LoadError::Matlab { cause: Mat5Error::Absent { name, .. }, .. } if name == "labels"),
        "{absent}"
    );
    let class = refused(|| {
        let images = Value::Doubles([4, SIZE as i32], vec![0.0; 4 * SIZE]);
        vec![("images", images), ("labels", label_column())]
    });
    assert!(
        matches!(
            class,
            LoadError::Matlab {
                cause: Mat5Error::WrongClass { .. },
                ..
            }
        ),
        "{class}"
    );
    for dimensions in [[4, 783], [SIZE as i32, 4], [4 * SIZE as i32, 1]] {
        let shape = refused(|| {
            let count = dimensions[0] * dimensions[1];
            let images = Value::Bytes(dimensions, vec![0; count as usize]);
            vec![("images", images), ("labels", label_column())]
        });
        assert!(
            matches!(
                shape,
                LoadError::Matlab {
                    cause: Mat5Error::Dimensions { .. },
                    ..
                }
            ),
            "{shape}"
        );
    }
    let labels = |values: Vec<f64>| {
        refused(move || {
            let labels = Value::Doubles([values.len() as i32, 1], values.clone());
            vec![("images", image_matrix()), ("labels", labels)]
        })
    };
    let few = labels(vec![1.0, 2.0, 3.0]);
    let counts = matches!(
        few,
        LoadError::Counts {
            images: 4,
            labels: 3,
            ..
        }
    );
    assert!(counts, "{few}");
    for value in [0.5, -1.0, 4_294_967_296.0, f64::NAN] {
        let error = labels(vec![1.0, value, 2.0, 3.0]);
        assert!(
            matches!(
                error,
                LoadError::Matlab {
                    cause: Mat5Error::NotWhole { .. },
                    ..
                }
            ),
            "{error}"
        );
    }
    let range = labels(vec![1.0, 47.0, 2.0, 3.0]);
    assert!(
        matches!(
            range,
            LoadError::Dataset(DatasetError::Label { label: 47, .. })
        ),
        "{range}"
    );
    let empty = refused(|| {
        let images = Value::Bytes([0, SIZE as i32], vec![]);
        let labels = Value::Doubles([0, 1], vec![]);
        vec![("images", images), ("labels", labels)]
    });
    assert!(
        matches!(empty, LoadError::Dataset(DatasetError::Empty { .. })),
        "{empty}"
    );
}

#[test]
fn fashion_mnist_is_not_transposed() {
    let directory = tempfile::tempdir().expect("a folder");
    let folder = folder(directory.path(), "fashion-mnist");
    let images = gzip(&idx(2051, &[4, 28, 28], &upright()));
    fs::write(folder.join("t10k-images-idx3-ubyte.gz"), images).expect("a file");
    let labels = gzip(&idx(2049, &[4], &[9, 2, 1, 1]));
    fs::write(folder.join("t10k-labels-idx1-ubyte.gz"), labels).expect("a file");
    let set = load("fashion-mnist", Split::Test, Some(directory.path()), 0).expect("the set");
    assert_eq!((set.name(), set.classes()), ("fashion-mnist", 10));
    assert_eq!(set.labels(), [9, 2, 1, 1]);
    assert_eq!(
        set.pixels().expect("images"),
        &Pixels::Bytes(upright().into())
    );
}
