//! Which pictures are meant: files, folders and globs.

use std::path::{Component, Path, PathBuf};

use globset::GlobBuilder;
use uncanny_texture::PictureFormat;
use walkdir::WalkDir;

use crate::error::Error;

/// A picture that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    /// Its place in an output folder: below the folder or glob that it was found by.
    pub(crate) relative: PathBuf,
}

/// Finds the pictures of folders, in all that is below them, and of globs, which a shell may have left to us; files are
/// taken as they are. Sorted folder by folder, in the order given. A file that is not there is found out when it is
/// read.
///
/// # Errors
///
/// When nothing is found, or a glob means nothing.
pub(crate) fn find(given: &[PathBuf]) -> Result<Vec<Input>, Error> {
    let mut found = Vec::new();
    for path in given {
        let before = found.len();
        if path.is_dir() {
            // Of several folders each keeps its name, so that they do not get into each other's way.
            let below = match path.file_name() {
                Some(name) if given.len() > 1 => PathBuf::from(name),
                _ => PathBuf::new(),
            };
            let pictures = walk(path).into_iter().map(|found| Input {
                relative: below.join(found.strip_prefix(path).unwrap_or(&found)),
                path: found,
            });
            found.extend(pictures);
        } else if let (Some(pattern), false) = (glob(path), path.exists()) {
            let matcher = GlobBuilder::new(pattern)
                .literal_separator(true)
                .build()
                .map_err(|source| Error::Glob {
                    pattern: pattern.to_owned(),
                    source,
                })?
                .compile_matcher();
            let base = base(path);
            let start = if base.as_os_str().is_empty() {
                Path::new(".")
            } else {
                &base
            };
            for file in walk(start) {
                let named = base.join(file.strip_prefix(start).unwrap_or(&file));
                if matcher.is_match(&named) {
                    found.push(Input {
                        relative: named.strip_prefix(&base).unwrap_or(&named).to_owned(),
                        path: named,
                    });
                }
            }
        } else {
            found.push(Input {
                path: path.clone(),
                relative: path.file_name().map_or_else(|| path.clone(), PathBuf::from),
            });
        }
        if found.len() == before {
            tracing::warn!("there is no picture in {}", path.display());
        }
    }
    if found.is_empty() {
        return Err(Error::NoPictures {
            paths: given.to_vec(),
        });
    }
    // A file may be named twice, as by overlapping globs.
    let mut seen = std::collections::HashSet::new();
    found.retain(|input| seen.insert(input.path.clone()));
    Ok(found)
}

/// The pictures below a folder, by their names.
fn walk(folder: &Path) -> Vec<PathBuf> {
    WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .filter_map(|entry| {
            entry
                .inspect_err(|error| tracing::warn!("skipped: {error}"))
                .ok()
        })
        .map(walkdir::DirEntry::into_path)
        .filter(|path| PictureFormat::of_path(path).is_some() && path.is_file())
        .collect()
}

/// What was typed, if it has what globs are made of.
fn glob(path: &Path) -> Option<&str> {
    path.to_str()
        .filter(|text| text.contains(['*', '?', '[', '{']))
}

/// The folders before the first that is a pattern.
fn base(path: &Path) -> PathBuf {
    let components: Vec<Component<'_>> = path.components().collect();
    let plain = components
        .iter()
        .take(components.len().saturating_sub(1))
        .take_while(|part| glob(Path::new(part.as_os_str())).is_none());
    plain.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(found: &[Input]) -> Vec<String> {
        let name = |input: &Input| input.relative.to_string_lossy().replace('\\', "/");
        found.iter().map(name).collect()
    }

    #[test]
    fn folders_and_globs_give_their_pictures() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.png", "a.gif", "deep/er/c.webp", "deep/d.png", "note.txt"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let find = |name: &str| find(&[folder.path().join(name)]).map(|found| names(&found));
        assert_eq!(
            find("").unwrap(),
            ["a.gif", "b.png", "deep/d.png", "deep/er/c.webp"]
        );
        assert_eq!(find("*.png").unwrap(), ["b.png"]);
        assert_eq!(find("**/*.png").unwrap(), ["b.png", "deep/d.png"]);
        assert_eq!(find("deep/*/*").unwrap(), ["er/c.webp"]);
        assert_eq!(find("missing.png").unwrap(), ["missing.png"]);
        assert!(matches!(find("*.tga"), Err(Error::NoPictures { .. })));
        let both = super::find(&[folder.path().join("deep"), folder.path().join("b.png")]).unwrap();
        assert_eq!(names(&both), ["deep/d.png", "deep/er/c.webp", "b.png"]);
    }
}
