//! [`FileProblem`]: what can be wrong with a file, before anybody asks whether it is a network; and with a graph that is to become
//! one.

use thiserror::Error;

/// What is wrong with the contents of a file. Nodes of graphs within graphs are named with a dot.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum FileProblem {
    /// The file has another format.
    #[error("this is not an HDF5 file, as NIR graphs are")]
    NotHdf5,
    /// The file breaks off or has damaged parts.
    #[error("the HDF5 file is truncated or damaged ({message})")]
    Damaged {
        /// What the reader of the format said.
        message: String,
    },
    /// The file claims to hold more than its length allows.
    #[error(
        "the file claims to hold more than {most} bytes, more than its length allows; it is damaged"
    )]
    Claim {
        /// What its length allows.
        most: u64,
    },
    /// There is no graph in the file.
    #[error(
        "there is no NIR graph in this file: it lacks the group `node`, and has {}",
        listed(found)
    )]
    NoGraph {
        /// What is there.
        found: Vec<String>,
    },
    /// A node lacks something.
    #[error("node `{node}` lacks `{field}`; it has {}", listed(found))]
    Missing {
        /// The node; empty for the graph itself.
        node: String,
        /// What is missing.
        field: &'static str,
        /// What is there.
        found: Vec<String>,
    },
    /// Something has elements of another type.
    #[error("node `{node}`: `{field}` holds {found}, but must hold {expected}")]
    Type {
        /// The node.
        node: String,
        /// The array.
        field: &'static str,
        /// What it holds.
        found: String,
        /// What it may hold.
        expected: &'static str,
    },
    /// Something has another number of dimensions, or of elements.
    #[error("node `{node}`: `{field}` has the shape {shape:?}, but must be {expected}")]
    Shape {
        /// The node.
        node: String,
        /// The array.
        field: &'static str,
        /// Its shape.
        shape: Vec<usize>,
        /// What it must be.
        expected: &'static str,
    },
    /// A number is not a whole one, or out of range.
    #[error("node `{node}`: `{field}` has {value}, but must have {expected}")]
    Number {
        /// The node.
        node: String,
        /// The array.
        field: &'static str,
        /// The number.
        value: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The file holds a node, but not a graph.
    #[error("the file holds a single node of the type {kind}, not a graph (NIRGraph)")]
    NotGraph {
        /// The type of the node.
        kind: String,
    },
    /// Graphs within graphs go too deep, perhaps for ever.
    #[error("node `{node}` is a graph within {most} graphs; deeper ones are not read")]
    TooDeep {
        /// The node.
        node: String,
        /// How deep graphs may be.
        most: usize,
    },
    /// There are very many nodes, perhaps without end.
    #[error("the file has more than {most} nodes; larger graphs are not read")]
    TooManyNodes {
        /// The most nodes.
        most: usize,
    },
}

/// A graph that cannot be written: the name of a node or of metadata is empty, or has a slash or a NUL in it.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("the graph cannot be written as HDF5: {0}")]
pub struct UnwritableGraph(pub(super) String);

fn listed(names: &[String]) -> String {
    const MOST: usize = 12;
    if names.is_empty() {
        return "nothing at all".to_owned();
    }
    let shown = names.iter().take(MOST).map(|name| format!("`{name}`"));
    let mut shown: Vec<String> = shown.collect();
    if names.len() > MOST {
        shown.push(format!("{} more", names.len() - MOST));
    }
    shown.join(", ")
}
