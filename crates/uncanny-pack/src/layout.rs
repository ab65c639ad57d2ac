//! Where in a folder or zip the pack is, and what it is: a pack, a pack in a folder, a mod or the game, or none of these.
//! Pure but for the few small files whose text it asks for.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::left_out::LeftOutReason;
use crate::{Error, NotAPack, Warning};

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

/// Reads an entry by its name.
pub(crate) type Read<'a> = dyn Fn(&str) -> Option<Vec<u8>> + 'a;

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
            found: NotAPack::of(path, names, read),
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
pub(crate) fn folder_of(name: &str) -> &str {
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
        few if few.len() <= 3 => few.join(", "),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more", rest.len()),
        [one] => (*one).to_owned(),
    }
}
