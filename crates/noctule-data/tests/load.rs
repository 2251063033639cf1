//! Loading by name: small files, correct and wrong, and the real sets if this machine has them.

use std::fs;
use std::path::{Path, PathBuf};

use noctule_data::idx::FileError;
use noctule_data::{
    DatasetError, LoadError, Pixels, Split, Verdict, inspect, load, other_set, registry,
};

fn idx(magic: u32, dimensions: &[u32], values: &[u8]) -> Vec<u8> {
    let header = std::iter::once(&magic).chain(dimensions);
    header
        .flat_map(|number| number.to_be_bytes())
        .chain(values.iter().copied())
        .collect()
}

/// A data directory with the MNIST test files: `images` is their number and side, and these are the labels.
fn directory(images: (u32, u32), labels: &[u8]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a folder");
    let folder = directory.path().join("mnist");
    fs::create_dir(&folder).expect("a folder");
    let (count, side) = images;
    let pixels: Vec<u8> = (0..count * side * side).map(|i| i as u8).collect();
    let bytes = idx(2051, &[count, side, side], &pixels);
    fs::write(folder.join("t10k-images-idx3-ubyte"), bytes).expect("a file");
    let bytes = idx(2049, &[labels.len() as u32], labels);
    fs::write(folder.join("t10k-labels-idx1-ubyte.gz"), bytes).expect("a file");
    directory
}

fn load_test(directory: &Path) -> Result<noctule_data::Dataset, LoadError> {
    load("mnist", Split::Test, Some(directory), 0)
}

#[test]
fn files_load_packed_or_unpacked() {
    let directory = directory((3, 28), &[7, 2, 1]);
    let set = load_test(directory.path()).expect("a set");
    assert_eq!(
        (set.len(), set.shape().neurons(), set.classes()),
        (3, 784, 10)
    );
    assert_eq!(set.labels(), [7, 2, 1]);
    let Pixels::Bytes(pixels) = set.pixels().expect("images") else {
        panic!("pixels are bytes");
    };
    assert_eq!(pixels[785], (785 % 256) as u8);
}

#[test]
fn wrong_files_are_named() {
    let counts = directory((3, 28), &[7, 2]);
    let error = load_test(counts.path()).expect_err("a label too few");
    assert!(
        matches!(
            error,
            LoadError::Counts {
                images: 3,
                labels: 2,
                ..
            }
        ),
        "{error}"
    );

    let labels = directory((2, 28), &[7, 10]);
    let error = load_test(labels.path()).expect_err("no digit 10");
    assert!(
        matches!(
            error,
            LoadError::Dataset(DatasetError::Label { label: 10, .. })
        ),
        "{error}"
    );

    let size = directory((2, 27), &[7, 1]);
    let error = load_test(size.path()).expect_err("small images");
    assert!(
        matches!(
            error,
            LoadError::ImageSize {
                found_height: 27,
                ..
            }
        ),
        "{error}"
    );

    let cut = directory((2, 28), &[7, 1]);
    let path = cut.path().join("mnist/t10k-images-idx3-ubyte");
    let bytes = fs::read(&path).expect("the file");
    fs::write(&path, &bytes[..100]).expect("a file");
    let error = load_test(cut.path()).expect_err("a cut file");
    assert!(
        matches!(error, LoadError::File(FileError::Invalid { .. })),
        "{error}"
    );
    assert!(error.to_string().contains("t10k-images"), "{error}");
}

#[test]
fn missing_files_say_the_command_that_fetches_them() {
    let directory = tempfile::tempdir().expect("a folder");
    let message = load_test(directory.path())
        .expect_err("no files")
        .to_string();
    assert!(
        message.contains("noctule data fetch mnist --data-dir"),
        "{message}"
    );
    assert!(message.contains("t10k-images-idx3-ubyte.gz"), "{message}");
}

