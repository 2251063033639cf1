//! Graphs that are not networks of Noctule, each by a single change: the message names the node and the value.

mod common;

use common::{convolutional, dense, individual};
use noctule_core::{Network, Shape};
use noctule_nir::{
    Array, Conv2d, CubaLif, ExportOptions, Flatten, Graph, ImportOptions, Node, NodeKind, Padding,
    Pool2d, Value, from_graph, to_graph,
};

fn graph_of(network: &Network<f64>) -> Graph {
    to_graph(network, &ExportOptions::default()).unwrap()
}

/// The message for a graph that `change` changed.
fn message(mut graph: Graph, options: &ImportOptions, change: impl FnOnce(&mut Graph)) -> String {
    change(&mut graph);
    from_graph::<f32>(&graph, options).unwrap_err().to_string()
}

#[track_caller]
fn refuses(graph: Graph, change: impl FnOnce(&mut Graph), parts: &[&str]) {
    let message = message(graph, &ImportOptions::default(), change);
    for part in parts {
        assert!(message.contains(part), "should say `{part}`: {message}");
    }
}

fn lif(graph: &mut Graph, name: &str, change: impl FnOnce(&mut CubaLif)) {
    match &mut graph.nodes.get_mut(name).unwrap().kind {
        NodeKind::CubaLif(lif) => change(lif),
        other => panic!("{other:?}"),
    }
}

fn conv(graph: &mut Graph, change: impl FnOnce(&mut Conv2d)) {
    match &mut graph.nodes.get_mut("conv_0").unwrap().kind {
        NodeKind::Conv2d(conv) => change(conv),
        other => panic!("{other:?}"),
    }
}

fn pool(graph: &mut Graph, change: impl FnOnce(&mut Pool2d)) {
    match &mut graph.nodes.get_mut("pool_1").unwrap().kind {
        NodeKind::SumPool2d(pool) => change(pool),
        other => panic!("{other:?}"),
    }
}

fn edge(from: &str, to: &str) -> (String, String) {
    (from.to_owned(), to.to_owned())
}

fn list(values: &[f64]) -> Array {
    Array::list(values.to_vec())
}

/// Puts a node between two neighbours.
fn between(graph: &mut Graph, before: &str, after: &str, name: &str, kind: NodeKind) {
    let place = graph
        .edges
        .iter()
        .position(|own| *own == edge(before, after))
        .unwrap();
    graph.edges[place].1 = name.to_owned();
    graph.edges.push(edge(name, after));
    graph.nodes.insert(name.to_owned(), kind.into());
}

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
fn other_nodes() {
    let graph = || graph_of(&dense(1));
    for kind in [
        "LIF",
        "IF",
        "LI",
        "CubaLI",
        "Threshold",
        "Delay",
        "Conv1d",
        "Something",
    ] {
        let other = || NodeKind::Other {
            name: kind.to_owned(),
        };
        let expected = format!("node `x` is of the type {kind}: Noctule");
        refuses(
            graph(),
            |graph| between(graph, "dense_0", "neurons_0", "x", other()),
            &[&expected],
        );
    }
    let linear = || NodeKind::Linear {
        weight: Array::new(&[8, 8], vec![1.0; 64]).unwrap(),
    };
    refuses(
        graph(),
        |graph| between(graph, "dense_0", "neurons_0", "x", linear()),
        &["node `x` (Linear) comes after the weights `dense_0`"],
    );
    let scale = |values: &[f64]| NodeKind::Scale {
        scale: list(values),
    };
    refuses(
        graph(),
        |graph| {
            between(
                graph,
                "input",
                "dense_0",
                "x",
                scale(&[2.0, 2.0, 2.5, 2.0, 2.0]),
            )
        },
        &["node `x`: scale[2] is 2.5", "the same for all numbers"],
    );
    refuses(
        graph(),
        |graph| between(graph, "neurons_1", "output", "x", scale(&[2.0; 3])),
        &["node `output`", "Scale, AvgPool2d", "is 2.0"],
    );
    refuses(
        graph(),
        |graph| between(graph, "input", "dense_0", "x", scale(&[])),
        &[],
    );
    let node: Node = NodeKind::CubaLif(match graph().nodes.remove("neurons_1").unwrap().kind {
        NodeKind::CubaLif(lif) => lif,
        other => panic!("{other:?}"),
    })
    .into();
    refuses(
        graph(),
        |graph| between(graph, "neurons_1", "output", "x", node.kind),
        &[
            "node `x` (CubaLIF) comes after `neurons_1`",
            "must come after weights",
        ],
    );
}

