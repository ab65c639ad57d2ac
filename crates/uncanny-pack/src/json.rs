//! JSON as packs write it: with a byte-order mark, comments, trailing commas. Syntax only, no meaning.

use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::Value;

/// Where and why a JSON file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at line {line}, column {column}")]
pub struct JsonError {
    /// What is wrong, a lowercase fragment.
    pub message: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Byte offset in the file.
    pub offset: usize,
}

/// Parses JSON, first strictly, then tolerating comments, trailing or missing commas and single quotes.
/// A byte-order mark is skipped; stray bytes that are not UTF-8 become U+FFFD, as in the game.
///
/// # Errors
/// When even the tolerant reading fails, the file is empty, or nests too deep.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    let body = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    let text = String::from_utf8_lossy(body);
    match parse_to_ast(&text, &CollectOptions::default(), &ParseOptions::default()) {
        Ok(parsed) => parsed.value.map(Value::from).ok_or_else(|| JsonError {
            message: "the file is empty".to_owned(),
            line: 1,
            column: 1,
            offset: bytes.len() - body.len(),
        }),
        Err(error) => Err(JsonError {
            message: fragment(&error.kind().to_string()),
            line: error.line_display(),
            column: error.column_display(),
            offset: error.range().start + bytes.len() - body.len(),
        }),
    }
}

/// A sentence of the parser as a fragment of ours.
fn fragment(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars
        .next()
        .map(|first| first.to_lowercase().chain(chars).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_editors_leave_behind_is_tolerated() {
        let expected = json!({ "pack": { "pack_format": 6, "list": [1, 2] } });
        for text in [
            r#"{"pack":{"pack_format":6,"list":[1,2]}}"#,
            "\u{feff}{\"pack\":{\"pack_format\":6,\"list\":[1,2]}}",
            "// a comment\n{\"pack\":{\"pack_format\":6,/* another */\"list\":[1,2]}}\n// end",
            r#"{"pack":{"pack_format":6,"list":[1,2,],},}"#,
            "{'pack':{'pack_format':6,'list':[1,2]}}",
            "\r\n\t{\"pack\" :\r\n{\"pack_format\": 6,\"list\":[1 ,2]}}\0".trim_end_matches('\0'),
        ] {
            assert_eq!(parse(text.as_bytes()), Ok(expected.clone()), "{text}");
        }
    }

    #[test]
    fn errors_say_where() {
        let error = parse(b"{\n  \"pack\": {\n    \"pack_format\": }\n}").unwrap_err();
        assert_eq!(
            (error.line, error.column, error.offset),
            (3, 20, 33),
            "{error}"
        );
        assert!(error.message.starts_with(char::is_lowercase), "{error}");
        assert_eq!(
            parse(b"").unwrap_err().to_string(),
            "the file is empty at line 1, column 1"
        );
        assert_eq!(parse(b"\xEF\xBB\xBF  ").unwrap_err().offset, 3);
        assert!(parse(b"{\"a\": 1").is_err());
        assert!(parse(b"\x89PNG\r\n").is_err());
    }

    #[test]
    fn deep_nesting_is_refused_and_not_a_stack_overflow() {
        for open in ["[", "{\"a\":"] {
            assert!(
                parse(open.repeat(100_000).as_bytes())
                    .unwrap_err()
                    .message
                    .contains("nesting")
            );
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_do_not_stop_the_rest() {
        let value = parse(b"{\"description\": \"caf\xe9\", \"n\": 1}").unwrap();
        assert_eq!(value["n"], 1);
    }
}
