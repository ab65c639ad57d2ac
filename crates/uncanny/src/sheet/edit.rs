//! Texts whose coordinates grow and whose every other byte stays: a list of places, each with what becomes of it.

use std::ops::Range;

/// What becomes of one place of a text.
#[derive(Debug, Clone, PartialEq)]
enum Change {
    /// The number there is multiplied.
    Times,
    /// Other words stand there, whatever the scale.
    Words(String),
    /// A multiple of a number stands there, between two words.
    Multiple(&'static str, u32, &'static str),
}

/// The places of a text that change.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Edits(Vec<(Range<usize>, Change)>);

impl Edits {
    /// The number at `place` is to be multiplied.
    pub(super) fn times(&mut self, place: Range<usize>) {
        self.0.push((place, Change::Times));
    }

    /// Every number in `part`, such as "1,2 3.5,4", which begins at `start`, is to be multiplied.
    pub(super) fn times_each(&mut self, start: usize, part: &str) {
        let mut at = start;
        for word in part.split([',', ' ']) {
            self.times(at..at + word.len());
            at += word.len() + 1;
        }
    }

    /// Other words instead of what is at `place`.
    pub(super) fn words(&mut self, place: Range<usize>, words: String) {
        self.0.push((place, Change::Words(words)));
    }

    /// Inserts a multiple of `number` at `at`, between two words.
    pub(super) fn insert(
        &mut self,
        at: usize,
        before: &'static str,
        number: u32,
        after: &'static str,
    ) {
        self.0
            .push((at..at, Change::Multiple(before, number, after)));
    }

    /// The text that the places are of, with its numbers `scale` times as large.
    pub(super) fn apply(mut self, text: &str, scale: u32) -> String {
        self.0.sort_by_key(|(place, _)| (place.start, place.end));
        let mut out = String::with_capacity(text.len() + self.0.len() * 2);
        let mut from = 0;
        for (place, change) in &self.0 {
            // A place that two parts of a file claim changes once.
            if place.start < from {
                continue;
            }
            out.push_str(&text[from..place.start]);
            match change {
                Change::Times => out.push_str(&multiply(&text[place.clone()], scale)),
                Change::Words(words) => out.push_str(words),
                Change::Multiple(before, number, after) => {
                    out.push_str(&format!("{before}{}{after}", number * scale));
                }
            }
            from = place.end;
        }
        out.push_str(&text[from..]);
        out
    }
}

/// A number times `scale`, written as it was: whole numbers stay whole, `1.0` becomes `8.0` and `"16"` `"128"`.
/// What is no number stays.
fn multiply(text: &str, scale: u32) -> String {
    let quotes: &[char] = &['"', '\''];
    let number = text.trim_matches(quotes);
    let product = match number.parse::<i64>() {
        Ok(whole) => whole
            .checked_mul(i64::from(scale))
            .map(|product| product.to_string()),
        Err(_) => number
            .parse::<f64>()
            .ok()
            .filter(|value| value.is_finite())
            .map(|value| format!("{:?}", value * f64::from(scale))),
    };
    match product {
        Some(product) => text.replacen(number, &product, 1),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_grow_in_their_own_hand() {
        for (number, expected) in [
            ("16", "128"),
            ("-4", "-32"),
            ("0", "0"),
            ("1.0", "8.0"),
            ("0.125", "1.0"),
            ("2.55", "20.4"),
            ("\"16\"", "\"128\""),
            ("infinite", "infinite"),
            ("9223372036854775807", "9223372036854775807"),
        ] {
            assert_eq!(multiply(number, 8), expected);
        }
    }

    #[test]
    fn everything_else_stays() {
        let text = "<o x='1'  points=\"0,0 1.5,-2\"/>";
        let mut edits = Edits::default();
        edits.times_each(text.find("0,0").unwrap(), "0,0 1.5,-2");
        let x = text.find("'1'").unwrap() + 1;
        edits.times(x..x + 1);
        edits.times(x..x + 1);
        edits.insert(2, " size=\"", 16, "\"");
        assert_eq!(
            edits.apply(text, 2),
            "<o size=\"32\" x='2'  points=\"0,0 3.0,-4\"/>"
        );
        assert_eq!(Edits::default().apply(text, 8), text);
    }
}
