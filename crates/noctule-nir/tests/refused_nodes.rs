//! Nodes that Noctule has no layer for, each by a single change: the message names the node and the value.

#[expect(dead_code, reason = "other tests need more of it")]
mod common;

use common::graphs::{between, conv, edge, graph_of, list, pool, refuses};
use common::{convolutional, dense};
use noctule_nir::{
    Array, Conv2d, Flatten, Graph, ImportOptions, Node, NodeKind, Padding, Pool2d, from_graph,
};

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
        &["node `x`: scale has the shape [0]", "[5]"],
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
