//! Which textures a pack's own models put where: on full faces of cubes, on crossed planes, flat in the hand.
//!
//! Faces of full cubes wrap; without a model the folder decides. Parents are followed inside
//! the pack; the game's own parents, which no pack needs to hold, are known by name (`VANILLA`). UVs are fractions
//! of 16, so nothing here depends on resolution \[C\].

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::paths::full_id;

/// How models use a texture; several at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Uses {
    /// A whole face of a whole cube (or its equal: a face that repeats beside itself).
    pub(super) full: bool,
    /// A part of something.
    pub(super) part: bool,
    /// Crossed or slanted planes.
    pub(super) plant: bool,
    /// A layer of a flat item.
    pub(super) layer: bool,
    /// Named by a model whose shape is not known.
    pub(super) named: bool,
}

impl Uses {
    /// What both say.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            full: self.full || other.full,
            part: self.part || other.part,
            plant: self.plant || other.plant,
            layer: self.layer || other.layer,
            named: self.named || other.named,
        }
    }

    fn add(&mut self, shape: Shape) {
        match shape {
            Shape::Full => self.full = true,
            Shape::Part => self.part = true,
            Shape::Plant => self.plant = true,
            Shape::Layer => self.layer = true,
            Shape::Named => self.named = true,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Full,
    Part,
    Plant,
    Layer,
    Named,
}

/// One model file.
#[derive(Debug, Default)]
pub(super) struct Model {
    parent: Option<String>,
    textures: BTreeMap<String, String>,
    /// The textures of its faces (`#side`) and their shapes, when it has elements.
    faces: Option<Vec<(String, Shape)>>,
}

impl Model {
    /// Reads a parsed model; whatever is malformed is left out, as the game leaves out the model.
    pub(super) fn parse(json: &Value) -> Self {
        let textures = json
            .get("textures")
            .and_then(Value::as_object)
            .map(|map| {
                map.iter()
                    .filter_map(|(key, value)| Some((key.clone(), sprite(value)?.to_owned())))
                    .collect()
            })
            .unwrap_or_default();
        let faces = json
            .get("elements")
            .and_then(Value::as_array)
            .map(|elements| elements.iter().flat_map(element_faces).collect());
        Self {
            parent: json.get("parent").and_then(Value::as_str).map(full_id),
            textures,
            faces,
        }
    }
}

/// A texture's value: a string, or since 26.1 an object that names the sprite beside other settings.
fn sprite(value: &Value) -> Option<&str> {
    value
        .as_str()
        .or_else(|| value.get("sprite").and_then(Value::as_str))
}

fn numbers<const N: usize>(value: Option<&Value>) -> Option<[f64; N]> {
    let list = value?.as_array()?;
    let mut numbers = [0.0; N];
    if list.len() != N {
        return None;
    }
    for (number, value) in numbers.iter_mut().zip(list) {
        *number = value.as_f64()?;
    }
    Some(numbers)
}

fn element_faces(element: &Value) -> Vec<(String, Shape)> {
    let (Some(from), Some(to)) = (
        numbers::<3>(element.get("from")),
        numbers::<3>(element.get("to")),
    ) else {
        return Vec::new();
    };
    let rotation = element.get("rotation");
    let upright = rotation
        .and_then(|rotation| rotation.get("axis"))
        .is_some_and(|axis| axis == "y");
    let angle = rotation
        .and_then(|rotation| rotation.get("angle"))
        .and_then(Value::as_f64)
        .unwrap_or(0.0);
    let flat = (0..3).any(|axis| (from[axis] - to[axis]).abs() < 1e-6);
    let spans = |axis: usize| from[axis] <= 0.0 && to[axis] >= 16.0;
    let Some(faces) = element.get("faces").and_then(Value::as_object) else {
        return Vec::new();
    };
    faces
        .iter()
        .filter_map(|(side, face)| {
            let texture = face.get("texture")?.as_str()?.to_owned();
            let across = match side.as_str() {
                "up" | "down" => [0, 2],
                "north" | "south" => [0, 1],
                "west" | "east" => [1, 2],
                _ => return None,
            };
            // Without `uv` a face takes the part of the texture that its place in the block suggests.
            let whole_uv = numbers::<4>(face.get("uv")).is_none_or(|[a, b, c, d]| {
                a.min(c) <= 0.0 && a.max(c) >= 16.0 && b.min(d) <= 0.0 && b.max(d) >= 16.0
            });
            let shape = if flat && upright && angle != 0.0 {
                Shape::Plant
            } else if !flat && angle == 0.0 && whole_uv && across.into_iter().all(spans) {
                Shape::Full
            } else {
                Shape::Part
            };
            Some((texture, shape))
        })
        .collect()
}

/// The game's own parents: name and the shape of each texture variable (`*` for all the others).
/// Written from the models' public descriptions \[C\]; names of 1.8 to 26.x.
const VANILLA: &[(&str, &[(&str, Shape)])] = {
    use Shape::{Full, Layer, Part, Plant};
    &[
        ("cube", &[("*", Full)]),
        ("cube_all", &[("*", Full)]),
        ("cube_all_inner_faces", &[("*", Full)]),
        ("cube_bottom_top", &[("*", Full)]),
        ("cube_bottom_top_inner_faces", &[("*", Full)]),
        ("cube_column", &[("*", Full)]),
        ("cube_column_horizontal", &[("*", Full)]),
        ("cube_column_mirrored", &[("*", Full)]),
        ("cube_column_uv_locked_x", &[("*", Full)]),
        ("cube_column_uv_locked_y", &[("*", Full)]),
        ("cube_column_uv_locked_z", &[("*", Full)]),
        ("cube_directional", &[("*", Full)]),
        ("cube_mirrored", &[("*", Full)]),
        ("cube_mirrored_all", &[("*", Full)]),
        ("cube_north_west_mirrored", &[("*", Full)]),
        ("cube_north_west_mirrored_all", &[("*", Full)]),
        ("cube_top", &[("*", Full)]),
        ("column_side", &[("*", Full)]),
        ("leaves", &[("*", Full)]),
        ("orientable", &[("*", Full)]),
        ("orientable_vertical", &[("*", Full)]),
        ("orientable_with_bottom", &[("*", Full)]),
        ("template_command_block", &[("*", Full)]),
        ("template_glazed_terracotta", &[("*", Full)]),
        ("template_single_face", &[("*", Full)]),
        ("template_farmland", &[("*", Full)]),
        ("template_piston", &[("*", Full)]),
        ("template_rotated_cube", &[("*", Full)]),
        ("grass_block", &[("*", Full)]),
        // They show parts of textures made for cubes: what they use repeats from block to block.
        ("half_slab", &[("*", Full)]),
        ("upper_slab", &[("*", Full)]),
        ("slab", &[("*", Full)]),
        ("slab_top", &[("*", Full)]),
        ("stairs", &[("*", Full)]),
        ("inner_stairs", &[("*", Full)]),
        ("outer_stairs", &[("*", Full)]),
        ("carpet", &[("*", Full)]),
        ("template_glass_pane_noside", &[("pane", Full), ("*", Part)]),
        (
            "template_glass_pane_noside_alt",
            &[("pane", Full), ("*", Part)],
        ),
        ("template_glass_pane_post", &[("pane", Full), ("*", Part)]),
        ("template_glass_pane_side", &[("pane", Full), ("*", Part)]),
        (
            "template_glass_pane_side_alt",
            &[("pane", Full), ("*", Part)],
        ),
        ("pane_noside", &[("pane", Full), ("*", Part)]),
        ("pane_side", &[("pane", Full), ("*", Part)]),
        ("cross", &[("*", Plant)]),
        ("tinted_cross", &[("*", Plant)]),
        ("cross_emissive", &[("*", Plant)]),
        ("crop", &[("*", Plant)]),
        ("template_seagrass", &[("*", Plant)]),
        ("flower_pot_cross", &[("plant", Plant), ("*", Part)]),
        ("tinted_flower_pot_cross", &[("plant", Plant), ("*", Part)]),
        ("stem_fruit", &[("*", Plant)]),
        ("coral_fan", &[("*", Plant)]),
        ("coral_wall_fan", &[("*", Plant)]),
        ("generated", &[("*", Layer)]),
        ("handheld", &[("*", Layer)]),
        ("handheld_rod", &[("*", Layer)]),
        ("handheld_mace", &[("*", Layer)]),
        ("template_spawn_egg", &[("*", Layer)]),
        ("template_music_disc", &[("*", Layer)]),
        ("template_bundle_open_front", &[("*", Layer)]),
        ("template_bundle_open_back", &[("*", Layer)]),
        ("bow", &[("*", Layer)]),
        ("crossbow", &[("*", Layer)]),
        ("fishing_rod", &[("*", Layer)]),
    ]
};

/// Parents whose textures say nothing of edges by the parent alone: the names decide (`faces.rs`).
const VANILLA_PARTS: &[&str] = &[
    "anvil",
    "bed",
    "button",
    "cake",
    "candle",
    "carrot",
    "chain",
    "chest",
    "coral",
    "custom_fence",
    "door_",
    "dragon_egg",
    "fence",
    "fire",
    "flower",
    "four_",
    "hanging",
    "inventory",
    "lantern",
    "lever",
    "lightning",
    "mossy_carpet",
    "one_",
    "orientable_trapdoor",
    "pane",
    "piston",
    "pointed",
    "pressure_plate",
    "rail",
    "redstone",
    "sculk",
    "shelf",
    "skull",
    "stem",
    "sweet",
    "template_",
    "thin_block",
    "three_",
    "torch",
    "trapdoor",
    "two_",
    "vine",
    "wall",
];

fn vanilla(id: &str) -> Option<&'static [(&'static str, Shape)]> {
    let path = id
        .strip_prefix("minecraft:")
        .or_else(|| id.strip_prefix("builtin:"))?;
    let name = path
        .strip_prefix("block/")
        .or_else(|| path.strip_prefix("item/"))
        .or_else(|| path.strip_prefix("builtin/"))?;
    // `stem_growth0` .. `7`.
    if name.starts_with("stem_growth") {
        return Some(&[("*", Shape::Plant)]);
    }
    VANILLA
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, shapes)| *shapes)
}

