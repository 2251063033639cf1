//! Reads a graph from an HDF5 file.

use std::collections::BTreeMap;

use hdf5_reader::group::Group;
use hdf5_reader::{Hdf5File, OpenOptions};

use super::fields::{Budget, Fields, damaged};
use super::problem::FileProblem;
use crate::graph::nodes::{Conv2d, CubaLif, Flatten, Padding, Pool2d};
use crate::graph::{Graph, Node, NodeKind};

/// The most bytes that a compressed part of a file may stand for, for each byte of the file.
const LARGEST_RATIO: u64 = 1032;
/// The most nodes of a file.
const MOST_NODES: usize = 10_000;
/// How many graphs a graph may be within.
const DEEPEST: usize = 8;
/// What HDF5 files begin with, at 0 or at a power of two from 512.
const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";
/// The group that holds the graph.
const ROOT: &str = "node";

impl Graph {
    /// Reads a graph from the bytes of an HDF5 file.
    ///
    /// # Errors
    /// If the file is not in the format, is damaged, or lacks something of a node.
    pub fn parse(bytes: &[u8]) -> Result<Self, FileProblem> {
        if !has_signature(bytes) {
            return Err(FileProblem::NotHdf5);
        }
        let most = (bytes.len() as u64).saturating_mul(LARGEST_RATIO);
        let limit = usize::try_from(most).unwrap_or(usize::MAX);
        let options = OpenOptions::default()
            .with_max_read_bytes(limit)
            .with_max_chunk_bytes(limit);
        let file = Hdf5File::from_bytes_with_options(bytes, options);
        let file = file.map_err(|error| damaged(&error))?;
        let root = file.root_group().map_err(|error| damaged(&error))?;
        let (groups, datasets) = root.members().map_err(|error| damaged(&error))?;
        let Some(group) = groups.iter().find(|group| group.name() == ROOT) else {
            let groups = groups.iter().map(|group| group.name().to_owned());
            let datasets = datasets.iter().map(|dataset| dataset.name().to_owned());
            return Err(FileProblem::NoGraph {
                found: groups.chain(datasets).collect(),
            });
        };
        let budget = Budget::new(most, MOST_NODES);
        let node = read_node(ROOT.to_owned(), group, &budget, 0)?;
        match node.kind {
            NodeKind::Graph(graph) => Ok(graph),
            kind => Err(FileProblem::NotGraph {
                kind: kind.name().to_owned(),
            }),
        }
    }
}

fn has_signature(bytes: &[u8]) -> bool {
    let blocks = std::iter::successors(Some(512), |&start: &usize| start.checked_mul(2));
    let mut starts = std::iter::once(0)
        .chain(blocks)
        .take_while(|&start| start < bytes.len());
    starts.any(|start| bytes[start..].starts_with(SIGNATURE))
}

/// The node in a group, which is within `depth` graphs.
fn read_node(
    name: String,
    group: &Group,
    budget: &Budget,
    depth: usize,
) -> Result<Node, FileProblem> {
    budget.take_node()?;
    let fields = Fields::new(name, group, budget)?;
    let kind = match fields.text("type")?.as_str() {
        "Input" => NodeKind::Input {
            shape: fields.lengths("shape")?,
        },
        "Output" => NodeKind::Output {
            shape: fields.lengths("shape")?,
        },
        "CubaLIF" => NodeKind::CubaLif(cuba_lif(&fields)?),
        "Affine" => NodeKind::Affine {
            weight: fields.array("weight")?,
            bias: fields.array("bias")?,
        },
        "Linear" => NodeKind::Linear {
            weight: fields.array("weight")?,
        },
        "Conv2d" => NodeKind::Conv2d(conv2d(&fields)?),
        "SumPool2d" => NodeKind::SumPool2d(pool2d(&fields)?),
        "AvgPool2d" => NodeKind::AvgPool2d(pool2d(&fields)?),
        "Flatten" => NodeKind::Flatten(Flatten {
            input: fields.optional_lengths("input_type")?,
            start_dim: fields.integer("start_dim")?,
            end_dim: fields.integer("end_dim")?,
        }),
        "Scale" => NodeKind::Scale {
            scale: fields.array("scale")?,
        },
        "NIRGraph" => NodeKind::Graph(read_graph(&fields, budget, depth)?),
        other => NodeKind::Other {
            name: other.to_owned(),
        },
    };
    // That of a graph is its own.
    let metadata = match kind {
        NodeKind::Graph(_) => Default::default(),
        _ => fields.metadata()?,
    };
    Ok(Node { kind, metadata })
}

fn read_graph(fields: &Fields<'_>, budget: &Budget, depth: usize) -> Result<Graph, FileProblem> {
    if depth > DEEPEST {
        return Err(FileProblem::TooDeep {
            node: fields.node.clone(),
            most: DEEPEST,
        });
    }
    let groups = fields
        .group("nodes")?
        .groups()
        .map_err(|error| damaged(&error))?;
    let mut nodes = BTreeMap::new();
    for group in groups {
        let name = match depth {
            0 => group.name().to_owned(),
            _ => format!("{}.{}", fields.node, group.name()),
        };
        let node = read_node(name, &group, budget, depth + 1)?;
        nodes.insert(group.name().to_owned(), node);
    }
    Ok(Graph {
        nodes,
        edges: fields.pairs("edges")?,
        metadata: fields.metadata()?,
    })
}

fn cuba_lif(fields: &Fields<'_>) -> Result<CubaLif, FileProblem> {
    Ok(CubaLif {
        tau_syn: fields.array("tau_syn")?,
        tau_mem: fields.array("tau_mem")?,
        r: fields.array("r")?,
        v_leak: fields.array("v_leak")?,
        v_threshold: fields.array("v_threshold")?,
        v_reset: fields.optional_array("v_reset")?,
        w_in: fields.optional_array("w_in")?,
    })
}

fn conv2d(fields: &Fields<'_>) -> Result<Conv2d, FileProblem> {
    let padding = match fields.is_text("padding") {
        true => Padding::Named(fields.text("padding")?),
        false => Padding::Sizes(fields.integers("padding")?),
    };
    Ok(Conv2d {
        input_shape: fields.optional_integers("input_shape")?,
        weight: fields.array("weight")?,
        stride: fields.integers("stride")?,
        padding,
        dilation: fields.integers("dilation")?,
        groups: fields.integer("groups")?,
        bias: fields.array("bias")?,
    })
}

fn pool2d(fields: &Fields<'_>) -> Result<Pool2d, FileProblem> {
    Ok(Pool2d {
        kernel_size: fields.integers("kernel_size")?,
        stride: fields.integers("stride")?,
        padding: fields.integers("padding")?,
    })
}
