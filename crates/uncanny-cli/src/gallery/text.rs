//! Text from outside on its way into a page: nothing in it may act, and nothing may hide.

use serde::Serialize;

/// `text` with what cannot be seen written out: control characters, and marks that turn the direction of what
/// follows, with which `gnp.exe` passes for `exe.png`.
pub(super) fn legible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_mark(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{feff}')
}

/// JSON that can stand in a `<script>`: nothing in it ends the element or begins a comment. These characters occur in
/// JSON within strings only, where an escape means the same.
pub(super) fn script_json(value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).expect("a page's data holds nothing that JSON cannot");
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_is_written_out() {
        assert_eq!(legible("a/b c-é-字.png"), "a/b c-é-字.png");
        assert_eq!(legible("a\u{202e}gnp\n"), "a\\u{202e}gnp\\u{a}");
        // Letters made of a letter and an accent stay, as file names from a Mac have them.
        assert_eq!(legible("e\u{301}"), "e\u{301}");
    }

    #[test]
    fn nothing_ends_the_script_and_the_data_are_the_same() {
        let names = [
            "</script><script>alert(1)</script>",
            "<!--",
            "]]>",
            "\u{2028}\"'&\\",
        ];
        let json = script_json(&names);
        assert!(!json.contains(['<', '>', '&', '\u{2028}']), "{json}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), names);
    }
}
