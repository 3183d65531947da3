//! The input of an operation, read into its request type: JSON as it is, query forms through a tree
//! whose texts become numbers and booleans when the request type asks for them.

use std::collections::BTreeMap;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Value, json};

use super::super::refusal::Refusal;

/// What a client sent, without its protocol.
#[derive(Debug, Clone)]
pub enum Input {
    Json(Value),
    Query(Tree),
}

/// Why an input does not fit its request type.
#[derive(Debug, Clone, PartialEq)]
pub struct InputError(String);

impl Input {
    /// Reads the input as `T`; members that `T` does not know are an error that names them.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, InputError> {
        match self {
            Input::Json(value) => {
                T::deserialize(value).map_err(|error| InputError(error.to_string()))
            }
            Input::Query(tree) => {
                T::deserialize(tree).map_err(|error| InputError(error.to_string()))
            }
        }
    }
}

impl Input {
    /// Takes out a member that every operation of a service may have, as text.
    pub fn take(&mut self, member: &str) -> Option<String> {
        match self {
            Input::Json(value) => match value.as_object_mut()?.shift_remove(member)? {
                Value::String(text) => Some(text),
                other => Some(other.to_string()),
            },
            Input::Query(Tree::Members(members)) => {
                let at = members.iter().position(|(name, _)| name == member)?;
                match members.remove(at).1 {
                    Tree::Text(text) => Some(text),
                    Tree::List(_) | Tree::Members(_) => None,
                }
            }
            Input::Query(_) => None,
        }
    }
}

impl InputError {
    /// What is wrong with a request to `operation`, as its caller is told.
    pub fn refusal(&self, operation: &str) -> Refusal {
        let text = &self.0;
        let unknown = text
            .strip_prefix("unknown field `")
            .and_then(|rest| rest.split_once('`'));
        let message = match unknown {
            Some((member, _)) => format!("member {member} of {operation} is not simulated"),
            None => format!("{operation}: {text}"),
        };
        Refusal::bad("ValidationError", message)
    }
}

/// A value of a query string: the REST bindings hold numbers and booleans as text.
pub fn scalar(text: &str) -> Value {
    match text {
        "true" => json!(true),
        "false" => json!(false),
        _ => text
            .parse::<i64>()
            .map(Value::from)
            .unwrap_or_else(|_| json!(text)),
    }
}

/// `A.B.member.1.C=x` as nested members and lists.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    Text(String),
    List(Vec<Tree>),
    Members(Vec<(String, Tree)>),
}

impl Tree {
    pub fn from_pairs(pairs: &[(String, String)]) -> Tree {
        let mut root = Branch::default();
        for (key, value) in pairs {
            root.insert(key.split('.'), value);
        }
        root.into_tree()
    }
}

#[derive(Default)]
struct Branch {
    text: Option<String>,
    children: BTreeMap<String, Branch>,
}

impl Branch {
    fn insert<'a>(&mut self, mut path: impl Iterator<Item = &'a str>, value: &str) {
        match path.next() {
            Some(part) => self
                .children
                .entry(part.to_owned())
                .or_default()
                .insert(path, value),
            None => self.text = Some(value.to_owned()),
        }
    }

    fn into_tree(mut self) -> Tree {
        // Query lists sit under `member`; EC2 lists are flattened to the numbers alone.
        if self.children.len() == 1
            && let Some(list) = self.children.remove("member")
        {
            return list.into_tree();
        }
        if self.children.is_empty() {
            return Tree::Text(self.text.unwrap_or_default());
        }
        if self.children.keys().all(|key| key.parse::<u32>().is_ok()) {
            let mut items: Vec<(u32, Branch)> = self
                .children
                .into_iter()
                .filter_map(|(key, child)| Some((key.parse().ok()?, child)))
                .collect();
            items.sort_by_key(|(number, _)| *number);
            return Tree::List(
                items
                    .into_iter()
                    .map(|(_, child)| child.into_tree())
                    .collect(),
            );
        }
        Tree::Members(
            self.children
                .into_iter()
                .map(|(name, child)| (name, child.into_tree()))
                .collect(),
        )
    }
}

