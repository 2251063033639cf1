//! Reading a TOML value with errors that keep their parts (key, known keys, found and expected type), where the `toml`
//! crate's are finished sentences.

use std::fmt::Display;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use toml::Value;

/// The key that says which further keys a table may hold.
pub(crate) const KIND: &str = "kind";

/// Why a value does not fit its place; the path is known to the caller.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SchemaError {
    #[error("`{key}` is not known")]
    UnknownKey {
        key: String,
        known: &'static [&'static str],
    },
    #[error("`{0}` is missing")]
    MissingKey(&'static str),
    #[error("`{found}` is none of {known:?}")]
    UnknownVariant {
        found: String,
        known: &'static [&'static str],
    },
    #[error("{found}, expected {expected}")]
    WrongType { found: String, expected: String },
    #[error("{0}")]
    Other(String),
}

impl Error for SchemaError {
    fn custom<T: Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn invalid_type(found: Unexpected, expected: &dyn Expected) -> Self {
        Self::WrongType {
            found: found.to_string(),
            expected: in_plain_words(expected),
        }
    }

    fn invalid_value(found: Unexpected, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::WrongType {
            found: format!("{length} values"),
            expected: in_plain_words(expected),
        }
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        Self::UnknownKey {
            key: field.to_owned(),
            known,
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::MissingKey(field)
    }

    fn unknown_variant(variant: &str, known: &'static [&'static str]) -> Self {
        Self::UnknownVariant {
            found: variant.to_owned(),
            known,
        }
    }
}

fn in_plain_words(expected: &dyn Expected) -> String {
    let words = expected.to_string();
    match words.as_str() {
        "f64" => "a number".to_owned(),
        "usize" | "u64" => "a whole number, 0 or greater".to_owned(),
        _ if words.starts_with("struct ") || words == "a map" => "a table".to_owned(),
        "a sequence" => "an array".to_owned(),
        _ => words.replace("an array of length", "an array of length exactly"),
    }
}

/// A TOML value that serde can read from; tables give `kind` before their other keys.
#[derive(Clone, Debug)]
pub(crate) struct Node(Value);

impl From<toml::Table> for Node {
    fn from(table: toml::Table) -> Self {
        Self(Value::Table(table))
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl IntoDeserializer<'_, SchemaError> for Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Node {
    type Error = SchemaError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SchemaError> {
        match self.0 {
            Value::String(text) => visitor.visit_string(text),
            Value::Integer(number) => visitor.visit_i64(number),
            Value::Float(number) => visitor.visit_f64(number),
            Value::Boolean(truth) => visitor.visit_bool(truth),
            Value::Datetime(_) => Err(SchemaError::invalid_type(
                Unexpected::Other("a date or time"),
                &visitor,
            )),
            Value::Array(values) => {
                let mut values = SeqDeserializer::new(values.into_iter().map(Self));
                let read = visitor.visit_seq(&mut values)?;
                values.end().map(|()| read)
            }
            Value::Table(mut table) => {
                let kind = table.remove_entry(KIND);
                let entries = kind.into_iter().chain(table);
                let mut entries =
                    MapDeserializer::new(entries.map(|(key, value)| (key, Self(value))));
                let read = visitor.visit_map(&mut entries)?;
                entries.end().map(|()| read)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SchemaError> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SchemaError> {
        match self.0 {
            Value::String(text) => visitor.visit_enum(text.into_deserializer()),
            other => Err(SchemaError::invalid_type(
                Unexpected::Other(other.type_str()),
                &"a string",
            )),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, SchemaError> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}