#[test]
fn weights() {
    let graph = || graph_of(&dense(1));
    let weight = |weight: Array| {
        move |graph: &mut Graph| {
            graph
                .nodes
                .insert("dense_1".to_owned(), NodeKind::Linear { weight }.into());
        }
    };
    let mut values = vec![1.0; 24];
    values[9] = f64::NAN;
    refuses(
        graph(),
        weight(Array::new(&[3, 8], values).unwrap()),
        &["node `dense_1`: weight[1, 1] is NaN"],
    );
    let narrow = Array::new(&[3, 7], vec![1.0; 21]).unwrap();
    refuses(
        graph(),
        weight(narrow),
        &[
            "node `dense_1`: weight has the shape [3, 7]",
            "[outputs, 8]",
        ],
    );
    refuses(
        graph(),
        weight(list(&[1.0; 8])),
        &["weight has the shape [8]"],
    );
    refuses(
        graph(),
        weight(Array::new(&[0, 8], vec![]).unwrap()),
        &["weight has the shape [0, 8]"],
    );
    let affine = |graph: &mut Graph| {
        let weight = Array::new(&[3, 8], vec![1.0; 24]).unwrap();
        let bias = list(&[0.0, -0.5, 0.0]);
        graph.nodes.insert(
            "dense_1".to_owned(),
            NodeKind::Affine { weight, bias }.into(),
        );
    };
    refuses(
        graph(),
        affine,
        &["node `dense_1`: bias[1] is -0.5, but must be 0"],
    );
}

#[test]
fn convolutions() {
    let graph = || graph_of(&convolutional(1));
    let field = |change: &dyn Fn(&mut Conv2d), parts: &[&str]| {
        refuses(graph(), |graph| conv(graph, change), parts)
    };
    field(&|conv| conv.groups = 2, &["`conv_0`: groups is 2"]);
    field(&|conv| conv.dilation = vec![1, 2], &["dilation is [1, 2]"]);
    field(&|conv| conv.dilation = vec![2], &["dilation is [2]"]);
    field(&|conv| conv.stride = vec![1, 2], &["stride is [1, 2]"]);
    field(
        &|conv| conv.stride = vec![0, 0],
        &["the stride of a window must not be 0"],
    );
    field(
        &|conv| conv.stride = vec![1, 1, 1],
        &["stride is [1, 1, 1]"],
    );
    field(
        &|conv| conv.padding = Padding::Sizes(vec![0, 1]),
        &["padding is [0, 1]"],
    );
    field(
        &|conv| conv.padding = Padding::Sizes(vec![-1, -1]),
        &["padding is [-1, -1]"],
    );
    field(
        &|conv| conv.padding = Padding::Named("reflect".to_owned()),
        &["padding is \"reflect\""],
    );
    field(
        &|conv| conv.padding = Padding::Sizes(vec![9]),
        &["`conv_0`", "a padding of 9"],
    );
    field(
        &|conv| conv.bias = list(&[0.0, 0.0, 1e-9]),
        &["bias[2] is 1e-9"],
    );
    field(
        &|conv| conv.input_shape = Some(vec![12, 10]),
        &["input_shape is [12, 10]"],
    );
    field(
        &|conv| conv.weight = list(&[1.0; 9]),
        &["weight has the shape [9]", "[filters, 2, rows, columns]"],
    );
    let even = Array::new(&[3, 2, 2, 2], vec![1.0; 24]).unwrap();
    let same = |conv: &mut Conv2d| {
        conv.padding = Padding::Named("same".to_owned());
        conv.weight = even.clone();
    };
    field(&same, &["padding is \"same\"", "a number where"]);
    let field = |change: &dyn Fn(&mut Pool2d), parts: &[&str]| {
        refuses(graph(), |graph| pool(graph, change), parts)
    };
    field(
        &|pool| pool.kernel_size = vec![2, 4],
        &["`pool_1`: kernel_size is [2, 4]"],
    );
    field(&|pool| pool.stride = vec![1, 1], &["stride is [1, 1]"]);
    field(&|pool| pool.padding = vec![1, 1], &["padding is [1, 1]"]);
    field(
        &|pool| (pool.kernel_size, pool.stride) = (vec![3], vec![3]),
        &["cannot be tiled by 3 x 3"],
    );
    field(
        &|pool| (pool.kernel_size, pool.stride) = (vec![0], vec![0]),
        &["must not be 0"],
    );
}

