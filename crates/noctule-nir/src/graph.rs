//! [`Graph`]: a NIR graph as data, between files and networks.

pub(crate) mod array;
pub(crate) mod chain;
pub(crate) mod inline;
pub(crate) mod metadata;
pub(crate) mod nodes;

use std::collections::BTreeMap;

use array::{Array, Precision};
use metadata::Metadata;
use nodes::{Conv2d, CubaLif, Flatten, Pool2d};

/// A graph of the Neuromorphic Intermediate Representation. Nothing in it is checked; [`from_graph`](crate::from_graph)
/// says whether it is a network of Noctule.
///
/// Shapes are those of NIR: channels before rows and columns, without the samples of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// The nodes by name.
    pub nodes: BTreeMap<String, Node>,
    /// From the first node to the second.
    pub edges: Vec<(String, String)>,
    /// Texts and numbers that NIR keeps and does not look at.
    pub metadata: Metadata,
}

impl Graph {
    /// How exact the weights are: double if any are.
    pub fn precision(&self) -> Precision {
        let mut precisions = self.nodes.values().map(|node| match &node.kind {
            NodeKind::Affine { weight, .. } | NodeKind::Linear { weight } => weight.precision(),
            NodeKind::Conv2d(conv) => conv.weight.precision(),
            NodeKind::Graph(graph) => graph.precision(),
            _ => Precision::Single,
        });
        match precisions.any(|precision| precision == Precision::Double) {
            true => Precision::Double,
            false => Precision::Single,
        }
    }
}

/// A node of a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it computes.
    pub kind: NodeKind,
    /// Texts and numbers that NIR keeps and does not look at.
    pub metadata: Metadata,
}

impl From<NodeKind> for Node {
    fn from(kind: NodeKind) -> Self {
        Self {
            kind,
            metadata: Metadata::new(),
        }
    }
}

/// What a node computes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum NodeKind {
    /// Where spikes enter.
    Input {
        /// Shape of the population that they come from.
        shape: Vec<usize>,
    },
    /// Where spikes leave.
    Output {
        /// Shape of the population that they come from.
        shape: Vec<usize>,
    },
    /// Leaky integrate-and-fire neurons with synaptic currents.
    CubaLif(CubaLif),
    /// A matrix and a constant.
    Affine {
        /// Shape `[outputs, inputs]`.
        weight: Array,
        /// Shape `[outputs]`.
        bias: Array,
    },
    /// A matrix.
    Linear {
        /// Shape `[outputs, inputs]`.
        weight: Array,
    },
    /// A convolution of images.
    Conv2d(Conv2d),
    /// The sum over windows of an image.
    SumPool2d(Pool2d),
    /// The mean over windows of an image.
    AvgPool2d(Pool2d),
    /// An image as a list of numbers.
    Flatten(Flatten),
    /// A factor for each number.
    Scale {
        /// The factors.
        scale: Array,
    },
    /// A graph within the graph.
    Graph(Graph),
    /// What this crate has no mapping for; only its name is read.
    Other {
        /// The type that the file has for the node.
        name: String,
    },
}

impl NodeKind {
    /// The type as files have it.
    pub fn name(&self) -> &str {
        match self {
            Self::Input { .. } => "Input",
            Self::Output { .. } => "Output",
            Self::CubaLif(_) => "CubaLIF",
            Self::Affine { .. } => "Affine",
            Self::Linear { .. } => "Linear",
            Self::Conv2d(_) => "Conv2d",
            Self::SumPool2d(_) => "SumPool2d",
            Self::AvgPool2d(_) => "AvgPool2d",
            Self::Flatten(_) => "Flatten",
            Self::Scale { .. } => "Scale",
            Self::Graph(_) => "NIRGraph",
            Self::Other { name } => name,
        }
    }
}
