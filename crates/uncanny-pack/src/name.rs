//! Names of entries: which are safe to write anywhere, how bytes become names, how names clash. Pure.

use std::path::{Path, PathBuf};

/// Why a name must not be written anywhere, or `None` when it is safe. A folder's name ends in `/`.
///
/// Safe means: relative, of plain parts, the same thing to every tool and system that unpacks it.
pub(crate) fn problem(name: &str) -> Option<&'static str> {
    let bytes = name.as_bytes();
    if name.is_empty() {
        return Some("is empty");
    }
    if name.contains('\0') {
        return Some("holds a NUL byte");
    }
    if name.contains('\\') {
        return Some(
            "holds a backslash, which is a folder separator on Windows and a letter elsewhere",
        );
    }
    if name.starts_with('/') {
        return Some("is an absolute path");
    }
    if bytes.len() >= 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' {
        return Some("starts with a drive letter");
    }
    if name.len() > MAX_NAME {
        return Some("is longer than a zip can store");
    }
    let parts = || name.strip_suffix('/').unwrap_or(name).split('/');
    if parts().nth(MAX_PARTS).is_some() {
        return Some("has more than 128 parts, which no pack needs and few systems can unpack");
    }
    parts().find_map(|part| match part {
        "" => Some("has an empty part"),
        "." => Some("has a `.` part"),
        ".." => Some("climbs out of the pack with `..`"),
        _ => None,
    })
}

/// A zip stores the length of a name in 16 bits.
const MAX_NAME: usize = u16::MAX as usize;
/// Folders are looked at one inside the other, so that a name costs its length times its parts.
const MAX_PARTS: usize = 128;

/// Why Windows cannot keep a file of this (otherwise safe) name, or `None` when it can. Parts are separated by `/`.
#[must_use]
pub fn problem_on_windows(name: &str) -> Option<&'static str> {
    name.strip_suffix('/')
        .unwrap_or(name)
        .split('/')
        .find_map(|part| {
            if part.contains(|c: char| c.is_control() || r#"<>:"|?*"#.contains(c)) {
                return Some("holds one of < > : \" | ? * or a control character");
            }
            if part.ends_with(['.', ' ']) {
                return Some("has a part that ends with a dot or a space");
            }
            let stem = part.split('.').next().unwrap_or(part).trim_end();
            let device = ["con", "prn", "aux", "nul", "conin$", "conout$"]
                .iter()
                .any(|d| stem.eq_ignore_ascii_case(d))
                || (stem.chars().count() == 4
                    && ["com", "lpt"].iter().any(|d| {
                        stem.get(..3)
                            .is_some_and(|start| start.eq_ignore_ascii_case(d))
                    })
                    && stem.ends_with(|c: char| c.is_ascii_digit() || "¹²³".contains(c)));
            device.then_some("is the name of a device (con, nul, com1, ...)")
        })
}

/// The place of a (safe) name in a folder, whatever the system's separator.
pub(crate) fn under(folder: &Path, name: &str) -> PathBuf {
    let mut place = folder.to_owned();
    place.extend(name.split('/').filter(|part| !part.is_empty()));
    place
}

/// The form under which a file system that ignores case finds a name.
pub(crate) fn folded(name: &str) -> String {
    name.to_lowercase()
}

/// A name for a message: control characters and the like made visible, cut short in the middle.
pub(crate) fn shown(name: &str) -> String {
    const LONGEST: usize = 120;
    let escaped: String = name
        .chars()
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect()
            } else {
                vec![c]
            }
        })
        .collect();
    let count = escaped.chars().count();
    if count <= LONGEST {
        return escaped;
    }
    let start: String = escaped.chars().take(LONGEST / 2).collect();
    let end: String = escaped.chars().skip(count - LONGEST / 2).collect();
    format!("{start}…{end}")
}

/// A name in an archive: UTF-8 where it is, whatever the flag says, else code page 437, as zips without the flag
/// are meant to be.
pub(crate) fn from_zip(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(name) => name.to_owned(),
        Err(_) => bytes
            .iter()
            .map(|&byte| match byte {
                0..0x80 => char::from(byte),
                _ => CP437[usize::from(byte - 0x80)],
            })
            .collect(),
    }
}

