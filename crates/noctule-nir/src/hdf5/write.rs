//! Writes a graph as an HDF5 file that `nir.read` reads.

use hdf5_pure::{FileBuilder, GroupBuilder};

use super::problem::UnwritableGraph;
use crate::graph::array::{Array, Precision};
use crate::graph::metadata::{Metadata, Value};
use crate::graph::nodes::{Conv2d, CubaLif, Padding, Pool2d};
use crate::graph::{Graph, Node, NodeKind};

/// The version of PyPI's `nir` whose files these are like.
const VERSION: &str = "1.0.8";

impl Graph {
    /// The graph as the bytes of an HDF5 file, as PyPI's `nir.write` makes them. Equal graphs give equal bytes.
    ///
    /// # Errors
    /// If the name of a node cannot be that of a group of HDF5: it is empty, or has a slash or a NUL in it.
    pub fn to_bytes(&self) -> Result<Vec<u8>, UnwritableGraph> {
        let mut file = FileBuilder::new();
        file.create_dataset("version")
            .with_vlen_strings(&[VERSION])
            .with_shape(&[]);
        let mut root = file.create_group("node");
        write_graph(&mut root, self);
        file.add_group(root.finish());
        file.finish()
            .map_err(|error| UnwritableGraph(error.to_string()))
    }
}

fn write_graph(group: &mut GroupBuilder, graph: &Graph) {
    text(group, "type", "NIRGraph");
    let mut nodes = group.create_group("nodes");
    for (name, node) in &graph.nodes {
        let mut inner = nodes.create_group(name);
        write_node(&mut inner, node);
        nodes.add_group(inner.finish());
    }
    group.add_group(nodes.finish());
    let edges = graph.edges.iter();
    let edges: Vec<&str> = edges
        .flat_map(|(from, to)| [from.as_str(), to.as_str()])
        .collect();
    group
        .create_dataset("edges")
        .with_vlen_strings(&edges)
        .with_shape(&[graph.edges.len() as u64, 2]);
    write_metadata(group, &graph.metadata);
}

fn write_node(group: &mut GroupBuilder, node: &Node) {
    if let NodeKind::Graph(graph) = &node.kind {
        write_graph(group, graph);
        return;
    }
    text(group, "type", node.kind.name());
    match &node.kind {
        NodeKind::Input { shape } | NodeKind::Output { shape } => lengths(group, "shape", shape),
        NodeKind::CubaLif(neurons) => write_cuba_lif(group, neurons),
        NodeKind::Affine { weight, bias } => {
            array(group, "weight", weight);
            array(group, "bias", bias);
        }
        NodeKind::Linear { weight } => array(group, "weight", weight),
        NodeKind::Conv2d(conv) => write_conv2d(group, conv),
        NodeKind::SumPool2d(pool) | NodeKind::AvgPool2d(pool) => write_pool2d(group, pool),
        NodeKind::Flatten(flatten) => {
            if let Some(input) = &flatten.input {
                lengths(group, "input_type", input);
            }
            integer(group, "start_dim", flatten.start_dim);
            integer(group, "end_dim", flatten.end_dim);
        }
        NodeKind::Scale { scale } => array(group, "scale", scale),
        NodeKind::Graph(_) | NodeKind::Other { .. } => {}
    }
    write_metadata(group, &node.metadata);
}

fn write_cuba_lif(group: &mut GroupBuilder, neurons: &CubaLif) {
    for (name, values) in [
        ("tau_syn", Some(&neurons.tau_syn)),
        ("tau_mem", Some(&neurons.tau_mem)),
        ("r", Some(&neurons.r)),
        ("v_leak", Some(&neurons.v_leak)),
        ("v_threshold", Some(&neurons.v_threshold)),
        ("v_reset", neurons.v_reset.as_ref()),
        ("w_in", neurons.w_in.as_ref()),
    ] {
        if let Some(values) = values {
            array(group, name, values);
        }
    }
}

fn write_conv2d(group: &mut GroupBuilder, conv: &Conv2d) {
    if let Some(shape) = &conv.input_shape {
        integers(group, "input_shape", shape);
    }
    array(group, "weight", &conv.weight);
    integers(group, "stride", &conv.stride);
    match &conv.padding {
        Padding::Sizes(sizes) => integers(group, "padding", sizes),
        Padding::Named(name) => text(group, "padding", name),
    }
    integers(group, "dilation", &conv.dilation);
    integer(group, "groups", conv.groups);
    array(group, "bias", &conv.bias);
}

fn write_pool2d(group: &mut GroupBuilder, pool: &Pool2d) {
    integers(group, "kernel_size", &pool.kernel_size);
    integers(group, "stride", &pool.stride);
    integers(group, "padding", &pool.padding);
}

fn write_metadata(group: &mut GroupBuilder, metadata: &Metadata) {
    if metadata.is_empty() {
        return;
    }
    let mut inner = group.create_group("metadata");
    for (name, value) in metadata {
        match value {
            Value::Text(value) => text(&mut inner, name, value),
            Value::Integer(value) => integer(&mut inner, name, *value),
            Value::Numbers(value) => array(&mut inner, name, value),
        }
    }
    group.add_group(inner.finish());
}

fn text(group: &mut GroupBuilder, name: &str, value: &str) {
    let dataset = group.create_dataset(name);
    dataset.with_vlen_strings(&[value]).with_shape(&[]);
}

fn integer(group: &mut GroupBuilder, name: &str, value: i64) {
    group
        .create_dataset(name)
        .with_i64_data(&[value])
        .with_shape(&[]);
}

fn integers(group: &mut GroupBuilder, name: &str, values: &[i64]) {
    group.create_dataset(name).with_i64_data(values);
}

fn lengths(group: &mut GroupBuilder, name: &str, values: &[usize]) {
    let values: Vec<i64> = values.iter().map(|&value| value as i64).collect();
    integers(group, name, &values);
}

fn array(group: &mut GroupBuilder, name: &str, array: &Array) {
    let dataset = group.create_dataset(name);
    match array.precision() {
        Precision::Single => {
            let values: Vec<f32> = array.values().iter().map(|&value| value as f32).collect();
            dataset.with_f32_data(&values)
        }
        Precision::Double => dataset.with_f64_data(array.values()),
    };
    let shape: Vec<u64> = array.shape().iter().map(|&length| length as u64).collect();
    dataset.with_shape(&shape);
}
