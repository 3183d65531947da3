//! Members that a REST call has in its query, where `1` may be a name and one value may be a list.

use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Number(i64),
    Truth(bool),
}

impl Scalar {
    fn text(self) -> String {
        match self {
            Scalar::Text(text) => text,
            Scalar::Number(number) => number.to_string(),
            Scalar::Truth(truth) => truth.to_string(),
        }
    }
}

pub(super) fn optional_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(Option::<Scalar>::deserialize(deserializer)?.map(Scalar::text))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Several {
    One(Scalar),
    Many(Vec<Scalar>),
}

pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match Several::deserialize(deserializer)? {
        Several::One(one) => vec![one.text()],
        Several::Many(many) => many.into_iter().map(Scalar::text).collect(),
    })
}
