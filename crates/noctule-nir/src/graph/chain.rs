//! The nodes of a graph in the order in which spikes pass them.

use std::collections::{BTreeMap, BTreeSet};

use super::inline::Flat;
use super::{Node, NodeKind};
use crate::import::error::ImportError;

/// The nodes of a graph from its input to its output, without those that do nothing.
///
/// # Errors
/// If the graph is not a chain: it has circles, branches, nodes beside the chain, or not exactly one input and one output.
pub(crate) fn chain<'a>(flat: &'a Flat<'_>) -> Result<Vec<(&'a str, &'a Node)>, ImportError> {
    let neighbours = Neighbours::of(flat)?;
    let start = only_end(flat, "Input", |kind| matches!(kind, NodeKind::Input { .. }))?;
    let end = only_end(flat, "Output", |kind| {
        matches!(kind, NodeKind::Output { .. })
    })?;
    if let Some((from, to)) = neighbours.circle() {
        return Err(ImportError::Recurrent { from, to });
    }
    neighbours.check_branches()?;
    let (mut order, mut passed) = (Vec::new(), BTreeSet::new());
    let mut place = Some(start);
    while let Some(name) = place {
        passed.insert(name);
        if let Some(Some(node)) = flat.nodes.get(name) {
            order.push((name, *node));
        }
        place = neighbours
            .after
            .get(name)
            .and_then(|after| after.first().copied());
    }
    if let Some(beside) = flat
        .nodes
        .keys()
        .find(|name| !passed.contains(name.as_str()))
    {
        return Err(ImportError::Beside {
            node: beside.clone(),
            start: start.to_owned(),
        });
    }
    match order.last() {
        Some((last, _)) if *last == end => Ok(order),
        last => Err(ImportError::AfterOutput {
            output: end.to_owned(),
            node: last.map_or(String::new(), |(name, _)| (*name).to_owned()),
        }),
    }
}

/// The only input or output.
fn only_end<'a>(
    flat: &'a Flat<'_>,
    kind: &'static str,
    is: impl Fn(&NodeKind) -> bool,
) -> Result<&'a str, ImportError> {
    let nodes = flat.nodes.iter();
    let ends = nodes.filter(|(_, node)| node.is_some_and(|node| is(&node.kind)));
    let ends: Vec<&str> = ends.map(|(name, _)| name.as_str()).collect();
    match ends[..] {
        [only] => Ok(only),
        _ => Err(ImportError::Ends {
            graph: None,
            kind,
            found: ends.len(),
        }),
    }
}

/// The nodes after and before each node.
struct Neighbours<'a> {
    after: BTreeMap<&'a str, Vec<&'a str>>,
    before: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Neighbours<'a> {
    fn of(flat: &'a Flat<'_>) -> Result<Self, ImportError> {
        let (mut after, mut before) = (BTreeMap::new(), BTreeMap::new());
        let mut seen = BTreeSet::new();
        for (from, to) in &flat.edges {
            let (from, to) = (from.as_str(), to.as_str());
            if !seen.insert((from, to)) {
                return Err(ImportError::TwoEdges {
                    from: from.to_owned(),
                    to: to.to_owned(),
                });
            }
            after.entry(from).or_insert_with(Vec::new).push(to);
            before.entry(to).or_insert_with(Vec::new).push(from);
        }
        Ok(Self { after, before })
    }

    /// Two neighbours in a circle, if there is one.
    fn circle(&self) -> Option<(String, String)> {
        // Nodes that only circles, or what comes after them, lead to are left over.
        let mut missing: BTreeMap<&str, usize> = self
            .before
            .iter()
            .map(|(name, before)| (*name, before.len()))
            .collect();
        let starts = self
            .after
            .keys()
            .filter(|name| !missing.contains_key(*name));
        let mut ready: Vec<&str> = starts.copied().collect();
        while let Some(name) = ready.pop() {
            for &next in self.after.get(name).into_iter().flatten() {
                let left = missing.get_mut(next)?;
                *left -= 1;
                if *left == 0 {
                    missing.remove(next);
                    ready.push(next);
                }
            }
        }
        // Whoever goes back among what is left arrives at a node for the second time.
        let mut place = *missing.keys().next()?;
        let mut passed = BTreeSet::new();
        loop {
            let before = self.before.get(place).into_iter().flatten();
            let from = before.copied().find(|name| missing.contains_key(name))?;
            if !passed.insert(place) {
                return Some((from.to_owned(), place.to_owned()));
            }
            place = from;
        }
    }

    fn check_branches(&self) -> Result<(), ImportError> {
        let lists = [(&self.after, true), (&self.before, false)];
        for (lists, is_after) in lists {
            if let Some((name, others)) = lists.iter().find(|(_, others)| others.len() > 1) {
                let others = others.iter().map(|&name| name.to_owned()).collect();
                let node = (*name).to_owned();
                return Err(match is_after {
                    true => ImportError::Branch { node, others },
                    false => ImportError::Merge { node, others },
                });
            }
        }
        Ok(())
    }
}
