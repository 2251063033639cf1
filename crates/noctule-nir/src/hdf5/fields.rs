//! The arrays and texts of one node in a file.

use std::cell::Cell;
use std::collections::BTreeMap;

use hdf5_reader::error::Error;
use hdf5_reader::group::Group;
use hdf5_reader::{Dataset, Datatype, VarLenKind};

use super::numbers::NumberType;
use super::problem::FileProblem;
use crate::graph::array::Array;
use crate::graph::metadata::{Metadata, Value};

/// The group in which a node keeps texts and numbers of anybody's.
const METADATA: &str = "metadata";

/// How much may still be read from a file.
pub(super) struct Budget {
    most: u64,
    bytes: Cell<u64>,
    nodes: Cell<usize>,
    most_nodes: usize,
}

impl Budget {
    pub fn new(most: u64, most_nodes: usize) -> Self {
        Self {
            most,
            bytes: Cell::new(most),
            nodes: Cell::new(most_nodes),
            most_nodes,
        }
    }

    /// Takes a node off what may be read.
    pub fn take_node(&self) -> Result<(), FileProblem> {
        let most = self.most_nodes;
        let left = self.nodes.get().checked_sub(1);
        self.nodes
            .set(left.ok_or(FileProblem::TooManyNodes { most })?);
        Ok(())
    }

    fn take(&self, bytes: usize) -> Result<(), FileProblem> {
        let left = self.bytes.get().checked_sub(bytes as u64);
        let left = left.ok_or(FileProblem::Claim { most: self.most })?;
        self.bytes.set(left);
        Ok(())
    }
}

/// A group of a file.
pub(super) struct Fields<'a> {
    /// The name of the node.
    pub node: String,
    budget: &'a Budget,
    datasets: BTreeMap<String, Dataset>,
    groups: BTreeMap<String, Group>,
}

impl<'a> Fields<'a> {
    pub fn new(node: String, group: &Group, budget: &'a Budget) -> Result<Self, FileProblem> {
        let (groups, datasets) = group.members().map_err(|error| damaged(&error))?;
        let groups = groups
            .into_iter()
            .map(|group| (group.name().to_owned(), group));
        let datasets = datasets.into_iter().map(|set| (set.name().to_owned(), set));
        Ok(Self {
            node,
            budget,
            datasets: datasets.collect(),
            groups: groups.collect(),
        })
    }

    /// The groups in the group.
    pub fn group(&self, name: &'static str) -> Result<&Group, FileProblem> {
        self.groups.get(name).ok_or_else(|| self.missing(name))
    }

    fn dataset(&self, name: &'static str) -> Result<&Dataset, FileProblem> {
        self.datasets.get(name).ok_or_else(|| self.missing(name))
    }

    fn has(&self, name: &str) -> bool {
        self.datasets.contains_key(name)
    }

    fn missing(&self, field: &'static str) -> FileProblem {
        let found = self.groups.keys().chain(self.datasets.keys());
        FileProblem::Missing {
            node: self.node.clone(),
            field,
            found: found.cloned().collect(),
        }
    }

    /// Numbers of any shape.
    pub fn array(&self, name: &'static str) -> Result<Array, FileProblem> {
        let dataset = self.dataset(name)?;
        let kind = self.numbers(dataset, name, "numbers")?;
        let values = kind.floats(&self.bytes(dataset)?);
        let array = Array::new(&shape(dataset), values);
        let array = array.ok_or_else(|| self.claims_wrong_shape(name))?;
        Ok(array.in_precision(kind.precision()))
    }

    /// As [`array`](Self::array); `None` if it is not there.
    pub fn optional_array(&self, name: &'static str) -> Result<Option<Array>, FileProblem> {
        self.has(name).then(|| self.array(name)).transpose()
    }

