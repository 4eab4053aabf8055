//! JSON as tokens and key sets hold it, read strictly: no member twice, bounded nesting, numbers kept apart by kind.
//!
//! Strict, because what two readers of a token understand differently is a hole: RFC 7519, section 4, lets a reader
//! refuse a repeated claim or take the last one, and others take the first. It judges no meaning.

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

use crate::limits;

/// A value. Integers that 64 bits do not hold are `Float`, as is everything with a fraction or an exponent.
#[derive(Clone, PartialEq)]
pub(in crate::auth) enum Json {
    Null,
    Bool(bool),
    Unsigned(u64),
    Negative,
    Float,
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// The text is not JSON, or not as strict as this asks. It repeats nothing of the text, which may be secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::auth) struct NotJson;

impl Json {
    /// Reads one object and nothing after it.
    pub(in crate::auth) fn object(bytes: &[u8]) -> Result<Vec<(String, Self)>, NotJson> {
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let value = Seed { depth: 0 }.deserialize(&mut reader).map_err(|_| NotJson)?;
        reader.end().map_err(|_| NotJson)?;
        match value {
            Self::Object(members) => Ok(members),
            _ => Err(NotJson),
        }
    }
}

/// The member of this name.
pub(in crate::auth) fn member<'a>(members: &'a [(String, Json)], name: &str) -> Option<&'a Json> {
    members.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// Reads a value that stands `depth` levels deep.
#[derive(Clone, Copy)]
struct Seed {
    depth: usize,
}

impl Seed {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth >= limits::JSON_DEPTH_MAX {
            return Err(E::custom("nested too deep"));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Json;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Unsigned(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(u64::try_from(value).map_or(Json::Negative, Json::Unsigned))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Float)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Json, A::Error> {
        let seed = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element_seed(seed)? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let seed = self.deeper()?;
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut names = std::collections::HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom("a member twice"));
            }
            members.push((name, map.next_value_seed(seed)?));
        }
        Ok(Json::Object(members))
    }
}
