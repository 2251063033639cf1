//! Neurons that are not Noctule's, each by a single change: the message names the node and the value.

#[expect(dead_code, reason = "other tests need more of it")]
mod common;

use common::graphs::{between, graph_of, lif, list, message, refuses};
use common::{convolutional, dense, individual};
use noctule_nir::{
    Array, CubaLif, ExportOptions, Graph, ImportOptions, NodeKind, Value, from_graph, to_graph,
};

#[test]
fn neurons() {
    let graph = || graph_of(&dense(1));
    let field = |change: &dyn Fn(&mut CubaLif), parts: &[&str]| {
        refuses(graph(), |graph| lif(graph, "neurons_1", change), parts);
    };
    field(
        &|lif| lif.v_leak = list(&[0.0, 0.1, 0.0]),
        &["`neurons_1`", "v_leak[1] is 0.1", "must be 0"],
    );
    field(
        &|lif| lif.v_reset = Some(list(&[0.0, 0.0, 0.7])),
        &["v_reset[2] is 0.7", "below v_threshold"],
    );
    field(
        &|lif| lif.tau_mem = list(&[0.01, 0.01, -0.01]),
        &["tau_mem[2] is -0.01", "positive"],
    );
    field(
        &|lif| lif.tau_syn = list(&[0.01, f64::NAN, 0.01]),
        &["tau_syn[1] is NaN"],
    );
    field(
        &|lif| lif.v_threshold = list(&[0.0; 3]),
        &["v_threshold[0] is 0.0"],
    );
    field(
        &|lif| lif.r = list(&[1.0, f64::INFINITY, 1.0]),
        &["r[1] is inf"],
    );
    field(
        &|lif| lif.tau_mem = list(&[0.01; 2]),
        &["tau_mem has the shape [2]", "[3]"],
    );
    field(
        &|lif| lif.tau_mem = list(&[]),
        &["tau_mem has the shape [0]", "[3]"],
    );
    field(
        &|lif| lif.v_leak = list(&[0.0; 7]),
        &["v_leak has the shape [7]"],
    );
    field(
        &|lif| lif.tau_mem = list(&[1e3; 3]),
        &["`neurons_1`", "factor of more than 1,000"],
    );
    field(
        &|lif| lif.w_in = Some(list(&[1e300; 3])),
        &["`dense_1`", "weight[0, 0]", "must be finite after"],
    );
    let spikes = |most: i64| {
        move |graph: &mut Graph| {
            let node = graph.nodes.get_mut("neurons_0").unwrap();
            node.metadata
                .insert("noctule_max_spikes".to_owned(), Value::Integer(most));
        }
    };
    refuses(graph(), spikes(0), &["`neurons_0`", "max_spikes = 0"]);
    refuses(graph(), spikes(-7), &["`neurons_0`", "max_spikes = 0"]);
    refuses(
        graph(),
        spikes(70_000),
        &["`neurons_0`", "max_spikes = 70000"],
    );
    let dropout = |graph: &mut Graph| {
        let node = graph.nodes.get_mut("neurons_0").unwrap();
        node.metadata
            .insert("noctule_dropout".to_owned(), Value::number(2.0));
    };
    refuses(
        graph(),
        dropout,
        &[
            "`neurons_0`",
            "dropout = 2: must be at least 0 and less than 1",
        ],
    );
}

#[test]
fn filters_whose_neurons_take_their_weights_differently() {
    let mut graph = graph_of(&individual(1));
    refuses(
        graph.clone(),
        |graph| lif(graph, "neurons_0", |lif| lif.w_in = None),
        &["`neurons_0`", "in filter 0", "which share its weights"],
    );
    // One for each filter is fine.
    lif(&mut graph, "neurons_0", |lif| {
        lif.w_in = Some(lif.tau_syn.clone())
    });
    from_graph::<f64>(&graph, &ImportOptions::default()).unwrap();
}

