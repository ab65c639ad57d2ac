//! Interface art: buttons, hearts, an effect's icon, particles, armour trims, and the pack's icon.

use serde_json::json;

use crate::canvas::Canvas;
use crate::items::art;
use crate::mobs;
use crate::pack::Pack;
use crate::palette::{self as p, Ramp, Rgba, TRIM_KEY, rgb};

/// Adds everything of the interface.
pub(crate) fn draw(pack: &mut Pack) {
    for (name, ramp, edge) in [
        ("button", &p::PANEL, p::COAL[0]),
        ("button_highlighted", &p::BLUE, p::WHITE[6]),
        ("button_disabled", &p::COAL, p::COAL[0]),
    ] {
        let path = format!("gui/sprites/widget/{name}");
        pack.texture(&path, &button(ramp, edge));
        pack.json(
            &format!("assets/minecraft/textures/{path}.png.mcmeta"),
            &json!({ "gui": { "scaling": { "type": "nine_slice", "width": 200, "height": 20, "border": 4 } } }),
        );
    }
    pack.texture(
        "gui/sprites/hud/heart/container",
        &art(HEART_EMPTY, [&p::COAL; 3]),
    );
    pack.texture("gui/sprites/hud/heart/full", &art(HEART, [&p::RUBY; 3]));
    pack.texture(
        "gui/sprites/hud/food_full",
        &art(DRUMSTICK, [&p::CRUST, &p::WHITE, &p::WHITE]),
    );
    pack.texture("mob_effect/luck", &clover());
    pack.texture(
        "particle/heart",
        &art(HEART, [&p::RUBY; 3]).crop(0, 0, 8, 8),
    );
    pack.texture("particle/flame", &art(FLAME, [&p::FIRE; 3]));
    trims(pack);
    pack.png("pack.png", &icon());
}

fn button(ramp: &Ramp, edge: Rgba) -> Canvas {
    let mut canvas = Canvas::filled(200, 20, ramp[3]);
    canvas.rect(0, 0, 200, 20, edge);
    canvas.rect(1, 1, 198, 18, ramp[3]);
    canvas.rect(1, 1, 198, 1, ramp[5]);
    canvas.rect(1, 1, 1, 16, ramp[5]);
    canvas.rect(1, 17, 198, 2, ramp[1]);
    canvas.rect(198, 2, 1, 15, ramp[2]);
    canvas.rect(2, 2, 196, 1, ramp[4]);
    // A calm weave that repeats every eight pixels.
    for y in 4..16 {
        for x in 4..196 {
            if (x + y * 2) % 8 == 0 && y % 4 < 2 {
                canvas.set(x, y, ramp[4]);
                canvas.set(x + 1, y + 1, ramp[2]);
            }
        }
    }
    for (x, y) in [(0, 0), (199, 0), (0, 19), (199, 19)] {
        canvas.set(x, y, p::CLEAR);
    }
    canvas.set(1, 1, ramp[6]);
    canvas
}

const HEART: &str = "
    .000.000.
    045404540
    046543320
    045433320
    034333210
    .0333210.
    ..03210..
    ...010...
    ....0....
";
const HEART_EMPTY: &str = "
    .000.000.
    022202220
    021111110
    021111110
    021111110
    .0211110.
    ..02110..
    ...020...
    ....0....
";
const DRUMSTICK: &str = "
    ....000..
    ...04540.
    ..0465430
    ..0554330
    ..0443320
    .0a33220.
    0fea000..
    0feda....
    .0a0.....
";
const CLOVER_LEAF: &str = "
    ..00000.
    .0455430
    04565430
    04654433
    04544333
    04443332
    .0333322
    ..003221
";

