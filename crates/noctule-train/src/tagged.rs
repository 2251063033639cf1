//! Tables whose `kind` key says which further keys they may hold.
//!
//! serde's own internally tagged enums copy such a table before reading it, and the copy forgets the path, so a wrong
//! type would be reported for `layers.0` instead of `layers.0.theta`. Here the rest of the table is read in place as
//! soon as `kind` has been seen; [`Node`] always gives `kind` first. In tables from elsewhere it may come anywhere.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};

use crate::config::node::{KIND, Node};

/// An enum that knows how to read the keys of each of its kinds.
pub(crate) trait Tagged<'de>: Sized {
    /// The name of a kind.
    type Kind: Deserialize<'de>;

    /// Reads the remaining keys of a table of this kind.
    fn read<A: MapAccess<'de>>(
        kind: Self::Kind,
        rest: MapAccessDeserializer<A>,
    ) -> Result<Self, A::Error>;
}

pub(crate) struct TaggedVisitor<T>(pub PhantomData<T>);

impl<'de, T: Tagged<'de> + Deserialize<'de>> Visitor<'de> for TaggedVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a table with the key `kind`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let Some(first) = map.next_key::<String>()? else {
            return Err(A::Error::missing_field(KIND));
        };
        if first == KIND {
            let kind = map.next_value()?;
            return T::read(kind, MapAccessDeserializer::new(map));
        }
        let mut table = toml::Table::from_iter([(first, map.next_value()?)]);
        while let Some((key, value)) = map.next_entry()? {
            table.insert(key, value);
        }
        if !table.contains_key(KIND) {
            return Err(A::Error::missing_field(KIND));
        }
        T::deserialize(Node::from(table)).map_err(A::Error::custom)
    }
}

/// Implements `Deserialize` for an enum with one configuration struct per kind.
macro_rules! tagged_by_kind {
    ($tagged:ident { $($name:literal => $variant:ident($config:ty)),+ $(,)? }) => {
        const _: () = {
            #[derive(::serde::Deserialize)]
            pub enum Kind {
                $(#[serde(rename = $name)] $variant,)+
            }

            impl<'de> $crate::tagged::Tagged<'de> for $tagged {
                type Kind = Kind;

                fn read<A: ::serde::de::MapAccess<'de>>(
                    kind: Kind,
                    rest: ::serde::de::value::MapAccessDeserializer<A>,
                ) -> Result<Self, A::Error> {
                    match kind {
                        $(Kind::$variant => {
                            <$config as ::serde::Deserialize>::deserialize(rest).map($tagged::$variant)
                        })+
                    }
                }
            }

            impl<'de> ::serde::Deserialize<'de> for $tagged {
                fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    deserializer.deserialize_map($crate::tagged::TaggedVisitor(::std::marker::PhantomData))
                }
            }
        };
    };
}

pub(crate) use tagged_by_kind;
