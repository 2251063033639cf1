//! What is written is read, to the last bit.

#[expect(dead_code, reason = "other tests need more of it")]
mod common;

use common::{NEURON, Random, convolutional, dense, individual};
use noctule_core::{Layer, Network, Real, Shape, Window};
use noctule_nir::{ExportOptions, Graph, ImportOptions, from_graph, to_graph};

/// Through the bytes of a file.
fn through_file<T: Real>(network: &Network<T>, options: &ExportOptions) -> Network<T> {
    let graph = to_graph(network, options).unwrap();
    let bytes = graph.to_bytes().unwrap();
    assert_eq!(bytes, graph.to_bytes().unwrap());
    let read = Graph::parse(&bytes).unwrap();
    assert_eq!(read, graph);
    let imported = from_graph(&read, &ImportOptions::default()).unwrap();
    assert_eq!(imported.dt, options.dt);
    assert_eq!(imported.experiment, options.experiment);
    assert!(!imported.assumed_max_spikes);
    imported.network
}

/// Every neuron and weight, and nothing that no neuron has.
fn assert_same<T: Real>(read: &Network<T>, written: &Network<T>) {
    assert_eq!(read.input_shape(), written.input_shape());
    assert_eq!(read.layers().len(), written.layers().len());
    for (index, (read, written)) in read.layers().iter().zip(written.layers()).enumerate() {
        let (Layer::Spiking(read), Layer::Spiking(written)) = (read, written) else {
            assert_eq!(read, written, "layer {index}");
            continue;
        };
        assert_eq!(read.connection(), written.connection(), "layer {index}");
        assert_eq!(read.dropout(), written.dropout(), "layer {index}");
        assert_eq!(read.weights(), written.weights(), "layer {index}");
        for neuron in 0..written.outputs() {
            let (read, written) = (
                read.neuron_parameters(neuron),
                written.neuron_parameters(neuron),
            );
            assert_eq!(read, written, "layer {index}, neuron {neuron}");
        }
    }
}

fn every_step() -> [ExportOptions; 3] {
    [None, Some(1e-4), Some(3.3e-5)].map(|dt| ExportOptions {
        dt,
        ..ExportOptions::default()
    })
}

fn all_networks<T: Real>() {
    for options in every_step() {
        for seed in 0..4 {
            for network in [dense::<T>(seed), convolutional(seed)] {
                assert_eq!(through_file(&network, &options), network);
            }
            let network = individual::<T>(seed);
            assert_same(&through_file(&network, &options), &network);
        }
    }
}

#[test]
fn networks_in_single_precision() {
    all_networks::<f32>();
}

#[test]
fn networks_in_double_precision() {
    all_networks::<f64>();
}

#[test]
fn a_list_of_an_image_keeps_its_order() {
    let mut random = Random::new(7);
    let image = Shape {
        height: 3,
        width: 4,
        channels: 5,
    };
    let network = Network::image(image)
        .unwrap()
        .layer(random.dense::<f64>(NEURON, 2, 60))
        .unwrap();
    assert_eq!(through_file(&network, &ExportOptions::default()), network);
}

#[test]
fn a_network_may_end_with_an_image() {
    let mut random = Random::new(8);
    let image = Shape {
        height: 4,
        width: 4,
        channels: 1,
    };
    let conv = random.conv::<f64>(
        NEURON,
        image,
        2,
        Window {
            padding: 1,
            ..Window::square(3)
        },
    );
    let network = Network::image(image)
        .unwrap()
        .layer(conv)
        .unwrap()
        .sum_pool2d(2)
        .unwrap();
    assert_eq!(through_file(&network, &ExportOptions::default()), network);
}

#[test]
fn one_pixel_is_an_image_for_a_convolution() {
    let mut random = Random::new(9);
    let conv = random.conv::<f32>(NEURON, Shape::flat(6), 2, Window::square(1));
    let network = Network::new(6).unwrap().layer(conv).unwrap();
    assert_eq!(through_file(&network, &ExportOptions::default()), network);
}

#[test]
fn an_experiment_travels_with_the_graph() {
    let options = ExportOptions {
        experiment: Some("name = \"Ä 'quoted'\"\n[data]\nset = \"yin-yang\"\n".repeat(200)),
        ..ExportOptions::default()
    };
    through_file(&dense::<f32>(1), &options);
}

#[test]
fn files_replace_one_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.nir");
    for seed in [1, 2] {
        let network = dense::<f64>(seed);
        noctule_nir::write(&network, &path, &ExportOptions::default()).unwrap();
        let read = noctule_nir::read::<f64>(&path, &ImportOptions::default()).unwrap();
        assert_eq!(read.network, network);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let nowhere = folder.path().join("no/such/folder.nir");
    let error = noctule_nir::write(&dense::<f32>(1), &nowhere, &ExportOptions::default());
    assert!(error.unwrap_err().to_string().contains("folder.nir"));
}

#[test]
fn a_network_in_single_precision_can_be_read_in_double() {
    let network = dense::<f32>(3);
    let bytes = to_graph(&network, &ExportOptions::default())
        .unwrap()
        .to_bytes()
        .unwrap();
    let read = from_graph::<f64>(&Graph::parse(&bytes).unwrap(), &ImportOptions::default());
    let read = read.unwrap().network;
    for (layer, weights) in network.indexed_weights() {
        let exact = weights.as_slice().iter().map(|&weight| f64::from(weight));
        assert!(exact.eq(read.weights(layer).unwrap().as_slice().iter().copied()));
    }
}