/// Four leaves, each lit from the upper left, on a curved stalk.
fn clover() -> Canvas {
    let mut canvas = Canvas::new(18, 18);
    let leaf = art(CLOVER_LEAF, [&p::JADE; 3]);
    for y in 0..8 {
        for x in 0..8 {
            for (right, low) in [(false, false), (true, false), (false, true), (true, true)] {
                let colour = leaf.get(x, y);
                let shade = p::JADE.iter().position(|known| *known == colour);
                let Some(shade) = shade else { continue };
                // Leaves away from the light are a shade darker, their outline stays.
                let darker = usize::from(right && low);
                let shade = if shade == 0 {
                    0
                } else {
                    shade.saturating_sub(darker).max(1)
                };
                let place = |flip: bool, v: i32| if flip { 16 - v } else { v + 1 };
                canvas.set(place(right, x), place(low, y) - 1, p::JADE[shade]);
            }
        }
    }
    for (x, y) in [(9, 14), (9, 15), (10, 16), (11, 17)] {
        canvas.set(x, y, p::LEAF[3]);
        canvas.set(x - 1, y, p::LEAF[1]);
    }
    canvas
}

const FLAME: &str = "
    ...3....
    ...43...
    ..343...
    .34543..
    .35654..
    .456653.
    .346643.
    ..3443..
";

/// Waves along the edges of armour, in the key's shades only.
fn trims(pack: &mut Pack) {
    let key: Vec<(char, Rgba)> = ('0'..='7').zip(TRIM_KEY).collect();
    let palette = |colours: &[Rgba; 8]| {
        let mut canvas = Canvas::new(8, 1);
        for (x, colour) in colours.iter().enumerate() {
            canvas.set(x as i32, 0, *colour);
        }
        canvas
    };
    pack.extra("trims/color_palettes/key", &palette(&TRIM_KEY));
    let coral = [
        0xffd2b8, 0xfdb093, 0xf48a74, 0xdf665e, 0xbd4a55, 0x93344c, 0x682341, 0x421634,
    ]
    .map(rgb);
    let tide = [
        0xc8f7ea, 0x92e6da, 0x5ccbcb, 0x39a6b8, 0x2a7f9f, 0x235b83, 0x1d3c64, 0x162446,
    ]
    .map(rgb);
    pack.extra("trims/color_palettes/coral", &palette(&coral));
    pack.extra("trims/color_palettes/tide", &palette(&tide));

    let wave = Canvas::art("..01....\n.0124..0\n01235401\n12457512\n45676745", &key);
    let band = |canvas: &mut Canvas, x: i32, y: i32, width: i32| {
        for column in 0..width {
            canvas.stamp(&wave.crop(column % 8, 0, 1, 5), x + column, y);
        }
    };
    let mut body = Canvas::new(64, 32);
    band(&mut body, 0, 8, 32); // helmet
    band(&mut body, 16, 27, 24); // chest, lower edge
    band(&mut body, 40, 26, 16); // sleeves
    band(&mut body, 0, 25, 16); // boots
    pack.extra("trims/entity/humanoid/wave", &body);
    let mut legs = Canvas::new(64, 32);
    band(&mut legs, 16, 27, 24);
    band(&mut legs, 0, 26, 16);
    pack.extra("trims/entity/humanoid_leggings/wave", &legs);
    let item = "
        ................
        ................
        ................
        ................
        ....01....01....
        ...0124..0124...
        ....3......3....
        ................
        ................
        .....01..01.....
        ....01240124....
        ....24570457....
        .....567567.....
        ................
        ................
        ................
    ";
    pack.extra("trims/items/wave_chestplate", &Canvas::art(item, &key));
    let permutations = json!({ "coral": "uncanny:trims/color_palettes/coral", "tide": "uncanny:trims/color_palettes/tide" });
    for (atlas, textures) in [
        (
            "armor_trims",
            json!([
                "uncanny:trims/entity/humanoid/wave",
                "uncanny:trims/entity/humanoid_leggings/wave"
            ]),
        ),
        ("items", json!(["uncanny:trims/items/wave_chestplate"])),
    ] {
        pack.json(
            &format!("assets/minecraft/atlases/{atlas}.json"),
            &json!({ "sources": [{
                "type": "minecraft:paletted_permutations",
                "textures": textures,
                "palette_key": "uncanny:trims/color_palettes/key",
                "permutations": permutations,
            }] }),
        );
    }
}

/// The pack's icon: the portrait, every pixel doubled.
fn icon() -> Canvas {
    let portrait = mobs::portrait();
    let mut canvas = Canvas::new(64, 64);
    for (x, y) in (0..32).flat_map(|y| (0..32).map(move |x| (x, y))) {
        canvas.rect(x * 2, y * 2, 2, 2, portrait.get(x, y));
    }
    canvas
}
