//! Where in a folder or zip the pack is, and what it is: a pack, a pack in a folder, a mod or the game, or none of these.
//! Pure but for the few small files whose text it asks for.

use std::fmt;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::left_out::LeftOutReason;
use crate::name::shown;
use crate::{Error, Warning};

pub(crate) const META: &str = "pack.mcmeta";

/// An empty file beside the game's own namespaces, and beside nobody else's.
const ROOT_MARK: &str = "assets/.mcassetsroot";

/// The formats that a pack made of a mod or of the game claims where neither says which it is of: from 1.13, since when
/// textures lie where they do today, to the newest known (26.3).
const ANY_FORMAT: (u32, u32) = (4, 97);
/// What versions before 1.20.2 are told, which look at nothing else: 1.21.
const USUAL_FORMAT: u32 = 34;

/// Where the pack is.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// The folder it is in, with its `/`; empty when it is in none.
    pub(crate) folder: String,
    /// The name of its `pack.mcmeta`, without the folder.
    pub(crate) meta: Option<String>,
    /// Of a mod or of the game: the `pack.mcmeta` that is made for its art.
    pub(crate) made: Option<Vec<u8>>,
    /// What alone counts then: `assets/`, and those of its overlays.
    art: Vec<String>,
    pub(crate) warnings: Vec<Warning>,
}

impl Layout {
    /// Why a file is no part of the pack, by its name in the input without the folder; `None` for what is.
    pub(crate) fn stray(&self, name: &str) -> Option<LeftOutReason> {
        let art = || {
            let art = self.art.iter().any(|folder| name.starts_with(folder));
            // The game's mark on its own assets would make a mod of what is made here.
            art && !is_code(name) && name != ROOT_MARK
        };
        (self.made.is_some() && !art()).then_some(LeftOutReason::Code)
    }
}

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

/// Reads an entry by its name.
type Read<'a> = dyn Fn(&str) -> Option<Vec<u8>> + 'a;

/// Finds the pack among the names of files and folders.
///
/// # Errors
/// [`Error::NoPack`], which says what there is instead.
pub(crate) fn find(path: &Path, names: &[&str], read: &Read<'_>) -> Result<Layout, Error> {
    let mut warnings = Vec::new();
    let metas = metas(names);
    let assets = least_deep_assets(names);
    let mod_root = assets.filter(|root| {
        let inside: Vec<&str> = below(names, root).collect();
        is_mod(path, &inside, false)
    });
    let meta = metas.first().copied().filter(|meta| {
        let folder = folder_of(meta);
        // Mods bring packs of their own along, for players who want them.
        if mod_root.is_some_and(|root| folder != root && folder.starts_with(root)) {
            return false;
        }
        let assets_there = || below(names, folder).any(|name| name.starts_with("assets/"));
        folder.is_empty() || assets != Some("") || assets_there()
    });
    let Some(folder) = meta.map(folder_of).or(assets) else {
        return Err(Error::NoPack {
            path: path.to_owned(),
            found: not_a_pack(path, names, read),
        });
    };
    let inside: Vec<&str> = below(names, folder).collect();
    let meta = meta.map(|name| &name[folder.len()..]);
    let made = is_mod(path, &inside, meta.is_some()).then(|| {
        let text = |name: &str| read(&format!("{folder}{name}"));
        made_meta(&inside, meta.and_then(text), text("version.json"))
    });
    match (&made, meta) {
        (Some(_), _) => warnings.push(Warning::MadeMeta),
        (None, None) => warnings.push(Warning::NoMeta),
        (None, Some(name)) if name != META => warnings.push(Warning::MetaCase {
            name: name.to_owned(),
        }),
        (None, Some(_)) => {}
    }
    if let Some(other) = metas.iter().find(|other| folder_of(other) != folder) {
        warnings.push(Warning::OtherPacks {
            root: folder.to_owned(),
            other: folder_of(other).to_owned(),
        });
    }
    if !folder.is_empty() {
        warnings.push(Warning::Unwrapped {
            folder: folder.to_owned(),
        });
    }
    let art = made.as_ref().map_or_else(Vec::new, |made| art_of(made));
    Ok(Layout {
        folder: folder.to_owned(),
        art,
        meta: if made.is_some() {
            Some(META.to_owned())
        } else {
            meta.map(str::to_owned)
        },
        made,
        warnings,
    })
}

/// Every `pack.mcmeta`: the least deep first; among those the well-spelt one, then the first.
fn metas<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let mut metas: Vec<&str> = names
        .iter()
        .filter(|name| name[folder_of(name).len()..].eq_ignore_ascii_case(META))
        .copied()
        .collect();
    metas.sort_by_key(|name| (name.matches('/').count(), !name.ends_with(META)));
    metas
}

/// The folder of a file, with its `/`; empty at the top.
fn folder_of(name: &str) -> &str {
    &name[..name.rfind('/').map_or(0, |slash| slash + 1)]
}

