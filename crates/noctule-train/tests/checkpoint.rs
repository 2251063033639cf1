//! Checkpoints are read back unchanged, and other files are refused by name.

use std::fs;
use std::path::PathBuf;

use noctule_train::checkpoint::{Checkpoint, CheckpointError, Tensor};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::json;
use tempfile::TempDir;

struct Scratch {
    folder: TempDir,
}

impl Scratch {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("some.safetensors")
    }

    fn load(&self, bytes: &[u8]) -> Result<Checkpoint, CheckpointError> {
        fs::write(self.path(), bytes).unwrap();
        Checkpoint::load(&self.path())
    }
}

fn example() -> Checkpoint {
    let mut checkpoint = Checkpoint::new(json!({ "epoch": 7, "rng": [1, u64::MAX] }));
    let weights = Tensor {
        shape: vec![2, 3],
        values: vec![0.1, -0.0, f32::MIN_POSITIVE, 1e-45, f32::MAX, -3.5],
    };
    checkpoint.insert("layers.0.weights", weights);
    let empty = Tensor {
        shape: vec![0],
        values: vec![],
    };
    checkpoint.insert("layers.1.weights", empty);
    checkpoint
}

fn bits(checkpoint: &Checkpoint) -> Vec<u32> {
    let values = checkpoint.tensors.values().flat_map(|t| &t.values);
    values.map(|value| value.to_bits()).collect()
}

#[test]
fn comes_back_bit_for_bit() {
    let scratch = Scratch::new();
    example().save(&scratch.path()).unwrap();
    let loaded = Checkpoint::load(&scratch.path()).unwrap();
    assert_eq!(loaded, example());
    assert_eq!(bits(&loaded), bits(&example()));

    let once = fs::read(scratch.path()).unwrap();
    loaded.save(&scratch.path()).unwrap();
    assert_eq!(fs::read(scratch.path()).unwrap(), once);
}

#[test]
fn double_precision_metadata_comes_back_bit_for_bit() {
    let scratch = Scratch::new();
    let numbers = [
        0.1 + 0.2,
        1.0 / 3.0,
        5e-324,
        f64::MAX,
        0.865_432_109_876_543_2,
    ];
    Checkpoint::new(json!(numbers))
        .save(&scratch.path())
        .unwrap();
    let loaded = Checkpoint::load(&scratch.path()).unwrap().metadata;
    for (index, number) in numbers.iter().enumerate() {
        assert_eq!(loaded[index].as_f64().unwrap().to_bits(), number.to_bits());
    }
}

#[test]
fn every_truncation_is_refused() {
    let scratch = Scratch::new();
    example().save(&scratch.path()).unwrap();
    let whole = fs::read(scratch.path()).unwrap();
    for length in 0..whole.len() {
        let error = scratch.load(&whole[..length]).unwrap_err();
        match error {
            CheckpointError::Truncated {
                expected, found, ..
            } => {
                assert_eq!(found, length);
                assert!(expected > length && expected <= whole.len());
            }
            other => panic!("{length} bytes: {other}"),
        }
    }
}

#[test]
fn other_files_are_refused() {
    let scratch = Scratch::new();
    let text = scratch.load(b"epoch,loss\n0,2.5\n").unwrap_err();
    assert!(
        matches!(text, CheckpointError::NotSafetensors { .. }),
        "{text}"
    );

    example().save(&scratch.path()).unwrap();
    let mut longer = fs::read(scratch.path()).unwrap();
    longer.push(0);
    let longer = scratch.load(&longer).unwrap_err();
    assert!(
        matches!(longer, CheckpointError::NotSafetensors { .. }),
        "{longer}"
    );

    let missing = Checkpoint::load(&scratch.folder.path().join("none.safetensors")).unwrap_err();
    assert!(matches!(missing, CheckpointError::Read { .. }), "{missing}");
    assert!(
        missing.to_string().contains("none.safetensors"),
        "{missing}"
    );
}

#[test]
fn safetensors_of_others_are_read_if_they_are_in_single_precision() {
    let scratch = Scratch::new();
    let bytes = [0; 8];
    let single = TensorView::new(Dtype::F32, vec![2], &bytes).unwrap();
    let foreign = safetensors::serialize([("w", &single)], None).unwrap();
    let loaded = scratch.load(&foreign).unwrap();
    assert!(loaded.metadata.is_null());
    assert_eq!(loaded.tensors["w"].shape, [2]);

    let view = TensorView::new(Dtype::F64, vec![1], &bytes).unwrap();

    let with = |text: &str| Some([("noctule".to_owned(), text.to_owned())].into());
    let not_json = safetensors::serialize([("w", &view)], with("{")).unwrap();
    let error = scratch.load(&not_json).unwrap_err();
    assert!(matches!(error, CheckpointError::Metadata { .. }), "{error}");

    let double = safetensors::serialize([("w", &view)], with("{}")).unwrap();
    let error = scratch.load(&double).unwrap_err();
    assert!(
        matches!(error, CheckpointError::WrongType { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("`w` as F64"), "{error}");
}

#[test]
fn diverged_weights_are_neither_written_nor_read() {
    let scratch = Scratch::new();
    example().save(&scratch.path()).unwrap();
    let good = fs::read(scratch.path()).unwrap();

    let mut diverged = example();
    diverged.tensors.get_mut("layers.0.weights").unwrap().values[5] = f32::NAN;
    let error = diverged.save(&scratch.path()).unwrap_err();
    assert!(
        matches!(error, CheckpointError::NotFinite { position: 5, .. }),
        "{error}"
    );
    assert_eq!(
        fs::read(scratch.path()).unwrap(),
        good,
        "the old file stays"
    );

    let mut bytes = good;
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&f32::INFINITY.to_le_bytes());
    let error = scratch.load(&bytes).unwrap_err();
    assert!(
        matches!(error, CheckpointError::NotFinite { position: 5, .. }),
        "{error}"
    );
}

#[test]
fn a_shape_that_does_not_fit_is_refused() {
    let scratch = Scratch::new();
    for shape in [vec![2, 2], vec![usize::MAX, 2], vec![]] {
        let mut checkpoint = Checkpoint::default();
        let tensor = Tensor {
            shape,
            values: vec![1.0; 3],
        };
        checkpoint.insert("w", tensor);
        let error = checkpoint.save(&scratch.path()).unwrap_err();
        assert!(matches!(error, CheckpointError::Shape { .. }), "{error}");
        assert!(!scratch.path().exists());
    }
}