#[test]
fn lists_and_images() {
    let graph = || graph_of(&convolutional(1));
    let flatten = |start_dim, end_dim| {
        NodeKind::Flatten(Flatten {
            input: None,
            start_dim,
            end_dim,
        })
    };
    let put = |kind: NodeKind| {
        move |graph: &mut Graph| {
            graph.nodes.insert("flatten_4".to_owned(), kind.into());
        }
    };
    refuses(
        graph(),
        put(flatten(2, -1)),
        &["`flatten_4`: start_dim is 2"],
    );
    refuses(graph(), put(flatten(0, 1)), &["`flatten_4`: end_dim is 1"]);
    let other = Flatten {
        input: Some(vec![5]),
        start_dim: 0,
        end_dim: -1,
    };
    refuses(
        graph(),
        put(NodeKind::Flatten(other)),
        &["input_type has the shape [5]"],
    );
    for (start_dim, end_dim) in [(1, -1), (1, 3), (0, 2)] {
        let mut graph = graph();
        graph
            .nodes
            .insert("flatten_4".to_owned(), flatten(start_dim, end_dim).into());
        from_graph::<f64>(&graph, &ImportOptions::default()).unwrap();
    }
    refuses(
        graph(),
        |graph| between(graph, "input", "conv_0", "x", flatten(0, -1)),
        &["node `conv_0` (Conv2d) is given a list"],
    );
    let cut = |graph: &mut Graph| {
        graph.nodes.remove("flatten_4");
        graph
            .edges
            .retain(|(from, to)| from != "flatten_4" && to != "flatten_4");
        graph.edges.push(edge("pool_3", "dense_4"));
    };
    refuses(
        graph(),
        cut,
        &["node `dense_4` (Linear) is given an image; there must be a Flatten"],
    );
    let input = |shape: &[usize]| {
        let kind = NodeKind::Input {
            shape: shape.to_vec(),
        };
        move |graph: &mut Graph| {
            graph.nodes.insert("input".to_owned(), kind.into());
        }
    };
    refuses(graph(), input(&[]), &["`input`: shape has the shape []"]);
    refuses(
        graph(),
        input(&[3, 2, 10, 12]),
        &["`input`: shape has the shape [3, 2, 10, 12]"],
    );
    refuses(graph(), input(&[usize::MAX, 3, 3]), &["fits the memory"]);
    refuses(
        graph(),
        input(&[3, 10, 12]),
        &["`conv_0`: weight has the shape"],
    );
    let output = |graph: &mut Graph| {
        graph.nodes.insert(
            "output".to_owned(),
            NodeKind::Output { shape: vec![7] }.into(),
        );
    };
    refuses(
        graph(),
        output,
        &["`output`: shape has the shape [7]", "2 neurons"],
    );
}

