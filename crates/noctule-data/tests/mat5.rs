//! The MATLAB reader: good files of every kind, every kind of bad file, and arbitrary bytes.

use noctule_data::mat5::{LIMIT, Mat5Error, MatFile};
use proptest::prelude::*;

mod support;

use support::{Mat, Value};

const PLAIN: Mat = Mat {
    big: false,
    packed: false,
};
const PACKED: Mat = Mat {
    big: false,
    packed: true,
};

fn kinds() -> impl Iterator<Item = Mat> {
    let orders = [false, true].into_iter();
    orders.flat_map(|big| [false, true].map(|packed| Mat { big, packed }))
}

/// Variables like those of EMNIST, after another variable.
fn variables() -> Vec<(&'static str, Value)> {
    let part = Value::Fields(vec![
        ("images", Value::Bytes([2, 3], vec![1, 2, 3, 4, 5, 255])),
        ("labels", Value::Doubles([2, 1], vec![46.0, 0.0])),
        ("writers", Value::Doubles([2, 1], vec![4001.0, -0.5])),
    ]);
    vec![
        ("before", Value::Doubles([1, 1], vec![7.0])),
        ("dataset", Value::Fields(vec![("train", part)])),
    ]
}

#[test]
fn structures_and_numbers_are_read_in_either_order_packed_or_not() {
    for mat in kinds() {
        let file = MatFile::parse(&mat.file(&variables())).expect("a file");
        let train = file.variable("dataset").and_then(|set| set.field("train"));
        let train = train.expect("a structure");
        let images = train.field("images").expect("images");
        assert_eq!(
            (images.name(), images.dimensions()),
            ("images", &[2, 3][..])
        );
        assert_eq!(images.bytes(), Ok(&[1, 2, 3, 4, 5, 255][..]));
        let numbers = |name| train.field(name).and_then(|array| array.numbers());
        assert_eq!(numbers("images").map(|n| n.len()), Ok(6));
        assert_eq!(numbers("labels"), Ok(vec![46.0, 0.0]));
        assert_eq!(numbers("writers"), Ok(vec![4001.0, -0.5]));
        let before = file.variable("before").and_then(|array| array.numbers());
        assert_eq!(before, Ok(vec![7.0]));
    }
}

#[test]
fn every_storage_type_of_numbers_is_read() {
    let stored: [(u32, Vec<u8>, f64); 10] = [
        (1, (-2_i8).to_le_bytes().into(), -2.0),
        (2, 200_u8.to_le_bytes().into(), 200.0),
        (3, (-300_i16).to_le_bytes().into(), -300.0),
        (4, 60_000_u16.to_le_bytes().into(), 60_000.0),
        (5, (-70_000_i32).to_le_bytes().into(), -70_000.0),
        (6, 4_000_000_000_u32.to_le_bytes().into(), 4e9),
        (7, 0.25_f32.to_le_bytes().into(), 0.25),
        (9, 0.1_f64.to_le_bytes().into(), 0.1),
        (12, (-5_i64).to_le_bytes().into(), -5.0),
        (13, 6_u64.to_le_bytes().into(), 6.0),
    ];
    for (kind, bytes, expected) in stored {
        let mut body = PLAIN.element(6, &PLAIN.words(&[6, 0]));
        body.extend(PLAIN.element(5, &PLAIN.words(&[1, 1])));
        body.extend(PLAIN.element(1, b"x"));
        body.extend(PLAIN.element(kind, &bytes));
        let matrix = [PLAIN.words(&[14, body.len() as u32]), body].concat();
        let file = MatFile::parse(&PLAIN.file_of([matrix])).expect("a file");
        let numbers = file.variable("x").and_then(|array| array.numbers());
        assert_eq!(numbers, Ok(vec![expected]), "type {kind}");
    }
}

