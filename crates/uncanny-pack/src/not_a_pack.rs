//! What a folder or zip is that holds no pack: told by names and a manifest, so that whoever gave it hears what it is.

use std::fmt;
use std::path::Path;

use crate::layout::{Read, folder_of};
use crate::name::shown;

/// What was found where a pack was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotAPack {
    /// Nothing at all.
    Empty,
    /// Pictures, and nothing that says what game they are of.
    Pictures {
        /// How many.
        count: usize,
        /// The first of them.
        first: String,
    },
    /// Other archives.
    Archives {
        /// Their names.
        names: Vec<String>,
    },
    /// A modpack of CurseForge or Modrinth.
    Modpack {
        /// The zips in it that may be resource packs.
        packs: Vec<String>,
    },
    /// A Bedrock pack or add-on.
    Bedrock {
        /// Its `manifest.json`, the first of them.
        manifest: String,
        /// A folder of its pictures.
        textures: Option<String>,
    },
    /// A texture pack, mod or game of Luanti.
    Luanti {
        /// The file that tells: `game.conf`.
        sign: String,
        /// A folder of its pictures.
        textures: Option<String>,
    },
    /// The inside of an `assets` folder.
    Assets {
        /// The first namespace in it.
        namespace: String,
    },
    /// A texture pack of Minecraft 1.5 or older.
    OldTexturePack {
        /// The file that tells: `terrain.png`.
        sign: String,
    },
    /// Anything else.
    Other,
}

impl fmt::Display for NotAPack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |names: &[String]| {
            let mut named: Vec<String> = names.iter().take(3).map(|name| shown(name)).collect();
            if names.len() > 3 {
                named.push(format!("{} more", names.len() - 3));
            }
            named.join(", ")
        };
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::Pictures { count: 1, first } => {
                write!(f, "there is one picture in it, {}", shown(first))
            }
            Self::Pictures { count, first } => {
                write!(f, "there are {count} pictures in it, {} the first, and nothing else of a pack", shown(first))
            }
            Self::Archives { names } => {
                write!(f, "it holds other archives: {}; unpack it and give the pack among them", list(names))
            }
            Self::Modpack { packs } if packs.is_empty() => f.write_str(
                "it is a modpack, which only lists what a launcher downloads; give a zip of the launcher's resourcepacks folder",
            ),
            Self::Modpack { packs } => {
                write!(f, "it is a modpack, and the packs are inside it: {}; unpack it and give one of them", list(packs))
            }
            Self::Bedrock { manifest, .. } => write!(
                f,
                "it is a Bedrock pack, by its {}, and only packs of the Java edition are converted",
                shown(manifest)
            ),
            Self::Luanti { sign, .. } => write!(
                f,
                "it is of Luanti (Minetest), by its {}, and only packs of Minecraft's Java edition are converted",
                shown(sign)
            ),
            Self::Assets { namespace } => write!(
                f,
                "it is the inside of an assets folder, by the folder {}; give the folder that assets lies in",
                shown(namespace)
            ),
            Self::OldTexturePack { sign } => write!(
                f,
                "it is a texture pack of Minecraft 1.5 or older, by its {}, and those of 1.6 and newer are converted",
                shown(sign)
            ),
            Self::Other => f.write_str(
                "there is neither a pack.mcmeta nor an assets folder; give the folder or zip in which pack.mcmeta lies",
            ),
        }
    }
}

impl NotAPack {
    /// What these files and folders are.
    pub(crate) fn of(path: &Path, names: &[&str], read: &Read<'_>) -> Self {
        let files = names
            .iter()
            .copied()
            .filter(|name| !name.ends_with('/'))
            .collect::<Vec<_>>();
        let files = Files(files);
        if files.0.is_empty() {
            return Self::Empty;
        }
        let manifest = files.named(&["manifest.json"]);
        let says = manifest.and_then(|name| crate::parse_json(&read(name)?).ok());
        let says = |key: &str| says.as_ref().is_some_and(|says| says.get(key).is_some());
        let is_modpack = says("manifestType")
            || says("minecraft")
            || files.named(&["modrinth.index.json"]).is_some();
        let is_bedrock = says("header") || says("modules");
        files
            .modpack()
            .filter(|_| is_modpack)
            .or_else(|| files.bedrock(manifest.filter(|_| is_bedrock)))
            .or_else(|| files.luanti())
            .or_else(|| files.old_texture_pack())
            .or_else(|| files.assets(path))
            .or_else(|| files.archives())
            .or_else(|| files.pictures())
            .unwrap_or(Self::Other)
    }
}

