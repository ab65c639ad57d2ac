//! What outputs are called, and what their names say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use uncanny_pack::PackFormat;
use uncanny_texture::Scale;

/// The resolution of a pack that says nothing of its own.
pub(crate) const USUAL: u32 = 16;

/// A zip where the name says so, a folder otherwise.
pub(crate) fn format(output: &Path) -> PackFormat {
    if is_zip(output) {
        PackFormat::Zip
    } else {
        PackFormat::Folder
    }
}

fn is_zip(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("zip"))
}

/// Whether what was typed means a folder to put things into: it ends with a separator.
pub(crate) fn ends_as_folder(path: &Path) -> bool {
    path.to_string_lossy().ends_with(std::path::is_separator)
}

/// The folder that `path` lies in.
pub(crate) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        // `.` and `..` have no name and lie in the folder above.
        _ if path.file_name().is_none() => path.join(".."),
        _ => PathBuf::from("."),
    }
}

/// `Faithful-128x.zip` for `Faithful.zip`, and for `Faithful-16x.zip` just as well.
pub(crate) fn default_name(
    input: &Path,
    format: PackFormat,
    resolution: u32,
    scale: Scale,
) -> String {
    let stem = stem(input);
    let old = [
        format!("{resolution}x{resolution}"),
        format!("{resolution}x"),
    ];
    let stem = old
        .iter()
        .find_map(|old| stem.strip_suffix(old.as_str()))
        .map(|stem| stem.trim_end_matches([' ', '-', '_']))
        .filter(|stem| !stem.is_empty())
        .unwrap_or(&stem);
    let name = format!("{stem}-{}x", resolution.saturating_mul(scale.get()));
    match format {
        PackFormat::Zip => name + ".zip",
        PackFormat::Folder => name,
    }
}

/// The name of a pack without its `.zip` or `.jar`. The folder `.` has a name too, which only the system knows.
fn stem(input: &Path) -> String {
    let known = |path: &Path| {
        let jar = || {
            path.extension()
                .is_some_and(|end| end.eq_ignore_ascii_case("jar"))
        };
        let name = if is_zip(path) || jar() && path.is_file() {
            path.file_stem()
        } else {
            path.file_name()
        };
        name.map(|name| name.to_string_lossy().into_owned())
    };
    known(input)
        .or_else(|| known(&input.canonicalize().ok()?))
        .unwrap_or_else(|| "pack".to_owned())
}

/// `look-Faithful.png` for `look.png`: what several inputs write each for themselves.
pub(crate) fn beside(path: &Path, input: &Path) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_os_string();
    name.push("-");
    name.push(stem(input));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// The most frequent value, the smaller one where two are equally frequent.
pub(crate) fn most_frequent(values: impl Iterator<Item = u32>) -> Option<u32> {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    counts
        .into_iter()
        .rev()
        .max_by_key(|(_, count)| *count)
        .map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_the_resolution() {
        let scale = Scale::new(8).unwrap();
        for (input, format, expected) in [
            ("Faithful.zip", PackFormat::Zip, "Faithful-128x.zip"),
            ("packs/Faithful.ZIP", PackFormat::Zip, "Faithful-128x.zip"),
            ("my-pack", PackFormat::Folder, "my-pack-128x"),
            ("my.pack/", PackFormat::Folder, "my.pack-128x"),
            ("Pack-16x.zip", PackFormat::Zip, "Pack-128x.zip"),
            ("Pack 16x16.zip", PackFormat::Zip, "Pack-128x.zip"),
            ("Pack-32x.zip", PackFormat::Zip, "Pack-32x-128x.zip"),
            ("16x.zip", PackFormat::Zip, "16x-128x.zip"),
        ] {
            assert_eq!(
                default_name(Path::new(input), format, 16, scale),
                expected,
                "{input}"
            );
        }
        assert_ne!(
            default_name(Path::new("."), PackFormat::Folder, 16, scale),
            ".-128x"
        );
    }

    #[test]
    fn outputs_lie_beside_their_inputs() {
        assert_eq!(folder_of(Path::new("a/b.zip")), Path::new("a"));
        assert_eq!(folder_of(Path::new("b.zip")), Path::new("."));
        assert_eq!(folder_of(Path::new(".")), Path::new("./.."));
        assert_eq!(
            beside(Path::new("out/look.png"), Path::new("a/b.zip")),
            Path::new("out/look-b.png")
        );
    }

    #[test]
    fn the_resolution_is_what_most_textures_have() {
        assert_eq!(most_frequent([16, 64, 16, 32].into_iter()), Some(16));
        assert_eq!(most_frequent([32, 16].into_iter()), Some(16));
        assert_eq!(most_frequent([].into_iter()), None);
    }
}