fn below<'a>(names: &'a [&'a str], folder: &'a str) -> impl Iterator<Item = &'a str> {
    names
        .iter()
        .filter_map(move |name| name.strip_prefix(folder))
}

/// What precedes the least deep `assets/` with something in it.
fn least_deep_assets<'a>(names: &[&'a str]) -> Option<&'a str> {
    let roots = names.iter().filter_map(|name| {
        let at = if name.starts_with("assets/") {
            0
        } else {
            name.find("/assets/")? + 1
        };
        (name.len() > at + "assets/".len()).then_some(&name[..at])
    });
    roots.min_by_key(|root| root.matches('/').count())
}

fn is_code(name: &str) -> bool {
    name.ends_with(".class") || name.ends_with(".jar")
}

/// Whether this is a mod's jar or resources, or the game's: by what loaders ask for, and what only the game has.
fn is_mod(path: &Path, names: &[&str], has_meta: bool) -> bool {
    const SIGNS: [&str; 9] = [
        "META-INF/MANIFEST.MF",
        "META-INF/mods.toml",
        "META-INF/neoforge.mods.toml",
        "fabric.mod.json",
        "quilt.mod.json",
        "mcmod.info",
        "litemod.json",
        "version.json",
        ROOT_MARK,
    ];
    let jar = path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("jar"));
    let sign = |name: &&str| SIGNS.contains(name) || is_code(name);
    // A pack may come with a data pack. With data and without a pack.mcmeta it is no pack of either kind.
    let data = || !has_meta && names.iter().any(|name| name.starts_with("data/"));
    jar || names.iter().any(sign) || data()
}

/// The `pack.mcmeta` for the art of a mod or of the game. It names the source by what is in it, not by its file's name,
/// so that a jar and the folder that it was made of give the same pack.
fn made_meta(names: &[&str], own: Option<Vec<u8>>, version: Option<Vec<u8>>) -> Vec<u8> {
    let parse = |bytes: Option<Vec<u8>>| crate::parse_json(&bytes?).ok();
    let (own, version) = (parse(own), parse(version));
    let mut pack = own_formats(own.as_ref())
        .or_else(|| version.as_ref().and_then(formats_of_version))
        .unwrap_or_else(any_format);
    let source = source(names, version.as_ref());
    pack.insert(
        "description".to_owned(),
        format!("The art of {source}, enhanced by Uncanny").into(),
    );
    let mut meta = Map::new();
    meta.insert("pack".to_owned(), pack.into());
    if let Some(overlays) = own.as_ref().and_then(|own| own.get("overlays")) {
        meta.insert("overlays".to_owned(), overlays.clone());
    }
    let mut text =
        serde_json::to_vec_pretty(&Value::Object(meta)).expect("JSON that was parsed or made here");
    text.push(b'\n');
    text
}

/// The folders of assets that a `pack.mcmeta` names.
fn art_of(meta: &[u8]) -> Vec<String> {
    let overlays = crate::parse_json(meta)
        .map(|json| crate::PackMeta::from_json(&json).0.overlays)
        .unwrap_or_default();
    let overlays = overlays
        .iter()
        .map(|overlay| format!("{}/assets/", overlay.directory));
    std::iter::once("assets/".to_owned())
        .chain(overlays)
        .collect()
}

/// What a mod's own `pack.mcmeta` says of formats.
fn own_formats(own: Option<&Value>) -> Option<Map<String, Value>> {
    let pack = own?.get("pack")?.as_object()?;
    let kept: Map<String, Value> = pack
        .iter()
        .filter(|(key, _)| {
            matches!(
                key.as_str(),
                "pack_format" | "supported_formats" | "min_format" | "max_format"
            )
        })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let (meta, _) = crate::PackMeta::from_json(&json!({ "pack": kept }));
    meta.formats().map(|_| kept)
}

/// `pack_version` of the game's `version.json`: a number until 1.16, `resource` until 1.21.8, then a major and a minor.
fn formats_of_version(version: &Value) -> Option<Map<String, Value>> {
    let stated = version.get("pack_version")?;
    let number = |key: &str| stated.get(key).and_then(Value::as_u64);
    let single = stated.as_u64().or_else(|| number("resource"));
    let pack = match (single, number("resource_major")) {
        (Some(format), _) => json!({ "pack_format": format }),
        (None, Some(major)) => {
            let format = json!([major, number("resource_minor").unwrap_or(0)]);
            json!({ "min_format": format, "max_format": format })
        }
        (None, None) => return None,
    };
    pack.as_object().cloned()
}

fn any_format() -> Map<String, Value> {
    let (min, max) = ANY_FORMAT;
    // A range that begins before 65 needs the older keys too, and they must agree.
    let pack = json!({
        "pack_format": USUAL_FORMAT,
        "supported_formats": [min, max],
        "min_format": min,
        "max_format": max,
    });
    pack.as_object().cloned().unwrap_or_default()
}