    /// Whole numbers in a list, or a single one.
    pub fn integers(&self, name: &'static str) -> Result<Vec<i64>, FileProblem> {
        let dataset = self.dataset(name)?;
        let kind = self.numbers(dataset, name, "whole numbers")?;
        if dataset.ndim() > 1 {
            return Err(FileProblem::Shape {
                node: self.node.clone(),
                field: name,
                shape: shape(dataset),
                expected: "a list or a single number",
            });
        }
        let bytes = self.bytes(dataset)?;
        kind.integers(&bytes).ok_or_else(|| FileProblem::Number {
            node: self.node.clone(),
            field: name,
            value: format!("{:?}", kind.floats(&bytes)),
            expected: "whole numbers",
        })
    }

    /// As [`integers`](Self::integers); `None` if it is not there.
    pub fn optional_integers(&self, name: &'static str) -> Result<Option<Vec<i64>>, FileProblem> {
        self.has(name).then(|| self.integers(name)).transpose()
    }

    /// A single whole number.
    pub fn integer(&self, name: &'static str) -> Result<i64, FileProblem> {
        match self.integers(name)?[..] {
            [integer] => Ok(integer),
            ref others => Err(FileProblem::Shape {
                node: self.node.clone(),
                field: name,
                shape: vec![others.len()],
                expected: "a single number",
            }),
        }
    }

    /// The shape of a population: whole numbers of at least 1.
    pub fn lengths(&self, name: &'static str) -> Result<Vec<usize>, FileProblem> {
        let length = |value: i64| {
            let length = usize::try_from(value).ok().filter(|&length| length > 0);
            length.ok_or_else(|| FileProblem::Number {
                node: self.node.clone(),
                field: name,
                value: value.to_string(),
                expected: "whole numbers of at least 1",
            })
        };
        self.integers(name)?.into_iter().map(length).collect()
    }

    /// As [`lengths`](Self::lengths); `None` if it is not there.
    pub fn optional_lengths(&self, name: &'static str) -> Result<Option<Vec<usize>>, FileProblem> {
        self.has(name).then(|| self.lengths(name)).transpose()
    }

    /// A text.
    pub fn text(&self, name: &'static str) -> Result<String, FileProblem> {
        let texts = self.texts(name, 0)?;
        texts.into_iter().next().ok_or_else(|| self.missing(name))
    }

    /// Whether a field is there and holds text.
    pub fn is_text(&self, name: &str) -> bool {
        self.datasets
            .get(name)
            .is_some_and(|set| is_text(set.dtype()))
    }

    /// Pairs of texts.
    pub fn pairs(&self, name: &'static str) -> Result<Vec<(String, String)>, FileProblem> {
        let dataset = self.dataset(name)?;
        // An empty list has the type of numbers.
        if shape(dataset).contains(&0) {
            return Ok(Vec::new());
        }
        let texts = self.texts(name, 2)?;
        let (pairs, _) = texts.as_chunks();
        let pairs = pairs.iter().map(|[from, to]| (from.clone(), to.clone()));
        Ok(pairs.collect())
    }

    /// Texts with this number of dimensions, of which the second has two entries.
    fn texts(&self, name: &'static str, dimensions: usize) -> Result<Vec<String>, FileProblem> {
        let dataset = self.dataset(name)?;
        if !is_text(dataset.dtype()) {
            return Err(FileProblem::Type {
                node: self.node.clone(),
                field: name,
                found: type_name(dataset.dtype()),
                expected: "text",
            });
        }
        let shape = shape(dataset);
        let fits = match dimensions {
            0 => shape.iter().all(|&length| length == 1),
            _ => matches!(shape[..], [_, 2]),
        };
        if !fits {
            return Err(FileProblem::Shape {
                node: self.node.clone(),
                field: name,
                shape,
                expected: if dimensions == 0 {
                    "a single text"
                } else {
                    "pairs of texts"
                },
            });
        }
        self.strings(dataset)
    }

