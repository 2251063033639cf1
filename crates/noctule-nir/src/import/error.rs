//! [`ImportError`]: why a graph is not a network of Noctule.

use noctule_core::{LayerError, NetworkError};
use thiserror::Error;

/// Why a graph is not a network of Noctule. Nodes are named as in the graph.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ImportError {
    /// A node computes what Noctule has no counterpart for.
    #[error("node `{node}` is of the type {kind}: {advice}")]
    Kind {
        /// The node.
        node: String,
        /// Its type.
        kind: String,
        /// What Noctule has.
        advice: &'static str,
    },
    /// There are not exactly one input and one output.
    #[error(
        "{} has {found} nodes of the type {kind}, but must have one",
        graph.as_ref().map_or("the graph".to_owned(), |name| format!("the graph in node `{name}`"))
    )]
    Ends {
        /// The graph within the graph; `None` for the whole.
        graph: Option<String>,
        /// `Input` or `Output`.
        kind: &'static str,
        /// How many there are.
        found: usize,
    },
    /// An edge begins or ends at a node that is not there.
    #[error("the edge from `{from}` to `{to}` names the node `{missing}`, which is not there")]
    UnknownNode {
        /// Where the edge begins.
        from: String,
        /// Where it ends.
        to: String,
        /// The node that is not there.
        missing: String,
    },
    /// An edge is there twice.
    #[error("the edge from `{from}` to `{to}` is there twice")]
    TwoEdges {
        /// Where the edge begins.
        from: String,
        /// Where it ends.
        to: String,
    },
    /// The graph has a circle.
    #[error(
        "the edge from `{from}` to `{to}` closes a circle: Noctule has no recurrent connections"
    )]
    Recurrent {
        /// Where the edge begins.
        from: String,
        /// Where it ends.
        to: String,
    },
    /// Several nodes come after one.
    #[error(
        "node `{node}` leads to {}: a network of Noctule is a chain, without branches",
        listed(others)
    )]
    Branch {
        /// The node.
        node: String,
        /// The nodes after it.
        others: Vec<String>,
    },
    /// Several nodes come before one.
    #[error(
        "node `{node}` receives from {}: a network of Noctule is a chain, without branches",
        listed(others)
    )]
    Merge {
        /// The node.
        node: String,
        /// The nodes before it.
        others: Vec<String>,
    },
    /// A node is not on the way from the input.
    #[error("node `{node}` is not on the way from the input `{start}`")]
    Beside {
        /// The node.
        node: String,
        /// The input.
        start: String,
    },
    /// The chain does not end at the output.
    #[error("the chain from the input ends at `{node}`, not at the output `{output}`")]
    AfterOutput {
        /// The output.
        output: String,
        /// The last node.
        node: String,
    },
    /// A node has no meaning where it stands.
    #[error("node `{node}` ({kind}) {problem}")]
    Order {
        /// The node.
        node: String,
        /// Its type.
        kind: String,
        /// What is wrong, as the rest of a sentence.
        problem: String,
    },
    /// A number has no counterpart.
    #[error(
        "node `{node}`: {field}{} is {value:?}, but must be {rule}",
        place(index)
    )]
    Value {
        /// The node.
        node: String,
        /// The array.
        field: &'static str,
        /// Index of the number in the array.
        index: Vec<usize>,
        /// The number.
        value: f64,
        /// What is accepted.
        rule: &'static str,
    },
    /// Sizes or a word have no counterpart.
    #[error("node `{node}`: {field} is {value}, but must be {rule}")]
    Setting {
        /// The node.
        node: String,
        /// The setting.
        field: &'static str,
        /// Its value.
        value: String,
        /// What is accepted.
        rule: &'static str,
    },
    /// An array has another shape than its place in the graph asks for.
    #[error("node `{node}`: {field} has the shape {found:?}, but {expected} is needed")]
    Shape {
        /// The node.
        node: String,
        /// The array.
        field: &'static str,
        /// Its shape.
        found: Vec<usize>,
        /// What is needed.
        expected: String,
    },
    /// A layer was refused.
    #[error("node `{node}`: {source}")]
    Layer {
        /// The node.
        node: String,
        /// What is wrong.
        source: LayerError,
    },
    /// The layers do not fit one another.
    #[error("node `{node}`: {source}")]
    Network {
        /// The node.
        node: String,
        /// What is wrong.
        source: NetworkError,
    },
    /// Nobody says when a sample ends.
    #[error(
        "node `{node}`: NIR does not say when a sample ends; t_max must be given, in seconds (--t-max)"
    )]
    EndOfSample {
        /// The node.
        node: String,
    },
    /// A time step is not a positive number.
    #[error("the time step dt is {dt:?} s, but must be a finite number of seconds greater than 0")]
    TimeStep {
        /// The step, in seconds.
        dt: f64,
    },
    /// A time step is asked for that is not the one that the graph was written for.
    #[error("the graph was written for {}, not for a time step of {asked:?} s; leave dt out", step(*written))]
    OtherTimeStep {
        /// The step that the graph was written for, in seconds; `None` for none.
        written: Option<f64>,
        /// The step that was asked for, in seconds.
        asked: f64,
    },
}

fn step(written: Option<f64>) -> String {
    written.map_or("spikes without a length".to_owned(), |dt| {
        format!("a time step of {dt:?} s")
    })
}

fn listed(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(" and ")
}

fn place(index: &[usize]) -> String {
    match index {
        [] => String::new(),
        _ => format!("{index:?}"),
    }
}
