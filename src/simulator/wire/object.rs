//! Answers as values.

/// A JSON object of its members, without those that are null, as in every answer. Unlike `json!`, which writes anew
/// what it is given, and at every level again, this moves it.
macro_rules! object {
    ($($name:literal: $value:expr),* $(,)?) => {{
        let members: [(&str, serde_json::Value); _] = [$(($name, serde_json::Value::from($value))),*];
        let mut object = serde_json::Map::with_capacity(members.len());
        for (name, value) in members {
            if !value.is_null() {
                object.insert(name.to_owned(), value);
            }
        }
        serde_json::Value::Object(object)
    }};
}
pub(in crate::simulator) use object;

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn an_object_has_the_members_that_are_not_null_in_their_order() {
        let made =
            object! { "b": "x", "a": vec![1, 2], "none": None::<u8>, "in": object! { "c": true } };
        let expected = json!({"b": "x", "a": [1, 2], "in": {"c": true}});
        assert_eq!(made.to_string(), expected.to_string());
    }
}
