//! Files that lie beside or in a pack and are no part of it: none of them reaches an output. Pure.
//!
//! What computers and editors leave behind is known by name. A `.git` in a published pack publishes its history, and the
//! `._a.png` of a zip that macOS made is no picture.

use std::fmt;

use serde::Serialize;

use crate::name::shown;

/// Why files of an input are left out of every output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LeftOutReason {
    /// Notes that macOS or Windows keep for themselves: `__MACOSX`, `.DS_Store`, `Thumbs.db`, `desktop.ini`.
    System,
    /// Version control: `.git` and the like.
    VersionControl,
    /// What art programs and editors work on, and their backups: `.xcf`, `.psd`, `.aseprite`, `a.png~`.
    Source,
    /// Outside `assets`, a file or folder whose name begins with a dot.
    Hidden,
    /// Beside the folder that the pack is in.
    Outside,
    /// Of a mod or of the game: what is no art.
    Code,
}

impl fmt::Display for LeftOutReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "kept by macOS or Windows",
            Self::VersionControl => "version control",
            Self::Source => "sources and backups of art programs",
            Self::Hidden => "hidden files",
            Self::Outside => "beside the pack's folder",
            Self::Code => "the code and data of a mod or of the game",
        })
    }
}

/// Files of an input that no output gets, for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Why.
    pub reason: LeftOutReason,
    /// How many files.
    pub files: usize,
    /// The first of them, by its name in the input.
    pub first: String,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = shown(&self.first);
        match self.files {
            1 => write!(f, "{}: {first}", self.reason),
            more => write!(f, "{}: {first} and {} more", self.reason, more - 1),
        }
    }
}

/// What was left out so far, by reason.
#[derive(Debug, Default)]
pub(crate) struct Leaving(Vec<LeftOut>);

impl Leaving {
    /// Counts a file; a folder is none.
    pub(crate) fn note(&mut self, reason: LeftOutReason, name: &str) {
        if name.ends_with('/') {
            return;
        }
        match self.0.iter_mut().find(|known| known.reason == reason) {
            Some(known) => known.files += 1,
            None => self.0.push(LeftOut {
                reason,
                files: 1,
                first: name.to_owned(),
            }),
        }
    }

    pub(crate) fn finish(mut self) -> Vec<LeftOut> {
        self.0.sort_by_key(|left| left.reason);
        self.0
    }
}

/// Why a file or folder of this name belongs to no pack; `None` for what may.
pub(crate) fn junk(name: &str) -> Option<LeftOutReason> {
    let mut in_assets = false;
    for part in name.split('/').filter(|part| !part.is_empty()) {
        let found = by_part(&part.to_ascii_lowercase());
        // The game loads names in `assets` that begin with a dot.
        let hidden = (!in_assets && part.starts_with('.')).then_some(LeftOutReason::Hidden);
        if let Some(reason) = found.or(hidden) {
            return Some(reason);
        }
        in_assets |= part == "assets";
    }
    None
}

fn by_part(part: &str) -> Option<LeftOutReason> {
    const SYSTEM: [&str; 9] = [
        "__macosx",
        ".ds_store",
        ".apdisk",
        ".fseventsd",
        ".spotlight-v100",
        ".trashes",
        "thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
    ];
    const VERSIONS: [&str; 9] = [
        ".git",
        ".gitattributes",
        ".github",
        ".gitignore",
        ".gitmodules",
        ".gitkeep",
        ".hg",
        ".jj",
        ".svn",
    ];
    // Formats that only the program that wrote them reads.
    const SOURCES: [&str; 13] = [
        "ase", "aseprite", "bak", "clip", "kra", "ora", "pdn", "psb", "psd", "pxo", "swp", "xcf",
        "sai2",
    ];
    // AppleDouble: `._a.png` holds what macOS knows of `a.png`.
    if SYSTEM.contains(&part) || part.starts_with("._") {
        return Some(LeftOutReason::System);
    }
    if VERSIONS.contains(&part) {
        return Some(LeftOutReason::VersionControl);
    }
    let source = part.ends_with('~')
        || part
            .rsplit_once('.')
            .is_some_and(|(_, end)| SOURCES.contains(&end));
    source.then_some(LeftOutReason::Source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_computers_leave_behind_is_told_from_art() {
        use LeftOutReason as R;
        for (name, reason) in [
            (
                "__MACOSX/assets/minecraft/textures/block/._a.png",
                R::System,
            ),
            ("assets/minecraft/textures/block/._a.png", R::System),
            ("assets/minecraft/textures/.DS_Store", R::System),
            ("assets/minecraft/textures/block/Thumbs.db", R::System),
            ("Desktop.ini", R::System),
            (".git/HEAD", R::VersionControl),
            ("Pack/.git/objects/ab/cd", R::VersionControl),
            (".gitignore", R::VersionControl),
            ("assets/minecraft/textures/block/stone.xcf", R::Source),
            ("assets/minecraft/textures/block/stone.PSD", R::Source),
            ("assets/minecraft/textures/block/stone.png~", R::Source),
            (".vscode/settings.json", R::Hidden),
            ("tools/.env", R::Hidden),
        ] {
            assert_eq!(junk(name), Some(reason), "{name}");
        }
        for name in [
            "pack.mcmeta",
            "LICENSE.md",
            "assets/minecraft/textures/block/stone.png",
            "assets/minecraft/lang/.odd.json",
            "assets/my.git/textures/a.png",
            "Hotbar_backup.zip",
            "assets/",
        ] {
            assert_eq!(junk(name), None, "{name}");
        }
    }

    #[test]
    fn files_are_counted_by_reason_and_folders_are_not() {
        let mut leaving = Leaving::default();
        for name in [".git/", ".git/HEAD", "Thumbs.db", ".git/config"] {
            leaving.note(junk(name).unwrap(), name);
        }
        let said: Vec<String> = leaving.finish().iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "kept by macOS or Windows: Thumbs.db",
                "version control: .git/HEAD and 1 more"
            ]
        );
    }
}
