//! Graphs within a graph are put in the place of their node.

use std::collections::BTreeMap;

use super::{Graph, Node, NodeKind};
use crate::import::error::ImportError;

/// The same graph without graphs in it. The nodes of a graph `a` are called `a.name`, and its inputs and outputs become
/// nodes that do nothing.
///
/// # Errors
/// If a graph within the graph has not exactly one input and one output.
pub(crate) fn inlined(graph: &Graph) -> Result<Flat<'_>, ImportError> {
    let mut flat = Flat::default();
    flat.add(graph, "")?;
    Ok(flat)
}

/// A graph without graphs in it.
#[derive(Debug, Default)]
pub(crate) struct Flat<'a> {
    /// The nodes by name; `None` for one that does nothing.
    pub nodes: BTreeMap<String, Option<&'a Node>>,
    pub edges: Vec<(String, String)>,
}

impl<'a> Flat<'a> {
    /// Adds the nodes and edges of a graph whose names begin with `prefix`.
    fn add(&mut self, graph: &'a Graph, prefix: &str) -> Result<(), ImportError> {
        // What an edge to or from a node means: for a graph, its input and its output.
        let mut ends = BTreeMap::new();
        for (name, node) in &graph.nodes {
            let full = format!("{prefix}{name}");
            match &node.kind {
                NodeKind::Graph(inner) => {
                    let within = format!("{full}.");
                    self.add(inner, &within)?;
                    let [input, output] = ["Input", "Output"].map(|kind| only(inner, &full, kind));
                    let (input, output) = (input?, output?);
                    for end in [input, output] {
                        self.nodes.insert(format!("{within}{end}"), None);
                    }
                    ends.insert(
                        name,
                        (format!("{within}{input}"), format!("{within}{output}")),
                    );
                }
                _ => {
                    self.nodes.insert(full.clone(), Some(node));
                    ends.insert(name, (full.clone(), full));
                }
            }
        }
        for (from, to) in &graph.edges {
            let unknown = |missing: &str| ImportError::UnknownNode {
                from: format!("{prefix}{from}"),
                to: format!("{prefix}{to}"),
                missing: format!("{prefix}{missing}"),
            };
            let (_, start) = ends.get(from).ok_or_else(|| unknown(from))?;
            let (end, _) = ends.get(to).ok_or_else(|| unknown(to))?;
            self.edges.push((start.clone(), end.clone()));
        }
        Ok(())
    }
}

/// The only node of a kind in a graph within a graph, which is called `name`.
fn only<'a>(graph: &'a Graph, name: &str, kind: &'static str) -> Result<&'a str, ImportError> {
    let nodes = graph.nodes.iter();
    let found = nodes.filter(|(_, node)| node.kind.name() == kind);
    let found: Vec<&str> = found.map(|(name, _)| name.as_str()).collect();
    match found[..] {
        [only] => Ok(only),
        _ => Err(ImportError::Ends {
            graph: Some(name.to_owned()),
            kind,
            found: found.len(),
        }),
    }
}
