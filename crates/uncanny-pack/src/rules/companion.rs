//! The few numbers in text files that are pixels, multiplied in place; every other byte stays.
//!
//! `animation.width` and `height` are pixels \[C\], and so are `x,y,w,h` of OptiFine's `anim` \[D\].

use jsonc_parser::{CollectOptions, ParseOptions, ast::Value, parse_to_ast};
use uncanny_texture::Scale;

use super::optifine;

/// A sidecar with its frame size multiplied; `None` when it gives none, or cannot be read (then the game cannot
/// either).
pub(super) fn sidecar(bytes: &[u8], scale: Scale) -> Option<Vec<u8>> {
    // One character for each stray byte, so that the parser's places are the file's.
    let text = optifine::text(bytes);
    let mark = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let parsed = parse_to_ast(
        &text[mark..],
        &CollectOptions::default(),
        &ParseOptions::default(),
    )
    .ok()?;
    let root = parsed.value?;
    let mut edits = Vec::new();
    for section in &root.as_object()?.properties {
        if section.name.as_str() != "animation" {
            continue;
        }
        let Some(animation) = section.value.as_object() else {
            continue;
        };
        for property in &animation.properties {
            if let (Value::NumberLit(number), "width" | "height") =
                (&property.value, property.name.as_str())
            {
                let range = mark + number.range.start..mark + number.range.end;
                edits.push((range, multiplied(number.value, scale)?));
            }
        }
    }
    apply(bytes, edits)
}

/// An `anim` rule with its place and frame size multiplied; `None` when it gives none.
pub(super) fn anim(bytes: &[u8], scale: Scale) -> Option<Vec<u8>> {
    let text = optifine::text(bytes);
    let edits = optifine::properties(&text)
        .into_iter()
        .filter(|property| matches!(property.key, "x" | "y" | "w" | "h"))
        .map(|property| {
            let range = property.at..property.at + property.value.len();
            Some((range, multiplied(property.value, scale)?))
        })
        .collect::<Option<Vec<_>>>()?;
    apply(bytes, edits)
}

/// A number of pixels at the new scale; `None` when it is no whole number or too large for the game.
fn multiplied(number: &str, scale: Scale) -> Option<String> {
    let value: f64 = number.parse().ok()?;
    let product = value * f64::from(scale.get());
    (value.fract() == 0.0 && product.abs() <= f64::from(i32::MAX))
        .then(|| format!("{}", product as i64))
}

fn apply(bytes: &[u8], mut edits: Vec<(std::ops::Range<usize>, String)>) -> Option<Vec<u8>> {
    edits.sort_by_key(|(range, _)| range.start);
    let mut edited = Vec::with_capacity(bytes.len() + 4 * edits.len());
    let mut at = 0;
    for (range, number) in &edits {
        edited.extend_from_slice(&bytes[at..range.start]);
        edited.extend_from_slice(number.as_bytes());
        at = range.end;
    }
    edited.extend_from_slice(&bytes[at..]);
    (!edits.is_empty()).then_some(edited)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn x8() -> Scale {
        Scale::new(8).unwrap()
    }

    #[test]
    fn only_the_frame_size_changes() {
        let cases: &[(&[u8], &[u8])] = &[
            (
                b"{\n  \"animation\": {\n\t\"width\": 64 , \"height\":32,\"frames\":[0,{\"index\":1,\"time\":32}] }\r\n}\n",
                b"{\n  \"animation\": {\n\t\"width\": 512 , \"height\":256,\"frames\":[0,{\"index\":1,\"time\":32}] }\r\n}\n",
            ),
            (
                b"\xEF\xBB\xBF{/* \xe9 width: 3 */ \"animation\":{\"height\":28.0,},} // end",
                b"\xEF\xBB\xBF{/* \xe9 width: 3 */ \"animation\":{\"height\":224,},} // end",
            ),
            (
                "{\"é\":\"width\",\"animation\":{\"width\":2}}".as_bytes(),
                "{\"é\":\"width\",\"animation\":{\"width\":16}}".as_bytes(),
            ),
        ];
        for (before, after) in cases {
            let edited = sidecar(before, x8());
            assert_eq!(
                edited.as_deref().map(String::from_utf8_lossy),
                Some(String::from_utf8_lossy(after))
            );
        }
    }

    #[test]
    fn sidecars_without_a_frame_size_stay() {
        let cases: &[&[u8]] = &[
            b"{\"animation\":{\"frametime\":3}}",
            b"{\"animation\":{\"width\":\"16\"}}",
            b"{\"animation\":{\"width\":0.5}}",
            b"{\"animation\":[]}",
            b"{\"gui\":{\"scaling\":{\"type\":\"tile\",\"width\":16,\"height\":16}}}",
            b"{\"width\":16}",
            b"{\"animation\":{\"width\":16",
            b"",
            b"\xff\xfe{\x00",
        ];
        for bytes in cases {
            assert_eq!(
                sidecar(bytes, x8()),
                None,
                "{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }

    #[test]
    fn anim_rules_keep_their_lines() {
        let before = b"# x=1 caf\xe9\r\nfrom=./a.png\r\nto = textures/block/b.png\r\nx=0\r\ny = 16\r\nw=16\nh:8\nduration=2\ntile.0=3\n";
        let after = b"# x=1 caf\xe9\r\nfrom=./a.png\r\nto = textures/block/b.png\r\nx=0\r\ny = 128\r\nw=128\nh:64\nduration=2\ntile.0=3\n";
        assert_eq!(anim(before, x8()).as_deref(), Some(&after[..]));
        assert_eq!(anim(b"w=wide", x8()), None);
        assert_eq!(anim(b"duration=2", x8()), None);
    }
}