    /// The texts and numbers of anybody's; others there, such as groups, are passed over.
    pub fn metadata(&self) -> Result<Metadata, FileProblem> {
        let Some(group) = self.groups.get(METADATA) else {
            return Ok(Metadata::new());
        };
        let fields = Fields::new(format!("{}.{METADATA}", self.node), group, self.budget)?;
        let mut metadata = Metadata::new();
        for (name, dataset) in &fields.datasets {
            if let Some(value) = fields.value(dataset)? {
                metadata.insert(name.clone(), value);
            }
        }
        Ok(metadata)
    }

    fn value(&self, dataset: &Dataset) -> Result<Option<Value>, FileProblem> {
        if is_text(dataset.dtype()) {
            let mut texts = self.strings(dataset)?;
            let only = if texts.len() == 1 { texts.pop() } else { None };
            return Ok(only.map(Value::Text));
        }
        let Some(kind) = NumberType::of(dataset.dtype()) else {
            return Ok(None);
        };
        let bytes = self.bytes(dataset)?;
        if kind.is_integer() && dataset.ndim() == 0 {
            let integer = kind
                .integers(&bytes)
                .and_then(|integers| integers.first().copied());
            return Ok(integer.map(Value::Integer));
        }
        let array = Array::new(&shape(dataset), kind.floats(&bytes));
        Ok(array.map(|array| Value::Numbers(array.in_precision(kind.precision()))))
    }

    fn numbers(
        &self,
        dataset: &Dataset,
        field: &'static str,
        expected: &'static str,
    ) -> Result<NumberType, FileProblem> {
        NumberType::of(dataset.dtype()).ok_or_else(|| FileProblem::Type {
            node: self.node.clone(),
            field,
            found: type_name(dataset.dtype()),
            expected,
        })
    }

    fn bytes(&self, dataset: &Dataset) -> Result<Vec<u8>, FileProblem> {
        self.check_claim(dataset)?;
        dataset
            .read_raw_bytes()
            .map_err(|error| self.unreadable(&error))
    }

    fn strings(&self, dataset: &Dataset) -> Result<Vec<String>, FileProblem> {
        self.check_claim(dataset)?;
        let strings = dataset
            .read_strings()
            .map_err(|error| self.unreadable(&error))?;
        self.budget.take(strings.iter().map(String::len).sum())?;
        Ok(strings)
    }

    fn check_claim(&self, dataset: &Dataset) -> Result<(), FileProblem> {
        let length = dataset.raw_byte_len().map_err(|error| damaged(&error))?;
        self.budget.take(length)
    }

    fn unreadable(&self, error: &Error) -> FileProblem {
        match error {
            Error::ResourceLimit(_) => FileProblem::Claim {
                most: self.budget.most,
            },
            error => damaged(error),
        }
    }

    fn claims_wrong_shape(&self, field: &'static str) -> FileProblem {
        FileProblem::Damaged {
            message: format!(
                "`{field}` of node `{}` has fewer numbers than its shape says",
                self.node
            ),
        }
    }
}

pub(super) fn damaged(error: &Error) -> FileProblem {
    FileProblem::Damaged {
        message: error.to_string(),
    }
}

fn shape(dataset: &Dataset) -> Vec<usize> {
    let lengths = dataset.shape().iter();
    lengths
        .map(|&length| usize::try_from(length).unwrap_or(usize::MAX))
        .collect()
}

fn is_text(datatype: &Datatype) -> bool {
    match datatype {
        Datatype::String { .. } => true,
        Datatype::VarLen { kind, .. } => *kind == VarLenKind::String,
        _ => false,
    }
}

/// What a message calls a type.
fn type_name(datatype: &Datatype) -> String {
    match datatype {
        _ if NumberType::of(datatype).is_some() => "numbers",
        Datatype::String { .. } => "text",
        Datatype::VarLen { .. } => "lists of variable length",
        Datatype::Compound { .. } => "compounds",
        _ => "another class of HDF5",
    }
    .to_owned()
}
