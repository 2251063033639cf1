//! [`Metadata`]: texts and numbers that travel with a graph or a node.

use std::collections::BTreeMap;

use super::array::Array;

/// Texts and numbers by name. NIR keeps them and does not look at them; those of Noctule begin with `noctule_`.
pub type Metadata = BTreeMap<String, Value>;

/// A text or numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Any numbers; a single one has an empty shape.
    Numbers(Array),
}

impl Value {
    /// A single number.
    pub fn number(value: f64) -> Self {
        match Array::new(&[], vec![value]) {
            Some(array) => Self::Numbers(array),
            None => Self::Numbers(Array::list(vec![value])),
        }
    }

    /// The text; `None` for numbers.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is a single one.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Text(_) => None,
            Self::Integer(integer) => Some(*integer as f64),
            Self::Numbers(array) => match array.values() {
                [value] => Some(*value),
                _ => None,
            },
        }
    }

    /// The numbers; `None` for a text.
    pub fn to_array(&self) -> Option<Array> {
        match self {
            Self::Numbers(array) => Some(array.clone()),
            _ => Array::new(&[], vec![self.as_number()?]),
        }
    }
}
