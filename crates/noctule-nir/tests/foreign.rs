//! Files that PyPI's `nir` wrote, for graphs of its own, of snnTorch and of Norse; `fixtures/make.py` made them.

use std::path::{Path, PathBuf};

use noctule_core::{Connection, Layer, LifParameters, Shape, Window};
use noctule_nir::{Graph, ImportOptions, Imported, NodeKind, read};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn imported(name: &str, dt: Option<f64>) -> Imported<f64> {
    let options = ImportOptions {
        dt,
        t_max: Some(0.1),
        max_spikes: None,
    };
    read(fixture(name), &options).unwrap()
}

fn refused(name: &str) -> String {
    let options = ImportOptions {
        t_max: Some(0.1),
        ..ImportOptions::default()
    };
    read::<f32>(fixture(name), &options)
        .unwrap_err()
        .to_string()
}

const NEURON: LifParameters = LifParameters {
    tau_m: 0.02,
    tau_s: 0.01,
    theta: 1.5,
    reset: 1.25,
    max_spikes: LifParameters::MOST_SPIKES,
    t_max: 0.1,
};

#[test]
fn a_convolutional_network_with_all_nodes() {
    let Imported {
        network,
        nodes,
        assumed_max_spikes,
        ..
    } = imported("conv.nir", None);
    assert!(assumed_max_spikes);
    assert_eq!(nodes, ["lif", "pool", "lif2", "lif3", "lif4"]);
    assert_eq!(
        network.input_shape(),
        Shape {
            height: 6,
            width: 8,
            channels: 2
        }
    );
    let graph = Graph::load(fixture("conv.nir")).unwrap();
    let NodeKind::Conv2d(conv) = &graph.nodes["conv"].kind else {
        panic!("{graph:?}");
    };
    let first = network.layers()[0].spiking().unwrap();
    assert_eq!(first.neuron_parameters(17), NEURON);
    let Connection::Conv2d { window, .. } = *first.connection() else {
        panic!("{first:?}");
    };
    assert_eq!(
        window,
        Window {
            padding: 1,
            ..Window::square(3)
        }
    );
    // r is twice tau_mem.
    for (filter, channel, y, x) in [(0, 0, 0, 0), (2, 1, 0, 2), (1, 1, 2, 0)] {
        let ours = first.weights().row(filter)[(y * 3 + x) * 2 + channel];
        let theirs = conv.weight.values()[((filter * 2 + channel) * 3 + y) * 3 + x];
        assert_eq!(ours, 2.0 * theirs);
    }
    let NodeKind::Linear { weight } = &graph.nodes["linear"].kind else {
        panic!("{graph:?}");
    };
    let dense = network.weights(3).unwrap();
    // Pixel (1, 0) of channel 3 in an image of 2 x 2 pixels and 4 channels.
    assert_eq!(
        dense.row(4)[2 * 4 + 3],
        2.0 * weight.values()[4 * 16 + 3 * 4 + 2]
    );
    assert!(matches!(network.layers()[1], Layer::SumPool2d(pool) if pool.size() == 2));
}

#[test]
fn a_graph_within_a_graph() {
    let Imported { network, .. } = imported("nested.nir", None);
    assert_eq!((network.inputs(), network.outputs()), (4, 3));
    let layer = network.layers()[0].spiking().unwrap();
    assert_eq!(layer.neuron_parameters(2), NEURON);
}

#[test]
fn snntorch_lets_synapse_and_membrane_take_weights_as_they_are() {
    let network = imported("snntorch.nir", Some(1e-4)).network;
    let graph = Graph::load(fixture("snntorch.nir")).unwrap();
    let NodeKind::Linear { weight } = &graph.nodes["0"].kind else {
        panic!("{graph:?}");
    };
    for (ours, theirs) in network
        .weights(0)
        .unwrap()
        .as_slice()
        .iter()
        .zip(weight.values())
    {
        let expected = theirs / 1e-4;
        assert!(
            (ours - expected).abs() <= 1e-4 * expected.abs(),
            "{ours} {expected}"
        );
    }
    let neuron = network.layers()[0].spiking().unwrap().neuron_parameters(0);
    assert!((neuron.tau_m - 0.02).abs() < 1e-7 && (neuron.tau_s - 0.01).abs() < 1e-7);
    assert_eq!((neuron.theta, neuron.reset), (1.0, 1.0));
}

#[test]
fn norse_has_one_constant_for_a_layer() {
    let network = imported("norse.nir", Some(1e-3)).network;
    assert_eq!((network.inputs(), network.outputs()), (12, 3));
    // Norse 1.1 writes time constants times its step of 1 ms.
    let neuron = network.layers()[1].spiking().unwrap().neuron_parameters(2);
    assert!((neuron.tau_m - 1e-5).abs() < 1e-11);
}

#[test]
fn what_has_no_counterpart_is_named() {
    let lif = refused("lif.nir");
    assert!(
        lif.contains("lif.nir`: node `cell` is of the type LIF"),
        "{lif}"
    );
    let recurrent = refused("recurrent.nir");
    assert!(
        recurrent.contains("the edge from `w_rec` to `lif` closes a circle"),
        "{recurrent}"
    );
    let endless = refused("loop.nir");
    assert!(
        endless.contains("node `again.again") && endless.contains("is a graph within 8 graphs"),
        "{endless}"
    );
    let script = refused("make.py");
    assert!(
        script.contains("make.py`: this is not an HDF5 file"),
        "{script}"
    );
    let nothing = refused("nothing.nir");
    assert!(
        nothing.contains("cannot read") && nothing.contains("nothing.nir"),
        "{nothing}"
    );
}

#[test]
fn what_was_read_is_written_as_it_was() {
    for name in [
        "conv.nir",
        "nested.nir",
        "snntorch.nir",
        "norse.nir",
        "recurrent.nir",
    ] {
        let graph = Graph::load(fixture(name)).unwrap();
        assert_eq!(
            Graph::parse(&graph.to_bytes().unwrap()).unwrap(),
            graph,
            "{name}"
        );
    }
}
