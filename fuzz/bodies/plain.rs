//! JSON by another reader than ours: what the targets hold what was taken against.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A JSON value without repeated names.
pub(crate) fn read(text: &[u8]) -> serde_json::Result<Plain> {
    serde_json::from_slice(text)
}

/// As much of a JSON value as is looked at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Plain {
    Null,
    Bool(bool),
    /// A whole number that is not negative.
    Number(u64),
    /// Any other.
    OtherNumber,
    Text(String),
    Array(Vec<Plain>),
    Object(Vec<(String, Plain)>),
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Plainly)
    }
}

struct Plainly;

impl<'de> Visitor<'de> for Plainly {
    type Value = Plain;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E: Error>(self) -> Result<Plain, E> {
        Ok(Plain::Null)
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Plain, E> {
        Ok(Plain::Bool(value))
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<Plain, E> {
        Ok(Plain::OtherNumber)
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Plain, E> {
        Ok(Plain::Number(value))
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<Plain, E> {
        Ok(Plain::OtherNumber)
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<Plain, E> {
        Ok(Plain::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Plain, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element()? {
            elements.push(element);
        }
        Ok(Plain::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Plain, A::Error> {
        let (mut members, mut names) = (Vec::new(), HashSet::new());
        while let Some((name, value)) = access.next_entry::<String, Plain>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format!("{name:?} stands twice")));
            }
            members.push((name, value));
        }
        Ok(Plain::Object(members))
    }
}