/// The names of all files.
struct Files<'a>(Vec<&'a str>);

impl<'a> Files<'a> {
    /// The first of this name, in whatever folder.
    fn named(&self, wanted: &[&str]) -> Option<&'a str> {
        let leaf = |name: &'a str| &name[folder_of(name).len()..];
        let found = self.0.iter().find(|name| wanted.contains(&leaf(name)));
        found.copied()
    }

    fn ending(&self, ends: &[&str]) -> Vec<String> {
        let ending = self.0.iter().filter(|name| {
            let name = name.to_ascii_lowercase();
            ends.iter().any(|end| name.ends_with(end))
        });
        ending.map(|name| (*name).to_owned()).collect()
    }

    /// The least deep folder `textures/`.
    fn textures(&self) -> Option<String> {
        let folders = self.0.iter().filter_map(|name| {
            let at = if name.starts_with("textures/") {
                0
            } else {
                name.find("/textures/")? + 1
            };
            Some(&name[..at + "textures/".len()])
        });
        let least_deep = folders.min_by_key(|folder| folder.matches('/').count());
        least_deep.map(str::to_owned)
    }

    fn modpack(&self) -> Option<NotAPack> {
        let mut packs = self.ending(&[".zip"]);
        let resources = |name: &String| name.contains("resourcepacks/");
        if packs.iter().any(resources) {
            packs.retain(resources);
        }
        Some(NotAPack::Modpack { packs })
    }

    /// By its manifest, or as an add-on by the packs in it.
    fn bedrock(&self, manifest: Option<&str>) -> Option<NotAPack> {
        let inner = self.ending(&[".mcpack", ".mcaddon"]);
        let manifest = manifest.map(str::to_owned);
        Some(NotAPack::Bedrock {
            manifest: manifest.or_else(|| inner.into_iter().next())?,
            textures: self.textures(),
        })
    }

    fn luanti(&self) -> Option<NotAPack> {
        let sign = self.named(&["texture_pack.conf", "game.conf", "modpack.conf", "mod.conf"])?;
        Some(NotAPack::Luanti {
            sign: sign.to_owned(),
            textures: self.textures(),
        })
    }

    fn old_texture_pack(&self) -> Option<NotAPack> {
        let of_1_5 = |name: &&&str| {
            name.starts_with("textures/blocks/") || name.starts_with("textures/items/")
        };
        let sign = self
            .named(&["terrain.png"])
            .or_else(|| self.named(&["pack.txt"]))
            .or_else(|| self.0.iter().find(of_1_5).copied())?;
        Some(NotAPack::OldTexturePack {
            sign: sign.to_owned(),
        })
    }

    fn assets(&self, path: &Path) -> Option<NotAPack> {
        const INSIDE: [&str; 5] = ["textures/", "models/", "blockstates/", "lang/", "font/"];
        let is_named = path.file_name().is_some_and(|name| name == "assets");
        let namespace = self.0.iter().find_map(|name| {
            let (namespace, rest) = name.split_once('/')?;
            let known = INSIDE.iter().any(|folder| rest.starts_with(folder));
            (is_named || known).then_some(namespace)
        })?;
        Some(NotAPack::Assets {
            namespace: namespace.to_owned(),
        })
    }

    fn archives(&self) -> Option<NotAPack> {
        let names = self.ending(&[".zip", ".jar", ".rar", ".7z"]);
        (!names.is_empty()).then_some(NotAPack::Archives { names })
    }

    fn pictures(&self) -> Option<NotAPack> {
        let pictures = self.ending(&[".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tga"]);
        Some(NotAPack::Pictures {
            count: pictures.len(),
            first: pictures.into_iter().next()?,
        })
    }
}
