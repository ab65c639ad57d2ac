//! Names: roots, namespaces, resource identifiers. Pure string work.
//!
//! Overlays are roots, names outside `[a-z0-9_.-/]` are not loaded since format 3,
//! and names are the game's `namespace:path` identifiers: all \[C\].

/// An entry's name taken apart: `<root>assets/<namespace>/<path>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AssetPath<'a> {
    /// Everything before `assets/`: empty, a wrapping folder, an overlay.
    pub(super) root: &'a str,
    /// `minecraft`.
    pub(super) namespace: &'a str,
    /// `textures/block/stone.png`.
    pub(super) path: &'a str,
}

impl<'a> AssetPath<'a> {
    /// `None` for what lies outside `assets/<namespace>/`.
    pub(super) fn parse(name: &'a str) -> Option<Self> {
        let at = if name.starts_with("assets/") {
            0
        } else {
            name.find("/assets/")? + 1
        };
        let (namespace, path) = name[at + "assets/".len()..].split_once('/')?;
        (!namespace.is_empty() && !path.is_empty()).then_some(Self {
            root: &name[..at],
            namespace,
            path,
        })
    }

    /// The name without its root: the same in the base and in every overlay.
    pub(super) fn logical(self) -> String {
        format!("{}:{}", self.namespace, self.path)
    }

    /// What follows the `textures/` folder, which mods may put one folder down (`varied/textures/entity/..`).
    pub(super) fn texture(self) -> Option<&'a str> {
        self.path.strip_prefix("textures/").or_else(|| {
            let (folder, rest) = self.path.split_once('/')?;
            let rest = rest.strip_prefix("textures/")?;
            (!matches!(folder, "optifine" | "mcpatcher")).then_some(rest)
        })
    }

    /// The part below `optifine/` or `mcpatcher/`.
    pub(super) fn optifine(self) -> Option<&'a str> {
        ["optifine/", "mcpatcher/"]
            .iter()
            .find_map(|folder| self.path.strip_prefix(folder))
    }

    /// The identifier that models, atlases and fonts use, without `textures/` and `.png`: `minecraft:block/stone`.
    pub(super) fn id(self) -> Option<String> {
        let stem = self.path.strip_prefix("textures/")?.strip_suffix(".png")?;
        Some(format!("{}:{stem}", self.namespace))
    }

    /// Whether the game loads a file of this name, formats 3 and up.
    pub(super) fn loadable(self) -> bool {
        let plain = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_' | '.' | '-');
        self.namespace.chars().all(plain) && self.path.chars().all(|c| plain(c) || c == '/')
    }
}

/// `stone` -> `minecraft:stone`; `a:b` stays.
pub(super) fn full_id(id: &str) -> String {
    if id.contains(':') {
        id.strip_prefix(':')
            .map_or_else(|| id.to_owned(), |rest| format!("minecraft:{rest}"))
    } else {
        format!("minecraft:{id}")
    }
}

/// The last part of a path, without `.png`.
pub(super) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".png").unwrap_or(name)
}

/// The folder of a path, without the slash; empty at the top.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Joins `./` and `../` parts to a folder. `None` when it climbs out.
pub(super) fn join(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_names_apart() {
        let path = AssetPath::parse("Wrap/over/assets/minecraft/textures/block/stone.png").unwrap();
        assert_eq!(path.root, "Wrap/over/");
        assert_eq!(path.logical(), "minecraft:textures/block/stone.png");
        assert_eq!(path.id().unwrap(), "minecraft:block/stone");
        assert_eq!(path.texture(), Some("block/stone.png"));
        let varied = AssetPath::parse("assets/minecraft/varied/textures/entity/a.png").unwrap();
        assert_eq!(varied.texture(), Some("entity/a.png"));
        assert_eq!(varied.id(), None);
        for name in [
            "pack.png",
            "assets/a.png",
            "assets//x/y.png",
            "my_assets/a/b",
        ] {
            assert_eq!(AssetPath::parse(name), None, "{name}");
        }
    }

    #[test]
    fn knows_which_names_load() {
        let loads = |name: &str| AssetPath::parse(name).unwrap().loadable();
        assert!(loads("assets/minecraft/textures/block/a_b-c.0.png"));
        assert!(!loads("assets/minecraft/textures/block/Stone.png"));
        assert!(!loads("assets/minecraft/textures/block/my stone.png"));
        assert!(!loads("assets/minecraft/textures/block/pêche.png"));
    }

    #[test]
    fn joins_relative_paths() {
        assert_eq!(join("a/b", "./c.png").as_deref(), Some("a/b/c.png"));
        assert_eq!(join("a/b", "../c.png").as_deref(), Some("a/c.png"));
        assert_eq!(join("", "../c.png"), None);
        assert_eq!(full_id("block/a"), "minecraft:block/a");
        assert_eq!(full_id("x:block/a"), "x:block/a");
        assert_eq!(stem("a/b.png"), "b");
    }
}