#[test]
fn missing_files_say_where_they_were_looked_for() {
    let message = |directory: &Path| load_test(directory).expect_err("no files").to_string();
    let directory = tempfile::tempdir().expect("a folder");
    let data = directory.path().display().to_string();
    let places = format!("in `{data}/mnist`, `{data}/MNIST/raw` or `{data}`; fetch");
    let found = message(directory.path());
    assert!(found.contains(&places), "{found}");

    // Files of the set that are there decide about the folder.
    let raw = directory.path().join("MNIST/raw");
    fs::create_dir_all(&raw).expect("a folder");
    fs::write(raw.join("train-labels-idx1-ubyte"), "").expect("a file");
    let found = message(directory.path());
    assert!(
        found.contains(&format!("in `{data}/MNIST/raw`; fetch")),
        "{found}"
    );

    // A folder of another set is not asked.
    let other = directory.path().join("fashion-mnist");
    fs::create_dir(&other).expect("a folder");
    let found = message(&other);
    assert!(found.contains("fashion-mnist/MNIST/raw`; fetch"), "{found}");
}

/// Writes one test sample with this label.
fn write_sample(folder: &Path, [images, labels]: [&str; 2], label: u8) {
    fs::create_dir_all(folder).expect("a folder");
    fs::write(folder.join(images), idx(2051, &[1, 28, 28], &[0; 784])).expect("a file");
    fs::write(folder.join(labels), idx(2049, &[1], &[label])).expect("a file");
}

const NAMES: [&str; 2] = ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

#[test]
fn files_are_found_under_several_names_and_in_several_places() {
    let dotted = NAMES.map(|name| name.replace("-idx", ".idx"));
    let dotted = [&dotted[0][..], &dotted[1]];
    let packed = ["t10k-images.idx3-ubyte.gz", "t10k-labels.idx1-ubyte.gz"];
    for (set, place, names) in [
        ("mnist", "mnist", dotted),
        ("mnist", "mnist", packed),
        ("mnist", "mnist", [NAMES[0], packed[1]]),
        ("mnist", "MNIST/raw", NAMES),
        ("mnist", "MNIST/raw", dotted),
        ("mnist", ".", NAMES),
        ("fashion-mnist", "FashionMNIST/raw", NAMES),
        ("fashion-mnist", ".", dotted),
        (
            "emnist-balanced",
            "EMNIST/raw",
            [
                "emnist-balanced-test-images-idx3-ubyte",
                "emnist-balanced-test-labels-idx1-ubyte",
            ],
        ),
    ] {
        let directory = tempfile::tempdir().expect("a folder");
        write_sample(&directory.path().join(place), names, 4);
        let found = load(set, Split::Test, Some(directory.path()), 0).expect(place);
        assert_eq!((found.name(), found.labels()), (set, &[4][..]), "{place}");
    }
    // The folder may also be named itself.
    let directory = tempfile::tempdir().expect("a folder");
    let raw = directory.path().join("MNIST/raw");
    write_sample(&raw, NAMES, 4);
    assert_eq!(load_test(&raw).expect("a set").labels(), [4]);
}

#[test]
fn the_own_folder_comes_first_then_that_of_torchvision() {
    let directory = tempfile::tempdir().expect("a folder");
    for (place, label) in [(".", 1), ("MNIST/raw", 2), ("mnist", 3)] {
        write_sample(&directory.path().join(place), NAMES, label);
        let found = load_test(directory.path()).expect(place);
        assert_eq!(found.labels(), [u32::from(label)], "{place}");
    }
    // Packed before plain, dashes before dots.
    let folder = directory.path().join("mnist");
    fs::write(
        folder.join("t10k-labels.idx1-ubyte.gz"),
        idx(2049, &[1], &[4]),
    )
    .expect("a file");
    assert_eq!(load_test(directory.path()).expect("a set").labels(), [3]);
    fs::write(
        folder.join("t10k-labels-idx1-ubyte.gz"),
        idx(2049, &[1], &[5]),
    )
    .expect("a file");
    assert_eq!(load_test(directory.path()).expect("a set").labels(), [5]);
    // A folder is never mixed with another, not even when a file is missing.
    fs::remove_file(folder.join(NAMES[0])).expect("the file");
    let error = load_test(directory.path()).expect_err("no images");
    assert!(matches!(error, LoadError::Missing { .. }), "{error}");
}