/// The upper half of code page 437.
const CP437: [char; 128] = [
    'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å', 'É', 'æ', 'Æ',
    'ô', 'ö', 'ò', 'û', 'ù', 'ÿ', 'Ö', 'Ü', '¢', '£', '¥', '₧', 'ƒ', 'á', 'í', 'ó', 'ú', 'ñ', 'Ñ',
    'ª', 'º', '¿', '⌐', '¬', '½', '¼', '¡', '«', '»', '░', '▒', '▓', '│', '┤', '╡', '╢', '╖', '╕',
    '╣', '║', '╗', '╝', '╜', '╛', '┐', '└', '┴', '┬', '├', '─', '┼', '╞', '╟', '╚', '╔', '╩', '╦',
    '╠', '═', '╬', '╧', '╨', '╤', '╥', '╙', '╘', '╒', '╓', '╫', '╪', '┘', '┌', '█', '▄', '▌', '▐',
    '▀', 'α', 'ß', 'Γ', 'π', 'Σ', 'σ', 'µ', 'τ', 'Φ', 'Θ', 'Ω', 'δ', '∞', 'φ', 'ε', '∩', '≡', '±',
    '≥', '≤', '⌠', '⌡', '÷', '≈', '°', '∙', '·', '√', 'ⁿ', '²', '■', '\u{a0}',
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_land_elsewhere_are_problems() {
        for (name, reason) in [
            ("", "empty"),
            ("../evil.txt", ".."),
            ("assets/../../evil.txt", ".."),
            ("assets/..", ".."),
            ("/etc/passwd", "absolute"),
            ("//server/share/x", "absolute"),
            ("C:/Windows/x", "drive"),
            ("c:x", "drive"),
            ("assets\\minecraft\\x.png", "backslash"),
            ("..\\evil.txt", "backslash"),
            ("a\0b", "NUL"),
            ("a//b", "empty part"),
            ("a/./b", "`.`"),
            ("./a", "`.`"),
            ("/", "absolute"),
        ] {
            assert!(
                problem(name).is_some_and(|found| found.contains(reason)),
                "{name:?}: {:?}",
                problem(name)
            );
        }
        assert!(problem(&"a".repeat(70_000)).is_some());
        let deep = |parts: usize| vec!["a"; parts].join("/");
        assert_eq!(problem(&deep(128)), None);
        assert_eq!(problem(&(deep(128) + "/")), None);
        assert!(problem(&deep(129)).is_some_and(|found| found.contains("128 parts")));
    }

    #[test]
    fn odd_names_of_real_packs_are_safe() {
        for name in [
            "pack.mcmeta",
            "a/",
            "a/b/",
            ".git/config",
            "..a/b..",
            "Ümläut/日本.png",
            "a b/…",
            "...",
            "ab:c",
        ] {
            assert_eq!(problem(name), None, "{name:?}");
        }
    }

    #[test]
    fn windows_has_its_own_problems() {
        for name in [
            "a/con",
            "AUX.png",
            "nul.txt.png",
            "lpt1",
            "com¹.x",
            "a:b",
            "a/b?.png",
            "dir./x",
            "x ",
            "a\nb",
        ] {
            assert!(problem_on_windows(name).is_some(), "{name:?}");
        }
        for name in [
            "console.png",
            "a/b.png",
            "com10",
            "lpt",
            ".git/x",
            "a/",
            "Ümläut",
            "commé",
        ] {
            assert_eq!(problem_on_windows(name), None, "{name:?}");
        }
    }

    #[test]
    fn zip_names_are_utf8_or_code_page_437() {
        assert_eq!(from_zip("Ünï/日本.png".as_bytes()), "Ünï/日本.png");
        assert_eq!(from_zip(b"caf\x82.png"), "café.png");
        assert_eq!(from_zip(&[0xff, b'a', 0x80]), "\u{a0}aÇ");
    }

    #[test]
    fn shown_names_are_short_and_harmless() {
        assert_eq!(shown("a\0b\u{1b}[31m"), "a\\u{0}b\\u{1b}[31m");
        assert_eq!(shown(&"x".repeat(500)).chars().count(), 121);
    }
}
