//! JSON with its places: what a number is, and where it stands.

use std::ops::Range;
use std::path::Path;

use jsonc_parser::ast::{Array, Object, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::SheetError;
use super::edit::Edits;

/// Parses JSON; comments and trailing commas are forgiven.
pub(super) fn parse<'a>(text: &'a str, path: &Path) -> Result<Value<'a>, SheetError> {
    let wrong = |message: String| SheetError::Syntax {
        path: path.to_owned(),
        message,
    };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default())
        .map_err(|error| wrong(error.to_string()))?;
    parsed
        .value
        .ok_or_else(|| wrong("the file is empty".to_owned()))
}

/// Where a value stands.
pub(super) fn place(value: &impl Ranged) -> Range<usize> {
    let range = value.range();
    range.start..range.end
}

/// A number, also one that is written as a string.
pub(super) fn number(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::NumberLit(number) => number.value.parse().ok(),
        Value::StringLit(text) => text.value.trim().parse().ok(),
        _ => None,
    }
}

/// A member that is a number.
pub(super) fn member(object: &Object<'_>, name: &str) -> Option<f64> {
    number(&object.get(name)?.value)
}

/// The first of several names of one thing.
pub(super) fn text<'a>(object: &'a Object<'_>, names: &[&str]) -> Option<&'a str> {
    names
        .iter()
        .find_map(|name| object.get_string(name))
        .map(|text| text.value.as_ref())
}

/// Every number in the value grows, however deep it lies.
pub(super) fn scale(edits: &mut Edits, value: &Value<'_>) {
    match value {
        Value::NumberLit(_) => edits.times(place(value)),
        Value::StringLit(text) if text.value.trim().parse::<f64>().is_ok() => {
            edits.times(place(value));
        }
        Value::Array(Array { elements, .. }) => {
            elements.iter().for_each(|element| scale(edits, element));
        }
        Value::Object(object) => object
            .properties
            .iter()
            .for_each(|property| scale(edits, &property.value)),
        _ => {}
    }
}

/// The named members grow, where they are.
pub(super) fn scale_members(edits: &mut Edits, object: &Object<'_>, names: &[&str]) {
    for property in &object.properties {
        if names.contains(&property.name.as_str()) {
            scale(edits, &property.value);
        }
    }
}