#[test]
fn edges() {
    let graph = || graph_of(&dense(1));
    let add = |from: &'static str, to: &'static str| {
        move |graph: &mut Graph| graph.edges.push(edge(from, to))
    };
    refuses(
        graph(),
        add("input", "dense_0"),
        &["edge from `input` to `dense_0` is there twice"],
    );
    refuses(
        graph(),
        add("neurons_1", "nobody"),
        &["names the node `nobody`"],
    );
    refuses(
        graph(),
        add("neurons_1", "dense_1"),
        &["closes a circle", "`dense_1`"],
    );
    refuses(
        graph(),
        add("neurons_0", "neurons_0"),
        &["from `neurons_0` to `neurons_0` closes a circle"],
    );
    refuses(
        graph(),
        add("neurons_0", "output"),
        &["`neurons_0` leads to `dense_1` and `output`"],
    );
    let beside = |graph: &mut Graph| {
        let weight = Array::new(&[1, 1], vec![1.0]).unwrap();
        graph
            .nodes
            .insert("alone".to_owned(), NodeKind::Linear { weight }.into());
    };
    refuses(graph(), beside, &["node `alone` is not on the way"]);
    let merge = |graph: &mut Graph| {
        beside(graph);
        graph.edges.push(edge("alone", "neurons_1"));
    };
    refuses(
        graph(),
        merge,
        &["`neurons_1` receives from `dense_1` and `alone`"],
    );
    let cut = |graph: &mut Graph| {
        graph
            .edges
            .retain(|own| *own != edge("neurons_1", "output"))
    };
    refuses(graph(), cut, &["`output` is not on the way"]);
    let no_output = |graph: &mut Graph| {
        cut(graph);
        graph.nodes.remove("output");
    };
    refuses(
        graph(),
        no_output,
        &["the graph has 0 nodes of the type Output"],
    );
    let two = |graph: &mut Graph| {
        graph.nodes.insert(
            "again".to_owned(),
            NodeKind::Input { shape: vec![5] }.into(),
        );
    };
    refuses(graph(), two, &["the graph has 2 nodes of the type Input"]);
    refuses(
        Graph::default(),
        |_| (),
        &["the graph has 0 nodes of the type Input"],
    );
    let beyond = |graph: &mut Graph| {
        beside(graph);
        graph.edges.push(edge("output", "alone"));
    };
    refuses(
        graph(),
        beyond,
        &["ends at `alone`, not at the output `output`"],
    );
    let only_ends = |graph: &mut Graph| {
        graph
            .nodes
            .retain(|name, _| ["input", "output"].contains(&name.as_str()));
        graph.nodes.insert(
            "output".to_owned(),
            NodeKind::Output { shape: vec![5] }.into(),
        );
        graph.edges = vec![edge("input", "output")];
    };
    refuses(
        graph(),
        only_ends,
        &["number of layers of a network must not be 0"],
    );
}

#[test]
fn graphs_within_graphs() {
    let inner = |nodes: &[(&str, NodeKind)]| {
        let nodes = nodes
            .iter()
            .map(|(name, kind)| ((*name).to_owned(), kind.clone().into()));
        NodeKind::Graph(Graph {
            nodes: nodes.collect(),
            ..Graph::default()
        })
    };
    let input = NodeKind::Input { shape: vec![5] };
    refuses(
        graph_of(&dense(1)),
        |graph| {
            between(
                graph,
                "input",
                "dense_0",
                "x",
                inner(&[("a", input.clone())]),
            )
        },
        &["the graph in node `x` has 0 nodes of the type Output"],
    );
    let output = NodeKind::Output { shape: vec![5] };
    refuses(
        graph_of(&dense(1)),
        |graph| {
            between(
                graph,
                "input",
                "dense_0",
                "x",
                inner(&[("a", input), ("b", output)]),
            )
        },
        &["`output` is not on the way from the input `input`"].map(|_| "is not on the way"),
    );
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

#[test]
fn networks_that_have_no_graph() {
    let mut random = common::Random::new(1);
    let dense = random.dense::<f64>(common::NEURON, 4, 3);
    let network = Network::new(3).unwrap().layer(dense).unwrap();
    let conv = random.conv(
        common::NEURON,
        Shape::flat(4),
        2,
        noctule_core::Window::square(1),
    );
    let network = network.layer(conv).unwrap();
    let error = to_graph(&network, &ExportOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("layer 1 is a convolution or pooling after a dense layer"),
        "{error}"
    );
    let empty = Network::<f32>::new(3).unwrap();
    let error = to_graph(&empty, &ExportOptions::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("number of layers"), "{error}");
    let mut diverged = common::dense::<f32>(1);
    let layer = diverged.layers_mut()[1].spiking_mut().unwrap();
    layer
        .parameter_mut(noctule_core::ParameterKind::Weights)
        .unwrap()[3] = f32::NAN;
    let error = to_graph(&diverged, &ExportOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("layer 1") && error.contains("NaN"),
        "{error}"
    );
}