/// The parents of models in a pack, by identifier (`minecraft:block/cube_all`); overlays may hold several.
#[derive(Debug, Default)]
pub(super) struct Models {
    models: HashMap<String, Vec<Model>>,
}

impl Models {
    pub(super) fn add(&mut self, id: String, model: Model) {
        self.models.entry(id).or_default().push(model);
    }

    /// How every texture that a model names is used, by identifier (`minecraft:block/stone`).
    pub(super) fn uses(&self) -> HashMap<String, Uses> {
        let mut uses: HashMap<String, Uses> = HashMap::new();
        for (id, versions) in &self.models {
            for model in versions {
                for (texture, shape) in self.textures(id, model) {
                    uses.entry(texture).or_default().add(shape);
                }
            }
        }
        uses
    }

    /// The textures of one model with all its parents, and their shapes.
    fn textures(&self, id: &str, model: &Model) -> Vec<(String, Shape)> {
        let mut textures = BTreeMap::new();
        let mut faces: Option<Vec<(String, Shape)>> = None;
        let mut shapes = None;
        let (mut id, mut model) = (id.to_owned(), Some(model));
        // Parents may form a ring; the game's own chains are five long.
        for _ in 0..32 {
            if faces.is_none() && shapes.is_none() {
                shapes = vanilla(&id);
                if shapes.is_none() {
                    faces = model.and_then(|model| model.faces.clone());
                }
            }
            let Some(this) = model else { break };
            for (key, value) in &this.textures {
                textures.entry(key.clone()).or_insert_with(|| value.clone());
            }
            let Some(parent) = &this.parent else { break };
            id.clone_from(parent);
            model = self.models.get(&id).and_then(|versions| versions.first());
        }
        // An item's parent that is neither here nor known lies in the game: nearly all of those are flat.
        let unknown_item = faces.is_none()
            && shapes.is_none()
            && (id.starts_with("minecraft:item/") || id.ends_with("builtin/generated"));
        let shape_of_key = |key: &str| match shapes {
            Some(shapes) => shapes
                .iter()
                .find(|(name, _)| *name == key || *name == "*")
                .map_or(Shape::Named, |(_, shape)| *shape),
            None if unknown_item && key.starts_with("layer") => Shape::Layer,
            None if VANILLA_PARTS.iter().any(|part| {
                id.strip_prefix("minecraft:block/")
                    .is_some_and(|name| name.starts_with(part))
            }) =>
            {
                Shape::Part
            }
            None => Shape::Named,
        };
        let mut found = Vec::new();
        for (key, value) in &textures {
            if key == "particle" || value.starts_with('#') {
                continue;
            }
            let shape = if faces.is_some() {
                Shape::Named
            } else {
                shape_of_key(key)
            };
            found.push((full_id(value), shape));
        }
        // A variable that points at another: `"all": "#texture"`.
        if faces.is_none() {
            for (key, value) in &textures {
                if value.starts_with('#')
                    && let Some(texture) = resolve(value, &textures)
                {
                    found.push((texture, shape_of_key(key)));
                }
            }
        }
        for (reference, shape) in faces.unwrap_or_default() {
            if let Some(texture) = resolve(&reference, &textures) {
                found.push((texture, shape));
            }
        }
        found
    }
}

