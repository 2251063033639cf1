//! Networks come back from files as they were, and files that hold something else are refused in plain words.

use std::fs;

use noctule_core::{
    Initialiser, LifParameters, Network, NetworkFileError, ParameterKind, Shape, SpikingLayer,
    Tensor, Window,
};

const NEURON: LifParameters = LifParameters {
    tau_m: 0.02,
    tau_s: 0.01,
    theta: 1.0,
    reset: 0.8,
    max_spikes: 7,
    t_max: 0.1,
};

fn network() -> Network<f32> {
    let image = Shape {
        height: 6,
        width: 6,
        channels: 2,
    };
    let window = Window {
        stride: 1,
        padding: 1,
        ..Window::square(3)
    };
    let uniform = Initialiser::uniform(-0.3, 1.0).unwrap();
    let network = Network::image(image)
        .unwrap()
        .conv2d(3, window, &NEURON, uniform, 1)
        .unwrap()
        .sum_pool2d(2)
        .unwrap();
    let weights = (0..4 * 27).map(|n| n as f32 / 7.0 - 3.0).collect();
    let weights = Tensor::new(&[4, 27], weights).unwrap();
    let dense = SpikingLayer::dense(NEURON, weights)
        .and_then(|layer| layer.with_dropout(0.25))
        .and_then(|layer| layer.with_constants(ParameterKind::Theta, vec![0.9, 1.0, 1.1, 1.2]))
        .and_then(|layer| layer.with_constants(ParameterKind::TauM, vec![0.02, 0.021, 0.022, 0.01]))
        .unwrap();
    network.layer(dense).unwrap()
}

#[test]
fn a_network_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    let network = network();
    network.save(&path).unwrap();
    assert_eq!(Network::load(&path).unwrap(), network);
    // Nothing is left beside the file, and an older file is replaced.
    network.save(&path).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn single_precision_is_read_as_double_precision() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    network().save(&path).unwrap();
    let double: Network<f64> = Network::load(&path).unwrap();
    double.save(&path).unwrap();
    assert_eq!(Network::<f32>::load(&path).unwrap(), network());
}

#[test]
fn files_that_hold_something_else_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    let load = || Network::<f32>::load(&path).unwrap_err();
    assert!(matches!(load(), NetworkFileError::Read { .. }));
    fs::write(&path, b"PK\x03\x04 a zip file, not tensors").unwrap();
    assert!(matches!(load(), NetworkFileError::Format { .. }));
    let plain = safetensors::serialize(Vec::<(&str, safetensors::tensor::TensorView)>::new(), None);
    fs::write(&path, plain.unwrap()).unwrap();
    let error = load();
    assert!(matches!(error, NetworkFileError::Description { .. }));
    assert!(error.to_string().contains("Network::save"), "{error}");
    network().save(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    for length in [0, 7, 100, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).unwrap();
        assert!(
            matches!(load(), NetworkFileError::Format { .. }),
            "{length}"
        );
    }
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nowhere").join("network.safetensors");
    let error = network().save(&path).unwrap_err();
    assert!(matches!(error, NetworkFileError::Write { .. }));
    assert!(error.to_string().contains("nowhere"), "{error}");
}
