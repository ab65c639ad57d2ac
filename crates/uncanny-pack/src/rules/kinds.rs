//! What a texture is, by its place alone.
//!
//! The folders are the game's and OptiFine's own, of 1.6 to 26.x [C, D].

use super::{
    paths::{AssetPath, stem},
    rule::AssetKind,
};

/// The kind that a path under `assets/<namespace>/` stands for.
pub(super) fn by_place(path: AssetPath<'_>) -> AssetKind {
    if let Some(below) = path.optifine() {
        return by_optifine(below);
    }
    if let Some(texture) = path.texture() {
        return by_folder(texture);
    }
    let top = path.path.split('/').next().unwrap_or_default();
    if matches!(path.namespace, "fabricskyboxes" | "skyboxes" | "nuit")
        || matches!(top, "sky" | "skybox" | "skyboxes")
    {
        return AssetKind::Sky;
    }
    AssetKind::Unknown
}

fn by_folder(texture: &str) -> AssetKind {
    let (top, below) = texture.split_once('/').unwrap_or(("", texture));
    match top {
        "block" | "blocks" => AssetKind::Block,
        "item" | "items" => AssetKind::Item,
        "entity" => by_entity(below),
        "models" => AssetKind::Equipment,
        "gui" => by_gui(below),
        "font" if stem(below).starts_with("unicode_page_") => AssetKind::UnicodePage,
        "font" => AssetKind::Font,
        "particle" => AssetKind::Particle,
        "painting" => AssetKind::Painting,
        "mob_effect" => AssetKind::MobEffect,
        "map" => AssetKind::Map,
        "environment" if stem(below) == "clouds" => AssetKind::Clouds,
        "environment" | "celestial_body" => AssetKind::Environment,
        "experience_orb" => AssetKind::Entity,
        "colormap" => AssetKind::Colormap,
        "effect" => AssetKind::Effect,
        "misc" => AssetKind::Misc,
        "palettes" => AssetKind::Palette,
        "trims" if below.starts_with("color_palettes/") => AssetKind::Palette,
        "trims" => AssetKind::Trim,
        _ => AssetKind::Unknown,
    }
}

fn by_entity(below: &str) -> AssetKind {
    match below.split('/').next().unwrap_or_default() {
        "equipment" => AssetKind::Equipment,
        "banner" | "shield" | "decorated_pot" => AssetKind::Banner,
        name if name.starts_with("banner_base") || name.starts_with("shield_base") => {
            AssetKind::Banner
        }
        _ => AssetKind::Entity,
    }
}

fn by_gui(below: &str) -> AssetKind {
    let realms_art = [
        "adventure",
        "darken",
        "empty_frame",
        "experience",
        "inspiration",
        "new_world",
        "popup",
        "survival_spawn",
        "upload",
        "slot_frame",
        "no_realms",
    ];
    match below.split_once('/') {
        Some(("sprites", _)) => AssetKind::Gui,
        Some(("title", rest)) if rest.starts_with("background") => AssetKind::Panorama,
        Some(("title", _)) => AssetKind::Title,
        Some(("presets", _)) => AssetKind::Picture,
        Some(("realms", rest)) if realms_art.contains(&stem(rest)) => AssetKind::Picture,
        _ => AssetKind::GuiSheet,
    }
}

fn by_optifine(below: &str) -> AssetKind {
    match below.split('/').next().unwrap_or_default() {
        "ctm" => AssetKind::Ctm,
        "sky" => AssetKind::Sky,
        "colormap" => AssetKind::Colormap,
        "lightmap" => AssetKind::Lightmap,
        "random" | "mob" | "cem" => AssetKind::Entity,
        "cit" => AssetKind::Item,
        "gui" => AssetKind::GuiSheet,
        "font" => AssetKind::Font,
        _ => AssetKind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_its_kind() {
        use AssetKind as K;
        let cases = [
            ("textures/block/stone.png", K::Block),
            ("textures/blocks/stone.png", K::Block),
            ("textures/items/a.png", K::Item),
            ("textures/entity/creeper/creeper.png", K::Entity),
            ("textures/entity/equipment/humanoid/iron.png", K::Equipment),
            ("textures/models/armor/iron_layer_1.png", K::Equipment),
            ("textures/entity/banner/base.png", K::Banner),
            ("textures/entity/banner_base.png", K::Banner),
            ("textures/entity/shield_base_nopattern.png", K::Banner),
            ("textures/gui/sprites/hud/hotbar.png", K::Gui),
            ("textures/gui/icons.png", K::GuiSheet),
            ("textures/gui/title/minecraft.png", K::Title),
            ("textures/gui/title/background/panorama_0.png", K::Panorama),
            ("textures/gui/presets/isles.png", K::Picture),
            ("textures/font/ascii.png", K::Font),
            ("textures/font/unicode_page_0f.png", K::UnicodePage),
            ("textures/trims/items/helmet_trim.png", K::Trim),
            ("textures/trims/color_palettes/gold.png", K::Palette),
            ("textures/palettes/gold.png", K::Palette),
            ("textures/environment/clouds.png", K::Clouds),
            ("textures/environment/sun.png", K::Environment),
            ("textures/colormap/grass.png", K::Colormap),
            ("textures/effect/dither.png", K::Effect),
            ("optifine/ctm/a/0.png", K::Ctm),
            ("mcpatcher/ctm/a/0.png", K::Ctm),
            ("optifine/sky/world0/a.png", K::Sky),
            ("optifine/colormap/water.png", K::Colormap),
            ("optifine/lightmap/world0.png", K::Lightmap),
            ("optifine/cit/sword.png", K::Item),
            ("varied/textures/entity/cow/cow.png", K::Entity),
            ("textures/custom/a.png", K::Unknown),
            ("sky/a.png", K::Sky),
            ("other/a.png", K::Unknown),
        ];
        for (path, kind) in cases {
            let name = format!("assets/minecraft/{path}");
            assert_eq!(by_place(AssetPath::parse(&name).unwrap()), kind, "{path}");
        }
    }
}
