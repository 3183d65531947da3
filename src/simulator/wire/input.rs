//! What a client sent, without its protocol: forms, paths and query strings say everything as text, and a structure
//! gives it types by asking for them; JSON says some types itself.

mod error;

use serde::de::value::StringDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Number, Value};

use super::protocol::Protocol;
pub use error::InputError;

/// The members of a request, and in which protocol they came.
#[derive(Debug, Clone)]
pub struct Input {
    pub protocol: Protocol,
    pub members: Tree,
}

impl Input {
    /// Reads the input as `T`; members that `T` does not know are an error that names them.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, InputError> {
        T::deserialize(self.members)
    }
}

impl Input {
    /// Takes out a member that every operation of a service may have, as text.
    pub fn take(&mut self, member: &str) -> Option<String> {
        let Tree::Members(members) = &mut self.members else {
            return None;
        };
        let at = members.iter().position(|(name, _)| name == member)?;
        match members.remove(at).1 {
            Tree::Text(text) | Tree::String(text) => Some(text),
            Tree::Texts(mut texts) => texts.pop(),
            Tree::Bool(truth) => Some(truth.to_string()),
            Tree::Number(number) => Some(number.to_string()),
            Tree::Null | Tree::List(_) | Tree::Members(_) => None,
        }
    }
}

/// Nested members and lists.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// Text that stands for whatever is asked for.
    Text(String),
    /// The values of a parameter that stands several times in a query string.
    Texts(Vec<String>),
    /// A string of JSON.
    String(String),
    Bool(bool),
    Number(Number),
    Null,
    List(Vec<Tree>),
    Members(Vec<(String, Tree)>),
}

impl From<Value> for Tree {
    /// A member that is null is one that is not there, as in every JSON protocol of AWS.
    fn from(value: Value) -> Tree {
        match value {
            Value::Null => Tree::Null,
            Value::Bool(truth) => Tree::Bool(truth),
            Value::Number(number) => Tree::Number(number),
            Value::String(text) => Tree::String(text),
            Value::Array(items) => Tree::List(items.into_iter().map(Tree::from).collect()),
            Value::Object(members) => Tree::Members(
                members
                    .into_iter()
                    .filter(|(_, member)| !member.is_null())
                    .map(|(name, member)| (name, Tree::from(member)))
                    .collect(),
            ),
        }
    }
}

impl Tree {
    /// The same as JSON, for whoever shows what was asked.
    pub fn to_value(&self) -> Value {
        match self {
            Tree::Text(text) | Tree::String(text) => Value::from(text.as_str()),
            Tree::Texts(texts) => match texts.as_slice() {
                [text] => Value::from(text.as_str()),
                texts => Value::from(texts),
            },
            Tree::Bool(truth) => Value::from(*truth),
            Tree::Number(number) => Value::from(number.clone()),
            Tree::Null => Value::Null,
            Tree::List(items) => items.iter().map(Tree::to_value).collect(),
            Tree::Members(members) => members
                .iter()
                .map(|(name, member)| (name.clone(), member.to_value()))
                .collect(),
        }
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
            let Some(text) = self.sole_text() else {
                return self.deserialize_any(visitor);
            };
            match text.parse::<$type>() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(InputError::misfit(
                    text,
                    format!("an integer from {} to {}", <$type>::MIN, <$type>::MAX),
                )),
            }
        }
    )*};
}

impl Tree {
    /// The text of a single value that has no type yet.
    fn sole_text(&self) -> Option<&str> {
        match self {
            Tree::Text(text) => Some(text),
            Tree::Texts(texts) => texts.last().map(String::as_str),
            _ => None,
        }
    }

    fn is_empty_text(&self) -> bool {
        matches!(self, Tree::Text(text) if text.is_empty())
    }
}

impl<'de> Deserializer<'de> for Tree {
    type Error = InputError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        match self {
            Tree::Text(text) | Tree::String(text) => visitor.visit_string(text),
            Tree::Texts(mut texts) => visitor.visit_string(texts.pop().unwrap_or_default()),
            Tree::Bool(truth) => visitor.visit_bool(truth),
            Tree::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (_, Some(number)) => visitor.visit_i64(number),
                _ => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            },
            Tree::Null => visitor.visit_unit(),
            Tree::List(items) => visitor.visit_seq(Items {
                number: 0,
                items: items.into_iter(),
            }),
            Tree::Members(members) => visitor.visit_map(Members {
                members: members.into_iter(),
                current: None,
            }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        match self {
            Tree::Null => visitor.visit_none(),
            present => visitor.visit_some(present),
        }
    }

    // A list or structure without members arrives as an empty text, or not at all.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        match self {
            Tree::Text(text) if text.is_empty() => Tree::List(Vec::new()).deserialize_any(visitor),
            Tree::Texts(texts) => {
                let items = texts.into_iter().map(Tree::Text).collect();
                Tree::List(items).deserialize_any(visitor)
            }
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        if self.is_empty_text() {
            return Tree::Members(Vec::new()).deserialize_any(visitor);
        }
        match self {
            // A derived structure would take a list for its members in their order.
            Tree::List(_) => Err(InputError::mistyped("a list", "a structure")),
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InputError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, InputError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InputError> {
        match self {
            Tree::Text(text) | Tree::String(text) => visitor.visit_enum(text.into_deserializer()),
            Tree::Texts(mut texts) => {
                visitor.visit_enum(texts.pop().unwrap_or_default().into_deserializer())
            }
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        match self.sole_text() {
            Some("true") => visitor.visit_bool(true),
            Some("false") => visitor.visit_bool(false),
            Some(text) => Err(InputError::misfit(text, "true or false")),
            None => self.deserialize_any(visitor),
        }
    }

    // The world is kept as JSON, which has no NaN and no infinities.
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        let Some(text) = self.sole_text() else {
            return self.deserialize_any(visitor);
        };
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => visitor.visit_f64(number),
            _ => Err(InputError::misfit(text, "a number")),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        self.deserialize_f64(visitor)
    }

    integers! {
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct tuple tuple_struct identifier
        ignored_any i128 u128
    }
}

impl<'de> IntoDeserializer<'de, InputError> for Tree {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

/// The members of a structure as they are read; an error says at which of them.
struct Members {
    members: std::vec::IntoIter<(String, Tree)>,
    current: Option<(String, Tree)>,
}

impl<'de> MapAccess<'de> for Members {
    type Error = InputError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, InputError> {
        self.current = self.members.next();
        let Some((name, _)) = &self.current else {
            return Ok(None);
        };
        let name: StringDeserializer<InputError> = name.clone().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, InputError> {
        let (name, value) = self.current.take().unwrap_or((String::new(), Tree::Null));
        seed.deserialize(value).map_err(|error| error.within(name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.members.len())
    }
}

/// The items of a list, counted from 1 as in forms.
struct Items {
    number: usize,
    items: std::vec::IntoIter<Tree>,
}

impl<'de> SeqAccess<'de> for Items {
    type Error = InputError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, InputError> {
        let Some(item) = self.items.next() else {
            return Ok(None);
        };
        self.number += 1;
        seed.deserialize(item)
            .map(Some)
            .map_err(|error| error.within(self.number.to_string()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

#[cfg(test)]
mod tests;