/// Follows `#side` to a texture; `None` when it is left to a child model.
fn resolve(reference: &str, textures: &BTreeMap<String, String>) -> Option<String> {
    let mut value = reference;
    for _ in 0..16 {
        let key = match value.strip_prefix('#') {
            Some(key) => key,
            // A face may name its variable without the sign; a texture has a folder.
            None if textures.contains_key(value) => value,
            None => return Some(full_id(value)),
        };
        value = textures.get(key)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(files: &[(&str, &str)]) -> HashMap<String, Uses> {
        let mut models = Models::default();
        for (id, json) in files {
            let json = serde_json::from_str(json).unwrap();
            models.add((*id).to_owned(), Model::parse(&json));
        }
        models.uses()
    }

    const FULL: Uses = Uses {
        full: true,
        part: false,
        plant: false,
        layer: false,
        named: false,
    };
    const PLANT: Uses = Uses {
        full: false,
        plant: true,
        ..FULL
    };
    const LAYER: Uses = Uses {
        full: false,
        layer: true,
        ..FULL
    };

    #[test]
    fn the_games_parents_are_known() {
        let cases = [
            (
                r#"{"parent":"block/cube_all","textures":{"all":"block/a"}}"#,
                FULL,
            ),
            (
                r#"{"parent":"minecraft:block/leaves","textures":{"all":"minecraft:block/a"}}"#,
                FULL,
            ),
            (
                r#"{"parent":"block/cross","textures":{"cross":"block/a"}}"#,
                PLANT,
            ),
            (
                r#"{"parent":"block/stem_growth3","textures":{"stem":"block/a"}}"#,
                PLANT,
            ),
            (
                r#"{"parent":"item/generated","textures":{"layer0":"block/a"}}"#,
                LAYER,
            ),
            (
                r#"{"parent":"builtin/generated","textures":{"layer0":"block/a"}}"#,
                LAYER,
            ),
            (
                r#"{"parent":"item/some_new_thing","textures":{"layer0":"block/a"}}"#,
                LAYER,
            ),
            (
                r##"{"parent":"block/cube_all","textures":{"all":"#t","t":{"sprite":"block/a","force_translucent":true}}}"##,
                Uses {
                    named: true,
                    ..FULL
                },
            ),
        ];
        for (json, expected) in cases {
            let mut found = uses(&[("minecraft:block/m", json)])["minecraft:block/a"];
            found.named = expected.named;
            assert_eq!(found, expected, "{json}");
        }
    }

    #[test]
    fn parents_and_variables_are_followed_inside_the_pack() {
        let found = uses(&[
            (
                "x:block/base",
                r##"{"elements":[
                {"from":[0,0,0],"to":[16,16,16],"faces":{"up":{"texture":"#top"},"north":{"texture":"#side","uv":[0,0,16,16]}}},
                {"from":[4,0,4],"to":[12,8,12],"faces":{"up":{"texture":"#knob"}}},
                {"from":[0,0,8],"to":[16,16,8],"rotation":{"angle":45,"axis":"y"},"faces":{"north":{"texture":"#weed"}}}
                ]}"##,
            ),
            (
                "x:block/mid",
                r##"{"parent":"x:block/base","textures":{"side":"#all","top":"x:block/top"}}"##,
            ),
            (
                "x:block/leaf",
                r#"{"parent":"x:block/mid","textures":{"all":"x:block/all","knob":"x:block/knob","weed":"x:block/weed"}}"#,
            ),
        ]);
        assert!(found["x:block/top"].full && found["x:block/all"].full);
        assert!(found["x:block/knob"].part && !found["x:block/knob"].full);
        assert!(found["x:block/weed"].plant && !found["x:block/weed"].full);
    }

    #[test]
    fn rings_and_nonsense_end() {
        let found = uses(&[
            (
                "minecraft:block/a",
                r##"{"parent":"block/b","textures":{"x":"#y","y":"#x","z":"block/z"}}"##,
            ),
            (
                "minecraft:block/b",
                r#"{"parent":"block/a","textures":7,"elements":[{"from":[1]},3]}"#,
            ),
        ]);
        assert!(found.contains_key("minecraft:block/z"));
        assert!(uses(&[("minecraft:block/c", "[]")]).is_empty());
    }
}