#[test]
fn steps_and_ends_of_samples() {
    let step = |dt| ImportOptions {
        dt: Some(dt),
        ..ImportOptions::default()
    };
    let plain = || graph_of(&dense(1));
    let message_of = |graph, options: &ImportOptions| message(graph, options, |_| ());
    for dt in [0.0, -1e-4, f64::NAN, f64::INFINITY] {
        let said = message_of(plain(), &step(dt));
        assert!(said.contains("time step dt is"), "{said}");
        let options = ExportOptions {
            dt: Some(dt),
            ..ExportOptions::default()
        };
        let said = to_graph(&dense::<f32>(1), &options)
            .unwrap_err()
            .to_string();
        assert!(said.contains("time step dt is"), "{said}");
    }
    let said = message_of(plain(), &step(1e-3));
    assert!(
        said.contains("written for spikes without a length"),
        "{said}"
    );
    let options = ExportOptions {
        dt: Some(1e-4),
        ..ExportOptions::default()
    };
    let stepped = to_graph(&dense::<f64>(1), &options).unwrap();
    let said = message_of(stepped.clone(), &step(1e-3));
    assert!(
        said.contains("a time step of 0.0001 s") && said.contains("0.001 s"),
        "{said}"
    );
    from_graph::<f64>(&stepped, &step(1e-4)).unwrap();
    let forget = |graph: &mut Graph| {
        graph
            .nodes
            .values_mut()
            .for_each(|node| node.metadata.clear())
    };
    refuses(
        plain(),
        forget,
        &[
            "node `neurons_0`: NIR does not say when a sample ends",
            "--t-max",
        ],
    );
    let damage = |graph: &mut Graph| {
        graph
            .metadata
            .insert("noctule_dt".to_owned(), Value::number(-1.0));
    };
    refuses(plain(), damage, &["time step dt is -1.0"]);
    let t_max = ImportOptions {
        t_max: Some(-1.0),
        ..ImportOptions::default()
    };
    let said = message_of(plain(), &t_max);
    assert!(said.contains("`neurons_0`: t_max = -1"), "{said}");
}

#[test]
fn changed_arrays_count_more_than_what_noctule_kept() {
    let mut graph = graph_of(&convolutional(1));
    let lower = |lif: &mut CubaLif| {
        let thresholds = lif
            .v_threshold
            .values()
            .iter()
            .map(|value| value / 2.0)
            .collect();
        lif.v_threshold = Array::new(lif.v_threshold.shape(), thresholds).unwrap();
    };
    lif(&mut graph, "neurons_4", lower);
    let read = from_graph::<f64>(&graph, &ImportOptions::default())
        .unwrap()
        .network;
    let neuron = read.layers()[4].spiking().unwrap().neuron_parameters(0);
    assert!(
        (neuron.theta - 0.65).abs() < 1e-12 && (neuron.reset - 0.65).abs() < 1e-12,
        "{neuron:?}"
    );
}

#[test]
fn factors_become_a_part_of_the_weights() {
    let network = convolutional::<f64>(1);
    let mut graph = graph_of(&network);
    let scale = NodeKind::Scale {
        scale: Array::new(&[], vec![0.5]).unwrap(),
    };
    between(&mut graph, "conv_0", "neurons_0", "scale", scale);
    let NodeKind::SumPool2d(pool) = graph.nodes["pool_1"].kind.clone() else {
        panic!("{graph:?}");
    };
    graph
        .nodes
        .insert("pool_1".to_owned(), NodeKind::AvgPool2d(pool).into());
    let read = from_graph::<f64>(&graph, &ImportOptions::default())
        .unwrap()
        .network;
    for (layer, factor) in [(0, 0.5), (2, 0.25), (4, 1.0), (5, 1.0)] {
        let weights = network
            .weights(layer)
            .unwrap()
            .as_slice()
            .iter()
            .map(|weight| factor * weight);
        assert!(
            weights.eq(read.weights(layer).unwrap().as_slice().iter().copied()),
            "layer {layer}"
        );
    }
}