/// What the art is of: the game by its version, a mod by its namespaces.
fn source(names: &[&str], version: Option<&Value>) -> String {
    let version = version
        .filter(|version| version.get("pack_version").is_some())
        .and_then(|version| version.get("id")?.as_str());
    if let Some(version) = version {
        return format!("Minecraft {version}");
    }
    let mut namespaces: Vec<&str> = names
        .iter()
        .filter_map(|name| name.strip_prefix("assets/")?.split_once('/'))
        .filter(|(_, path)| path.starts_with("textures/"))
        .map(|(namespace, _)| namespace)
        .collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    if namespaces.len() > 1 {
        namespaces.retain(|namespace| *namespace != "minecraft");
    }
    match namespaces.as_slice() {
        [] => "a mod".to_owned(),
        ["minecraft"] => "Minecraft".to_owned(),
        [few @ ..] if few.len() <= 3 => few.join(", "),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more", rest.len()),
        [one] => (*one).to_owned(),
    }
}

/// What there is where no pack is.
fn not_a_pack(path: &Path, names: &[&str], read: &Read<'_>) -> NotAPack {
    let files: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| !name.ends_with('/'))
        .collect();
    let leaf = |name: &str| name[folder_of(name).len()..].to_owned();
    let named = |wanted: &[&str]| {
        let found = files
            .iter()
            .find(|name| wanted.contains(&leaf(name).as_str()));
        found.map(|name| (*name).to_owned())
    };
    let ends = |name: &str, ends: &[&str]| {
        let name = name.to_ascii_lowercase();
        ends.iter().any(|end| name.ends_with(end))
    };
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    let archives = |ends_in: &[&str]| -> Vec<&str> {
        let archives = files.iter().filter(|name| ends(name, ends_in));
        archives.copied().collect()
    };
    let textures = || {
        let folders = files.iter().filter_map(|name| {
            let at = if name.starts_with("textures/") {
                0
            } else {
                name.find("/textures/")? + 1
            };
            Some(name[..at + "textures/".len()].to_owned())
        });
        folders.min_by_key(|folder| folder.matches('/').count())
    };
    if files.is_empty() {
        return NotAPack::Empty;
    }
    let manifest = named(&["manifest.json"]);
    let says = manifest
        .as_ref()
        .and_then(|name| crate::parse_json(&read(name)?).ok());
    let curse = says
        .as_ref()
        .is_some_and(|says| says.get("manifestType").is_some() || says.get("minecraft").is_some());
    if curse || named(&["modrinth.index.json"]).is_some() {
        let mut packs = archives(&[".zip"]);
        if packs.iter().any(|name| name.contains("resourcepacks/")) {
            packs.retain(|name| name.contains("resourcepacks/"));
        }
        return NotAPack::Modpack {
            packs: owned(packs),
        };
    }
    let bedrock = says
        .as_ref()
        .is_some_and(|says| says.get("header").is_some() || says.get("modules").is_some());
    let inner = archives(&[".mcpack", ".mcaddon"]);
    if let Some(manifest) = manifest
        .filter(|_| bedrock)
        .or_else(|| inner.first().map(|name| (*name).to_owned()))
    {
        return NotAPack::Bedrock {
            manifest,
            textures: textures(),
        };
    }
    if let Some(sign) = named(&["texture_pack.conf", "game.conf", "modpack.conf", "mod.conf"]) {
        return NotAPack::Luanti {
            sign,
            textures: textures(),
        };
    }
    let old = ["textures/blocks/", "textures/items/"];
    let mut old = files
        .iter()
        .filter(|name| old.iter().any(|folder| name.starts_with(folder)));
    let old = old.next().map(|name| (*name).to_owned());
    if let Some(sign) = named(&["terrain.png", "pack.txt"]).or(old) {
        return NotAPack::OldTexturePack { sign };
    }
    let named_assets = path.file_name().is_some_and(|name| name == "assets");
    let namespace = files.iter().find_map(|name| {
        let (namespace, rest) = name.split_once('/')?;
        let known = ["textures/", "models/", "blockstates/", "lang/", "font/"];
        (named_assets || known.iter().any(|folder| rest.starts_with(folder))).then_some(namespace)
    });
    if let Some(namespace) = namespace {
        return NotAPack::Assets {
            namespace: namespace.to_owned(),
        };
    }
    let names = archives(&[".zip", ".jar", ".rar", ".7z"]);
    if !names.is_empty() {
        return NotAPack::Archives {
            names: owned(names),
        };
    }
    let mut pictures = files.iter().filter(|name| {
        ends(
            name,
            &[".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tga"],
        )
    });
    match pictures.next() {
        Some(first) => NotAPack::Pictures {
            count: 1 + pictures.count(),
            first: (*first).to_owned(),
        },
        None => NotAPack::Other,
    }
}