#[test]
fn unknown_names_and_parts_are_refused() {
    let error = load("cifar", Split::Train, None, 0).expect_err("an unknown set");
    assert!(
        error
            .to_string()
            .contains("fashion-mnist, mnist, spike-order"),
        "{error}"
    );
    let error = load("mnist", Split::Validation, None, 0).expect_err("no such part");
    assert!(
        matches!(
            error,
            LoadError::NoSplit {
                split: Split::Validation,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(
        load("yin-yang", Split::Validation, None, 0)
            .expect("points")
            .len(),
        1_000
    );
}

/// The data directory that has the real set, if there is one.
fn real_data(set: &str) -> Option<PathBuf> {
    let variable = std::env::var_os("NOCTULE_DATA").map(PathBuf::from);
    let found = variable.filter(|directory| directory.join(set).is_dir());
    if found.is_none() {
        println!("skipped: no {set} in $NOCTULE_DATA");
    }
    found
}

#[test]
fn real_mnist_is_the_official_one() {
    let Some(directory) = real_data("mnist") else {
        return;
    };
    let set = registry::find("mnist").expect("a known set");
    for file in set.files() {
        let verdict = inspect(&file, &set.folder(&directory)).expect("a readable file");
        assert!(
            matches!(verdict, Verdict::Official | Verdict::OfficialContents),
            "{}: {verdict:?}",
            file.name
        );
    }
    let train = load("mnist", Split::Train, Some(&directory), 0).expect("the set");
    let test = load("mnist", Split::Test, Some(&directory), 0).expect("the set");
    assert_eq!((train.len(), test.len()), (60_000, 10_000));
    assert_eq!(train.labels()[..5], [5, 0, 4, 1, 9]);
    assert_eq!(test.labels()[..5], [7, 2, 1, 0, 4]);
}

#[test]
fn real_fashion_mnist_loads() {
    let Some(directory) = real_data("fashion-mnist") else {
        return;
    };
    let train = load("fashion-mnist", Split::Train, Some(&directory), 0).expect("the set");
    let test = load("fashion-mnist", Split::Test, Some(&directory), 0).expect("the set");
    assert_eq!((train.len(), test.len()), (60_000, 10_000));
    for class in 0..10 {
        let count = |labels: &[u32]| labels.iter().filter(|&&label| label == class).count();
        assert_eq!(count(train.labels()) + count(test.labels()), 7_000);
    }
}

#[test]
fn real_mnist_under_the_name_of_fashion_mnist_is_noticed() {
    let Some(real) = real_data("mnist") else {
        return;
    };
    let directory = tempfile::tempdir().expect("a folder");
    let [mnist, fashion] =
        ["mnist", "fashion-mnist"].map(|name| registry::find(name).expect("a set"));
    let folder = fashion.folder(directory.path());
    fs::create_dir(&folder).expect("a folder");
    let labels = "t10k-labels-idx1-ubyte.gz";
    let bytes = fs::read(real.join("mnist").join(labels)).expect("the labels");
    fs::write(folder.join(labels), &bytes).expect("a file");
    assert_eq!(
        other_set(fashion, &folder).map(|set| set.name),
        Some("mnist")
    );
    assert_eq!(other_set(mnist, &folder), None);
    // It is read all the same: its owner put it there. Lying loose in the data directory it is not.
    assert_eq!(fashion.found_in(directory.path()), Some(folder.clone()));
    fs::remove_dir_all(&folder).expect("the folder");
    fs::write(directory.path().join(labels), bytes).expect("a file");
    assert_eq!(fashion.found_in(directory.path()), None);
    assert_eq!(
        mnist.found_in(directory.path()),
        Some(directory.path().into())
    );
    // Other labels belong to nobody: a split of one's own.
    if let Some(real) = real_data("fashion-mnist") {
        assert_eq!(other_set(fashion, &real.join("fashion-mnist")), None);
    }
}

#[test]
fn files_are_identified_by_their_contents() {
    let directory = directory((2, 28), &[7, 1]);
    let set = registry::find("mnist").expect("a known set");
    let verdicts: Vec<Verdict> = set
        .files()
        .iter()
        .map(|file| inspect(file, &set.folder(directory.path())).expect("readable"))
        .collect();
    use Verdict::{Different, Missing};
    assert_eq!(verdicts, [Missing, Missing, Different, Different]);
}