#[test]
fn errors_about_absent_names_list_the_existing_ones() {
    let file = MatFile::parse(&PACKED.file(&variables())).expect("a file");
    let error = file.variable("data").expect_err("no such variable");
    assert!(
        error.to_string().contains("[\"before\", \"dataset\"]"),
        "{error}"
    );
    let set = file.variable("dataset").expect("a structure");
    let error = set.field("test").expect_err("no such field");
    let Mat5Error::Absent { parent, known, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(
        (parent.as_str(), &known[..]),
        ("\"dataset\"", &["train".to_owned()][..])
    );
}

#[test]
fn wrong_classes_and_dimensions_are_named() {
    let bytes = |dimensions, count| Value::Bytes(dimensions, vec![0; count]);
    let file = PLAIN.file(&[
        ("ragged", bytes([2, 3], 5)),
        ("huge", bytes([i32::MAX, i32::MAX], 5)),
        ("numbers", Value::Doubles([1, 1], vec![0.0])),
        ("fields", Value::Fields(vec![])),
    ]);
    let file = MatFile::parse(&file).expect("a file");
    let variable = |name| file.variable(name).expect("a variable");
    for name in ["ragged", "huge"] {
        let error = variable(name).bytes().expect_err("wrong dimensions");
        assert!(matches!(error, Mat5Error::Dimensions { .. }), "{error}");
        assert_eq!(variable(name).numbers().expect_err("the same"), error);
    }
    let errors = [
        variable("numbers").bytes().err(),
        variable("fields").bytes().err(),
        variable("fields").numbers().err(),
        variable("numbers").field("x").err(),
    ];
    for error in errors {
        let error = error.expect("a wrong class");
        assert!(matches!(error, Mat5Error::WrongClass { .. }), "{error}");
    }
    assert!(variable("fields").field("x").is_err());
}

#[test]
fn other_files_are_refused() {
    let good = PLAIN.file(&variables());
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        MatFile::parse(&bytes).expect_err("a bad header")
    };
    assert_eq!(changed(127, b'X'), Mat5Error::WrongMagic { found: *b"IX" });
    let version = changed(125, 2);
    assert_eq!(version, Mat5Error::WrongVersion { found: 0x0200 });
    assert!(version.to_string().contains("-v7"), "{version}");
}

#[test]
fn a_truncated_file_is_never_accepted() {
    for mat in kinds() {
        let whole = mat.file(&variables());
        let first = mat.file(&variables()[..1]).len();
        for length in 1..whole.len() {
            // A file may end after its header or any variable.
            if length == 128 || length == first {
                continue;
            }
            let error = MatFile::parse(&whole[..length]).expect_err("a cut file");
            assert!(
                matches!(
                    error,
                    Mat5Error::Truncated { .. } | Mat5Error::CorruptZlib { .. }
                ),
                "{length}: {error}"
            );
        }
    }
}

#[test]
fn a_changed_byte_in_a_packed_variable_is_noticed() {
    let whole = PACKED.file(&variables());
    for at in 136..PACKED.file(&variables()[..1]).len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        assert!(MatFile::parse(&bytes).is_err(), "byte {at}");
    }
}

#[test]
fn stated_sizes_allocate_nothing() {
    for (kind, length) in [(14, u32::MAX), (14, LIMIT as u32 + 1)] {
        let bytes = PLAIN.file_of([PLAIN.words(&[kind, length])]);
        let error = MatFile::parse(&bytes).expect_err("too large");
        assert_eq!(
            error,
            Mat5Error::TooLarge {
                announced: length.into()
            }
        );
    }
    let short = PLAIN.file_of([PLAIN.words(&[14, LIMIT as u32])]);
    let error = MatFile::parse(&short).expect_err("a truncated file");
    assert!(
        matches!(error, Mat5Error::Truncated { found: 0, .. }),
        "{error}"
    );
    let bomb = PACKED.file_of([[PLAIN.words(&[14, u32::MAX]), vec![0; 1 << 20]].concat()]);
    let error = MatFile::parse(&bomb).expect_err("too large");
    assert!(matches!(error, Mat5Error::TooLarge { .. }), "{error}");
}

#[test]
fn a_packed_variable_must_be_one_variable() {
    let two = [PLAIN.matrix("a", &Value::Fields(vec![])), vec![0; 8]].concat();
    let error = MatFile::parse(&PACKED.file_of([two])).expect_err("more than one");
    assert!(matches!(error, Mat5Error::CorruptZlib { .. }), "{error}");
    for other in [vec![], PLAIN.element(2, &[0; 8])] {
        let error = MatFile::parse(&PACKED.file_of([other])).expect_err("no variable");
        assert!(matches!(error, Mat5Error::Malformed { .. }), "{error}");
    }
}

/// Reads everything that has one of a few names.
fn look(bytes: &[u8]) {
    let Ok(file) = MatFile::parse(bytes) else {
        return;
    };
    for name in ["", "before", "dataset"] {
        let Ok(array) = file.variable(name) else {
            continue;
        };
        let train = array.field("train");
        for array in train.iter().flat_map(|train| {
            let fields = ["images", "labels", "writers"].map(|name| train.field(name));
            fields.into_iter().flatten()
        }) {
            let _ = (array.bytes(), array.numbers());
        }
        let _ = (array.bytes(), array.numbers());
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        look(&bytes);
        look(&PLAIN.file_of([bytes.clone()]));
        look(&PACKED.file_of([bytes]));
    }

    #[test]
    fn changed_bytes_never_panic(
        changes in prop::collection::vec((128_usize..2000, any::<u8>()), 1..8),
        big in any::<bool>(),
    ) {
        let mut bytes = Mat { big, packed: false }.file(&variables());
        let length = bytes.len();
        for (at, byte) in changes {
            bytes[128 + at % (length - 128)] = byte;
        }
        look(&bytes);
    }
}