type Error = serde::de::value::Error;

macro_rules! parsed {
    ($($method:ident $visit:ident $type:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match &self {
                Tree::Text(text) => match text.parse::<$type>() {
                    Ok(value) => visitor.$visit(value),
                    Err(_) => Err(Error::custom(format!("{text:?} is not a {}", stringify!($type)))),
                },
                _ => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Tree {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Tree::Text(text) => visitor.visit_string(text),
            Tree::List(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter())),
            Tree::Members(members) => visitor.visit_map(MapDeserializer::new(members.into_iter())),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    // A list or structure without members arrives as an empty text, or not at all.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Tree::Text(text) if text.is_empty() => Tree::List(Vec::new()).deserialize_any(visitor),
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Tree::Text(text) if text.is_empty() => {
                Tree::Members(Vec::new()).deserialize_any(visitor)
            }
            other => other.deserialize_any(visitor),
        }
    }

    parsed! {
        deserialize_bool visit_bool bool,
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_f32 visit_f32 f32,
        deserialize_f64 visit_f64 f64,
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct newtype_struct tuple
        tuple_struct map enum identifier ignored_any i128 u128
    }
}

impl<'de> IntoDeserializer<'de, Error> for Tree {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    fn tree(form: &str) -> Tree {
        let pairs: Vec<_> = form_urlencoded::parse(form.as_bytes())
            .into_owned()
            .collect();
        Tree::from_pairs(&pairs)
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields)]
    struct Filter {
        name: String,
        #[serde(alias = "Value")]
        values: Vec<String>,
    }

    #[derive(Debug, Deserialize, PartialEq, Default)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
    struct Describe {
        max_records: Option<u32>,
        include_deleted: bool,
        #[serde(alias = "Filter")]
        filters: Vec<Filter>,
    }

    #[test]
    fn query_lists_are_under_member() {
        let form = "MaxRecords=5&IncludeDeleted=true&Filters.member.1.Name=tag%3Aa&Filters.member.1.Values.member.1=x&Filters.member.1.Values.member.2=y";
        let read: Describe = Input::Query(tree(form)).read().unwrap();
        assert_eq!(read.max_records, Some(5));
        assert!(read.include_deleted);
        assert_eq!(
            read.filters,
            [Filter {
                name: "tag:a".into(),
                values: vec!["x".into(), "y".into()]
            }]
        );
    }

    #[test]
    fn ec2_lists_are_flattened_and_keep_their_order_past_nine() {
        let form = (1..=12)
            .map(|n| format!("Filter.1.Value.{n}=v{n}"))
            .collect::<Vec<_>>()
            .join("&");
        let read: Describe = Input::Query(tree(&format!("Filter.1.Name=n&{form}")))
            .read()
            .unwrap();
        assert_eq!(read.filters[0].values[9..], ["v10", "v11", "v12"]);
    }

    #[test]
    fn an_empty_form_is_a_request_without_members() {
        assert_eq!(
            Input::Query(tree("")).read::<Describe>().unwrap(),
            Describe::default()
        );
    }

    #[test]
    fn an_unknown_member_is_refused_by_name() {
        let error = Input::Query(tree("Colour=red"))
            .read::<Describe>()
            .unwrap_err();
        assert_eq!(
            error.refusal("Describe").message,
            "member Colour of Describe is not simulated"
        );
    }

    #[test]
    fn a_number_that_is_none_says_so() {
        let error = Input::Query(tree("MaxRecords=many"))
            .read::<Describe>()
            .unwrap_err();
        assert_eq!(
            error.refusal("Describe").message,
            "Describe: \"many\" is not a u32"
        );
    }
}
