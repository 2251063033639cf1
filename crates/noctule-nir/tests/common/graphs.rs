//! Graphs, and changes after which they are no networks of Noctule.

use noctule_core::Network;
use noctule_nir::{
    Array, Conv2d, CubaLif, ExportOptions, Graph, ImportOptions, NodeKind, Pool2d, from_graph,
    to_graph,
};

pub fn graph_of(network: &Network<f64>) -> Graph {
    to_graph(network, &ExportOptions::default()).unwrap()
}

/// The message for a graph that `change` changed.
pub fn message(
    mut graph: Graph,
    options: &ImportOptions,
    change: impl FnOnce(&mut Graph),
) -> String {
    change(&mut graph);
    from_graph::<f32>(&graph, options).unwrap_err().to_string()
}

#[track_caller]
pub fn refuses(graph: Graph, change: impl FnOnce(&mut Graph), parts: &[&str]) {
    let message = message(graph, &ImportOptions::default(), change);
    for part in parts {
        assert!(message.contains(part), "should say `{part}`: {message}");
    }
}

pub fn lif(graph: &mut Graph, name: &str, change: impl FnOnce(&mut CubaLif)) {
    match &mut graph.nodes.get_mut(name).unwrap().kind {
        NodeKind::CubaLif(lif) => change(lif),
        other => panic!("{other:?}"),
    }
}

pub fn conv(graph: &mut Graph, change: impl FnOnce(&mut Conv2d)) {
    match &mut graph.nodes.get_mut("conv_0").unwrap().kind {
        NodeKind::Conv2d(conv) => change(conv),
        other => panic!("{other:?}"),
    }
}

pub fn pool(graph: &mut Graph, change: impl FnOnce(&mut Pool2d)) {
    match &mut graph.nodes.get_mut("pool_1").unwrap().kind {
        NodeKind::SumPool2d(pool) => change(pool),
        other => panic!("{other:?}"),
    }
}

pub fn edge(from: &str, to: &str) -> (String, String) {
    (from.to_owned(), to.to_owned())
}

pub fn list(values: &[f64]) -> Array {
    Array::list(values.to_vec())
}

/// Puts a node between two neighbours.
pub fn between(graph: &mut Graph, before: &str, after: &str, name: &str, kind: NodeKind) {
    let place = graph
        .edges
        .iter()
        .position(|own| *own == edge(before, after))
        .unwrap();
    graph.edges[place].1 = name.to_owned();
    graph.edges.push(edge(name, after));
    graph.nodes.insert(name.to_owned(), kind.into());
}
