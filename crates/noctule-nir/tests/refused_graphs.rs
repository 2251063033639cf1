//! Graphs that are no chains, and networks that have no graph.

#[expect(dead_code, reason = "other tests need more of it")]
mod common;

use common::dense;
use common::graphs::{between, edge, graph_of, refuses};
use noctule_core::{Network, Shape};
use noctule_nir::{Array, ExportOptions, Graph, NodeKind, to_graph};

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

#[test]
fn names_that_no_file_can_have() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a/b", "", "."] {
        let mut graph = graph_of(&dense(1));
        let input = NodeKind::Input { shape: vec![5] };
        graph.nodes.insert(name.to_owned(), input.into());
        let path = folder.path().join("net.nir");
        let error = graph.save(&path).unwrap_err().to_string();
        assert!(
            error.contains("net.nir`: the graph cannot be written"),
            "{error}"
        );
        assert!(!path.exists());
    }
}
