//! Blocks that fill a cube: earth, rock, ores, wood, masonry, cloth, glass, water and fire.
//!
//! Everything here is painted on a wrapping [`Field`], so faces tile without a seam by
//! construction. Doors, ladders and plants live in `plants.rs`.

use serde_json::json;

use crate::canvas::{Canvas, Dice, Field, Noise};
use crate::pack::Pack;
use crate::palette::{self as p, Ramp, Rgba, alpha};

/// Adds every block to the pack.
pub(crate) fn draw(pack: &mut Pack) {
    earth(pack);
    rock(pack);
    masonry(pack);
    wood(pack);
    furnishing(pack);
    clear(pack);
    moving(pack);
}

fn earth(pack: &mut Pack) {
    pack.texture("block/dirt", &dirt().paint(&p::DIRT));
    pack.texture("block/grass_block_top", &meadow().paint(&p::MEADOW));
    pack.texture("block/grass_block_side", &fringed(&p::GRASS));
    pack.texture(
        "block/grass_block_side_overlay",
        &fringe().paint(&p::MEADOW),
    );
    pack.texture("block/grass_block_snow", &fringed(&p::SNOW));
    pack.texture("block/sand", &sand().paint(&p::SAND));
    pack.texture("block/gravel", &gravel().paint(&p::COBBLE));
    pack.texture("block/clay", &clay().paint(&p::CLAY));
    pack.texture("block/snow", &snow().paint(&p::SNOW));
    pack.texture("block/moss_block", &moss().paint(&p::MOSS));
    pack.texture("block/dirt_path_top", &path().paint(&p::PATH));
    pack.texture("block/dirt_path_side", &path_side());
    pack.texture("block/farmland", &farmland().paint(&p::DIRT));
    pack.texture("block/farmland_moist", &farmland().paint(&p::MUD));
}

fn rock(pack: &mut Pack) {
    let stone = Field::art(STONE).paint(&p::STONE);
    pack.texture("block/stone", &stone);
    pack.texture("block/sandstone", &sandstone());
    pack.texture("block/sandstone_top", &sandstone_top().paint(&p::SANDSTONE));
    pack.texture("block/obsidian", &obsidian().paint(&p::OBSIDIAN));
    for (name, ramp, map) in [
        ("coal_ore", &p::COAL, COAL_ORE),
        ("iron_ore", &p::COPPER, IRON_ORE),
        ("gold_ore", &p::GOLD, GOLD_ORE),
        ("diamond_ore", &p::AQUA, DIAMOND_ORE),
        ("emerald_ore", &p::JADE, EMERALD_ORE),
        ("redstone_ore", &p::RUBY, REDSTONE_ORE),
    ] {
        pack.texture(&format!("block/{name}"), &ore(map, ramp));
    }
    pack.texture("block/glowstone", &glowstone().paint(&p::GOLD));
}

fn masonry(pack: &mut Pack) {
    let cobble = relief(
        COBBLE,
        1,
        |stone| if "adgjkf".contains(stone) { 4 } else { 3 },
    );
    pack.texture("block/cobblestone", &cobble.paint(&p::COBBLE));
    pack.texture("block/mossy_cobblestone", &mossy(&cobble, &p::COBBLE, 5));
    let bricks = stone_bricks();
    pack.texture("block/stone_bricks", &bricks.paint(&p::STONE));
    pack.texture("block/mossy_stone_bricks", &mossy(&bricks, &p::STONE, 9));
    pack.texture("block/bricks", &clay_bricks());
    pack.extra("block/roof_tiles", &roof().paint(&p::ROOF));
    pack.extra("block/column_side", &column_side().paint(&p::SANDSTONE));
    pack.extra("block/column_end", &column_end().paint(&p::SANDSTONE));
}

fn wood(pack: &mut Pack) {
    pack.texture("block/oak_planks", &planks(3).paint(&p::OAK));
    pack.texture("block/birch_planks", &planks(8).paint(&p::BIRCH));
    pack.texture("block/spruce_planks", &planks(21).paint(&p::SPRUCE));
    pack.texture("block/oak_log", &bark().paint(&p::BARK));
    pack.texture(
        "block/oak_log_top",
        &rings(&p::OAK, &bark().paint(&p::BARK)),
    );
    pack.texture("block/birch_log", &birch_bark().paint(&p::BIRCH_BARK));
    pack.texture(
        "block/birch_log_top",
        &rings(&p::BIRCH, &birch_bark().paint(&p::BIRCH_BARK)),
    );
    pack.texture("block/oak_leaves", &leaves(4).paint(&p::GREY));
    pack.texture("block/birch_leaves", &leaves(17).paint(&p::GREY));
}

fn furnishing(pack: &mut Pack) {
    pack.texture("block/bookshelf", &bookshelf());
    pack.texture("block/hay_block_side", &hay_side());
    pack.texture("block/hay_block_top", &hay_top().paint(&p::GOLD));
    pack.texture("block/pumpkin_side", &pumpkin_side().paint(&p::ORANGE));
    pack.texture("block/pumpkin_top", &pumpkin_top());
    pack.texture("block/carved_pumpkin", &pumpkin_face());
    for (name, ramp) in [
        ("white", &p::WHITE),
        ("red", &p::RED),
        ("blue", &p::BLUE),
        ("yellow", &p::GOLD),
    ] {
        pack.texture(&format!("block/{name}_wool"), &wool().paint(ramp));
    }
}

fn clear(pack: &mut Pack) {
    pack.texture("block/glass", &glass());
    pack.texture("block/light_blue_stained_glass", &stained(&p::BLUE));
    pack.texture("block/orange_stained_glass", &stained(&p::ORANGE));
    pack.texture("block/ice", &ice().paint(&p::translucent(&p::ICE, 190)));
}

fn moving(pack: &mut Pack) {
    let frames: Vec<Canvas> = (0..16).map(water).collect();
    pack.animation(
        "block/water_still",
        &frames,
        &json!({ "frametime": 3, "interpolate": true }),
    );
    let frames: Vec<Canvas> = (0..16).map(lava).collect();
    pack.animation(
        "block/lava_still",
        &frames,
        &json!({ "frametime": 4, "interpolate": true }),
    );
    let frames: Vec<Canvas> = (0..8).map(flames).collect();
    pack.animation("block/campfire_fire", &frames, &json!({ "frametime": 2 }));
}

// ---- Earth --------------------------------------------------------------------------------------

/// Crumbs of earth: dark hollows first, then lit crumbs with a shadow under each.
fn dirt() -> Field {
    let mut field = Field::new(3);
    let noise = Noise::still(31, 4, 4);
    for (x, y) in everywhere() {
        if noise.at(x, y, 0) < 92 {
            field.set(x, y, 2);
        }
    }
    field.despeckle();
    for (x, y, rows) in [
        (2, 1, &["454", "121"][..]),
        (9, 0, &[".55", "432", "11."][..]),
        (5, 5, &["44.", "345", ".11"][..]),
        (13, 5, &["54", "32"][..]),
        (0, 8, &[".4.", "453", "121"][..]),
        (10, 9, &["454", "332", ".1."][..]),
        (5, 12, &["54", "42", "1."][..]),
        (14, 12, &["45", "33", "11"][..]),
        (8, 14, &["4"][..]),
        (7, 3, &["1"][..]),
        (12, 14, &["12"][..]),
        (3, 10, &["1"][..]),
    ] {
        field.stamp(x, y, rows);
    }
    field
}

/// Grass from above: blades in small tufts, lit at the tips.
fn meadow() -> Field {
    let mut field = Field::new(3);
    let noise = Noise::still(77, 4, 4);
    for (x, y) in everywhere() {
        field.set(x, y, if noise.at(x, y, 0) > 104 { 3 } else { 2 });
    }
    field.despeckle();
    let mut dice = Dice::new(5);
    let tufts: [&[&str]; 5] = [
        &["5..4", "44.3", ".433", "..1."],
        &[".5.", ".4.", "43.", "..1"],
        &["4.5", "343", ".1."],
        &["5..", "44.", ".31"],
        &["..5", ".4.", "13."],
    ];
    for row in 0..4 {
        for column in 0..4 {
            let x = column * 4 + row % 2 * 2 + dice.roll(2);
            let y = row * 4 + dice.roll(2);
            field.stamp(x, y, tufts[dice.roll(5) as usize]);
        }
    }
    field
}

/// How far down the grass hangs over each column of a block's side.
const FRINGE: [i32; 16] = [3, 4, 5, 4, 3, 4, 3, 2, 4, 6, 5, 3, 3, 4, 5, 2];

/// The hanging grass alone, holes elsewhere.
fn fringe() -> Field {
    let mut field = Field::new(-1);
    let top = meadow();
    for x in 0..16 {
        let depth = FRINGE[x as usize];
        for y in 0..depth {
            let shade = match depth - 1 - y {
                0 => 1,
                1 => 2,
                _ if y == 0 => 5,
                _ => top.get(x, y).clamp(3, 5),
            };
            field.set(x, y, shade);
        }
    }
    field
}

/// Earth with a fringe of grass or snow, and the fringe's shadow on the earth.
fn fringed(ramp: &Ramp) -> Canvas {
    let mut earth = dirt();
    for x in 0..16 {
        earth.add(x, FRINGE[x as usize], -2);
        earth.add(x, FRINGE[x as usize] + 1, -1);
    }
    let mut canvas = earth.paint(&p::DIRT);
    canvas.stamp(&fringe().paint(ramp), 0, 0);
    canvas
}

/// Wind ripples.
fn sand() -> Field {
    let mut field = Field::new(3);
    for (x, y, length) in [
        (0, 1, 6),
        (8, 2, 5),
        (3, 5, 7),
        (12, 6, 6),
        (1, 9, 5),
        (8, 9, 6),
        (4, 13, 8),
        (13, 13, 4),
    ] {
        for i in 0..length {
            let bow = i32::from(i > 0 && i < length - 1);
            field.set(x + i, y - bow, 5);
            field.set(
                x + i,
                y + 1 - bow,
                if i == 0 || i == length - 1 { 3 } else { 2 },
            );
        }
    }
    for (x, y) in [(6, 3), (14, 4), (1, 11), (11, 12), (9, 6), (7, 11)] {
        field.set(x, y, 4);
        field.set(x + 1, y, 4);
    }
    for (x, y) in [(2, 7), (10, 15), (15, 10)] {
        field.set(x, y, 1);
    }
    field
}

const GRAVEL: &str = "
    aab..ccd.eee.ffa
    abbb.cdddeee.fff
    .bbb..dddd.ggg..
    h.bb.i.dd.ggggj.
    hhh.iii..k.ggjjj
    hhh.iiiikkk..jjj
    .l..iiii.kkmm.j.
    lll.n.ii..mmmm.o
    llnnnn.pp.mmmm.o
    l.nnnn.pppp.m.qq
    r.nnn.s.ppp.tqqq
    rr...sss.p.ttt.q
    rrru.sss..vttt.r
    .ruuu.s.wvvv.t.r
    x.uuu.www.vvv.xx
    xa.u.cwww.e..fxx
";

fn gravel() -> Field {
    relief(GRAVEL, 1, |stone| 2 + (stone as i32 * 7 % 5) / 2)
}

fn clay() -> Field {
    patches(3, 0)
}

fn snow() -> Field {
    let mut field = contours(Noise::still(52, 8, 8), 5, 64);
    for (x, y) in [(2, 4), (9, 2), (13, 10), (5, 12), (7, 7)] {
        field.set(x, y, 6);
    }
    for (x, y) in [(4, 9), (12, 5), (10, 14)] {
        field.stamp(x, y, &["33", ".3"]);
    }
    field
}

fn moss() -> Field {
    let mut field = Field::new(2);
    let mut dice = Dice::new(12);
    let pads: [&[&str]; 3] = [
        &[".44.", "4553", "3432", ".21."],
        &["45.", "343", "211"],
        &[".54", "432", "21."],
    ];
    for row in 0..5 {
        for column in 0..4 {
            let x = column * 4 + row % 2 * 2 + dice.roll(2);
            field.stamp(x, row * 16 / 5 + dice.roll(2), pads[dice.roll(3) as usize]);
        }
    }
    for (x, y) in [(1, 2), (8, 5), (13, 11), (5, 14)] {
        field.set(x, y, 6);
    }
    field
}

const PATH: &str = "
    aaa.bbbbb.cccc.a
    aaa.bbbbbb.ccc.a
    a..d.bbbb..cc.e.
    .dddd.bb.ff..eee
    dddddd..ffff.eee
    .dddd.g.ffff.ee.
    h.dd.ggg.ff..e.h
    hh..ggggg..ii..h
    hhh.gggg.iiiii.h
    hh.j.gg.iiiiii.h
    ..jjj..k.iiii.l.
    mjjjj.kkk.ii.lll
    m.jj.kkkkk..nlll
    mm..o.kkk.nnn.l.
    m..ooo.k.nnnnn.m
    .a.ooo.b..nnn.ca
";

fn path() -> Field {
    let mut field = relief(PATH, 2, |stone| 3 + (stone as i32 * 5 % 3) / 2);
    // Trodden: no stone stands out as on a fresh pavement.
    for (x, y) in everywhere() {
        let shade = field.get(x, y);
        field.set(x, y, if shade > 2 { shade.clamp(3, 4) } else { 2 });
    }
    field
}

fn path_side() -> Canvas {
    let mut earth = dirt();
    for x in 0..16 {
        earth.add(x, 2 + FRINGE[x as usize] / 3, -2);
    }
    let mut canvas = earth.paint(&p::DIRT);
    let top = path();
    for x in 0..16 {
        for y in 0..2 + FRINGE[x as usize] / 3 {
            canvas.set(
                x,
                y,
                p::PATH[if y == 0 {
                    4
                } else {
                    top.get(x, y + 3) as usize - 1
                }],
            );
        }
    }
    canvas
}

/// Four furrows with crumbs on their ridges.
fn farmland() -> Field {
    let mut field = Field::new(2);
    let crumbs = Noise::still(19, 4, 2);
    for (x, y) in everywhere() {
        let lump = i32::from(crumbs.at(x, y, 0) > 150);
        field.set(
            x,
            y,
            [5, 4, 2, 1][(y % 4) as usize] - if y % 4 < 2 { 1 - lump } else { 0 },
        );
    }
    for (x, y) in [(2, 0), (9, 4), (13, 8), (5, 12), (12, 0), (3, 8)] {
        field.stamp(x, y, &["55", "33", "12"]);
    }
    for (x, y) in [(6, 3), (14, 7), (1, 11), (10, 15)] {
        field.set(x, y, 2);
    }
    field
}

// ---- Rock ---------------------------------------------------------------------------------------

/// Split rock: shallow ledges, lit on their upper left.
const STONE: &str = "
    3333444333332333
    3344543333221333
    3333333333333344
    3213333345433454
    3322333454333333
    3333334443333223
    4533333333332213
    4543332233333333
    3333222133454333
    3332221333345433
    3333333333334433
    4533345333222333
    3454544433321333
    3334543333333333
    2233333322334543
    2213334333332443
";

/// Layers laid down by water, weathered at their edges.
fn sandstone() -> Canvas {
    let mut field = Field::new(3);
    let wear = Noise::still(63, 4, 4);
    let layers = [5, 4, 4, 2, 4, 3, 3, 3, 1, 5, 4, 4, 3, 4, 3, 1];
    for (x, y) in everywhere() {
        let drift = (wear.at(x, y, 0) - 128) / 70;
        field.set(
            x,
            y,
            layers[y as usize]
                + if layers[y as usize] > 2 {
                    drift
                } else {
                    drift.max(0)
                },
        );
    }
    field.paint(&p::SANDSTONE)
}

fn sandstone_top() -> Field {
    patches(4, 5)
}

fn obsidian() -> Field {
    let mut field = contours(Noise::still(91, 4, 8), 2, 40);
    for (x, y) in [(3, 2), (10, 5), (5, 9), (13, 12), (0, 13)] {
        field.stamp(x, y, &["..4", ".53", "431"]);
    }
    for (x, y) in [(8, 1), (1, 7), (9, 14)] {
        field.stamp(x, y, &["6"]);
    }
    field
}

const COAL_ORE: &str = "
    ................
    ...33...........
    ..3542....22....
    ..4521...3542...
    ...21....4321...
    ..........11....
    .....22.........
    ....3543...33...
    ....45321.3542..
    .....2210.4521..
    ......1....21...
    ..33............
    .3542....233....
    .45321..35442...
    ..211...24321...
    .........110....
";
const IRON_ORE: &str = "
    ................
    .....4553.......
    ...4564321......
    ....3321....45..
    ...........4632.
    ..44......4532..
    .46542....321...
    ..33221.........
    .........455....
    ..44....456432..
    .4632....33211..
    ..321...........
    .....445......4.
    ...4565432...463
    ....332211....31
    ................
";
const GOLD_ORE: &str = "
    ................
    ..455...........
    .456543...45....
    .345432..4564...
    ..2321...3432...
    ..........21....
    ....45.......45.
    ...4564.....4564
    ...34321....3432
    ....211......21.
    .45.............
    4564...4554.....
    3432..456543....
    .21...345432.45.
    .......2321..342
    ..............1.
";
const DIAMOND_ORE: &str = "
    ................
    ..56............
    .5463....5......
    ..321...565.....
    .......54632....
    ........321.....
    ...5.....1......
    ..565.......56..
    .54643.....5463.
    ..3221......321.
    ...1............
    .......56.......
    ..56..54643..5..
    .5463..3221.565.
    ..32....11..432.
    .............1..
";
const EMERALD_ORE: &str = "
    ................
    ...5........5...
    ..564......563..
    ..543......542..
    ..432...5..331..
    ..321..564..1...
    ...1...543......
    .......432......
    ...5...431...5..
    ..562...1...564.
    ..543.......543.
    ..331..5....432.
    ...1..564...321.
    ......543....1..
    ......331.......
    .......1........
";
const REDSTONE_ORE: &str = "
    ................
    ..45......5.....
    .4642....463.45.
    ..32......2..32.
    ......45........
    .45..4642...5...
    463...31...463..
    .2..........2...
    ......5..45.....
    ..45.463.32...4.
    .4642.2......463
    ..32......45..2.
    .......5.4642...
    .45...463.32....
    .32....2.....45.
    .............32.
";

/// Lumps of an ore in the rock, each with a hollow around its lower right.
fn ore(map: &str, ramp: &Ramp) -> Canvas {
    let mut rock = Field::art(STONE);
    let lumps = Canvas::art(map, &shades(ramp));
    for (x, y) in everywhere() {
        if lumps.get(x, y)[3] == 0 {
            if lumps.get(x - 1, y)[3] > 0 || lumps.get(x, y - 1)[3] > 0 {
                rock.set(x, y, 1);
            } else if lumps.get(x + 1, y)[3] > 0 || lumps.get(x, y + 1)[3] > 0 {
                rock.set(x, y, 2);
            }
        }
    }
    let mut canvas = rock.paint(&p::STONE);
    canvas.stamp(&lumps, 0, 0);
    canvas
}

const GLOW: &str = "
    aaaa.bbb.cccccaa
    aaa.bbbbb.cccc.a
    aa.dbbbbb.ccc.ee
    .dddd.bb.f...eee
    ddddd...ffff.eee
    ddddd.g.fffff.ee
    .ddd.ggg.fff.h.d
    i...ggggg.f.hhh.
    iii.gggg.j.hhhhi
    iiii.gg.jjj.hh.i
    iiii.k.jjjjj..ii
    .ii.kkk.jjjj.l.i
    a..kkkkk.jj.lll.
    aa.kkkk.m..llll.
    aaa.kk.mmm.lll.a
    aaa.b.mmmm..c.aa
";

fn glowstone() -> Field {
    let mut field = relief(GLOW, 1, |crystal| 4 - i32::from("bejl".contains(crystal)));
    for (x, y) in [
        (5, 2),
        (2, 4),
        (11, 4),
        (6, 7),
        (13, 8),
        (9, 10),
        (1, 9),
        (5, 12),
        (12, 13),
        (1, 14),
    ] {
        field.set(x, y, 6);
    }
    field
}

// ---- Masonry ------------------------------------------------------------------------------------

const COBBLE: &str = "
    aaa.bbbb.cccc.aa
    aaa.bbbbb.cccc.a
    aa.dbbbbb.cccc.e
    ..ddd.bb.f.cc.ee
    e.dddd..fff..eee
    ee.dddd.ffff.eee
    ee.dddd.fffff.ee
    ee..dd.g.ffff.ee
    .e.h..ggg.ff.i..
    ..hhh.gggg..iii.
    j.hhh.ggggg.iiii
    .hhhh.ggggg.iiii
    .hhhh..ggg.k.iii
    a.hh.ll...kkk.i.
    aa..llll.kkkkk.a
    aaa..ll...kkk.aa
";

fn stone_bricks() -> Field {
    let map: Vec<String> = (0..16)
        .map(|y| {
            let row = [
                "aaaaaaaaa.bbbbb.",
                "ccc.ddddddd.cccc",
                "eeeee.ffffffff.e",
                "gggggg.hhhhhhhh.",
            ][y / 4];
            if y % 4 == 3 {
                "................".to_owned()
            } else {
                row.to_owned()
            }
        })
        .collect();
    let mut field = relief(&map.join("\n"), 1, |brick| {
        3 + i32::from("bdg".contains(brick))
    });
    for (x, y) in [(3, 1), (12, 1), (7, 5), (1, 9), (10, 9), (4, 13), (12, 13)] {
        field.add(x, y, -1);
        field.add(x + 1, y, -1);
    }
    // Chipped corners.
    for (x, y) in [(8, 2), (4, 4), (13, 10), (0, 12)] {
        field.set(x, y, 1);
    }
    field
}

fn clay_bricks() -> Canvas {
    let mut canvas = Canvas::filled(16, 16, p::MORTAR[2]);
    let tones = [3, 2, 4, 3, 3, 4, 2, 3];
    for course in 0..4 {
        for brick in 0..2 {
            let left = brick * 8 + course % 2 * 4;
            let tone = tones[(course * 2 + brick) as usize];
            for y in 0..3 {
                for x in 0..7 {
                    let shade = tone + i32::from(y == 0) - i32::from(y == 2) - i32::from(x == 6);
                    let shade = shade + i32::from(x == 0 && y == 0);
                    let worn = (x * 3 + y * 7 + course * 5 + brick * 11) % 13 == 0;
                    let shade = (shade - i32::from(worn)).clamp(0, 6);
                    canvas.set((left + x) % 16, course * 4 + y, p::BRICK[shade as usize]);
                }
            }
            // The joint is dark under a brick and light where the sun reaches it.
            for x in 0..8 {
                canvas.set(
                    (left + x) % 16,
                    course * 4 + 3,
                    p::MORTAR[if x < 7 { 1 } else { 2 }],
                );
            }
            canvas.set((left + 7) % 16, course * 4, p::MORTAR[4]);
        }
    }
    canvas
}

/// Moss creeping over masonry from the joints.
fn mossy(under: &Field, ramp: &Ramp, seed: u32) -> Canvas {
    let mut canvas = under.paint(ramp);
    let patches = Noise::still(seed, 4, 4);
    let mut growth = Field::new(-1);
    for (x, y) in everywhere() {
        let joint = under.get(x, y) <= 1;
        if patches.at(x, y, 0) + if joint { 44 } else { 0 } > 172 {
            growth.set(x, y, 3);
        }
    }
    growth.despeckle();
    let grown = growth.clone();
    for (x, y) in everywhere().filter(|(x, y)| grown.get(*x, *y) >= 0) {
        let lit = i32::from(grown.get(x, y - 1) < 0) + i32::from(grown.get(x - 1, y) < 0);
        let dark = i32::from(grown.get(x, y + 1) < 0) + i32::from(grown.get(x + 1, y) < 0);
        let shade = 3 + lit.min(1) - dark.min(1) + i32::from((x * 7 + y * 5) % 9 == 0);
        canvas.set(x, y, p::MOSS[shade as usize]);
    }
    canvas
}

const ROOF_TILE: [&str; 8] = [
    "12333321", "12344321", "12344321", "12345321", "12345321", "01234321", "00123210", ".001110.",
];

fn roof() -> Field {
    let mut field = Field::new(0);
    // The lower half of each course hangs over the upper half of the next.
    for half in [0, 4] {
        for (course, tile) in (0..8).map(|i| (i / 2, i % 2)) {
            field.stamp(
                tile * 8 + course % 2 * 4,
                course * 4 + half,
                &ROOF_TILE[half as usize..half as usize + 4],
            );
        }
    }
    for (x, y) in [(3, 2), (12, 9)] {
        field.add(x, y, 1);
    }
    field
}

/// Flutes, which wrap both ways.
fn column_side() -> Field {
    let mut field = Field::new(3);
    for (x, y) in everywhere() {
        field.set(x, y, [5, 4, 3, 1][(x % 4) as usize]);
    }
    for (x, y) in [(1, 3), (9, 6), (5, 10), (13, 13), (2, 8)] {
        field.add(x, y, -1);
        field.add(x, y + 1, -1);
    }
    field
}

fn column_end() -> Field {
    let mut field = Field::new(4);
    for (x, y) in everywhere() {
        let (dx, dy) = ((2 * x - 15).abs(), (2 * y - 15).abs());
        let round = isqrt(dx * dx + dy * dy);
        let lit = 2 * x - 15 + 2 * y - 15 < 0;
        field.set(
            x,
            y,
            match round {
                0..=5 => 4,
                6..=7 => {
                    if lit {
                        2
                    } else {
                        5
                    }
                }
                8..=12 => 4,
                13..=14 => {
                    if lit {
                        5
                    } else {
                        2
                    }
                }
                _ => {
                    if dx.max(dy) == 15 {
                        2
                    } else {
                        3
                    }
                }
            },
        );
    }
    field
}

// ---- Wood ---------------------------------------------------------------------------------------

/// Four boards with grain, butted at different places.
fn planks(seed: u32) -> Field {
    let mut field = Field::new(4);
    let mut dice = Dice::new(seed);
    for board in 0..4 {
        let top = board * 4;
        let tone = [4, 3, 4, 3][((board + seed as i32) % 4) as usize];
        field.rect(0, top, 16, 3, tone);
        field.rect(0, top, 16, 1, tone + 1);
        field.rect(0, top + 3, 16, 1, 1);
        for line in 0..3 {
            for _ in 0..2 {
                let (start, length) = (dice.roll(16), dice.between(3, 6));
                let step = if line == 0 { 0 } else { -1 };
                for x in start..start + length {
                    field.set(x, top + line, tone + step + i32::from(line == 0));
                }
            }
        }
        // A lighter fibre and the shadow of the joint.
        let (start, length) = (dice.roll(16), dice.between(2, 4));
        field.rect(start, top + 1, length, 1, tone + 1);
        let dark = dice.roll(16);
        field.rect(dark, top + 3, 5, 1, 0);
        let joint = (board * 7 + seed as i32 * 3) % 16;
        field.rect(joint, top, 1, 3, 1);
        field.set(joint + 1, top, 6);
        field.set(joint + 1, top + 1, tone + 1);
        field.set(joint - 2, top + 1, 1);
        field.set(joint + 3, top + 1, 1);
    }
    field
}

/// Rough bark: ridges that run up, branch and end.
fn bark() -> Field {
    let mut field = Field::new(2);
    for (x, y, length, width) in [
        (0, 0, 7, 2),
        (0, 9, 6, 3),
        (4, 3, 9, 2),
        (4, 14, 4, 2),
        (7, 0, 5, 2),
        (7, 7, 8, 2),
        (10, 2, 7, 3),
        (10, 11, 6, 2),
        (13, 14, 4, 2),
        (14, 5, 8, 1),
        (13, 0, 3, 1),
    ] {
        for i in 0..length {
            let end = i == 0 || i == length - 1;
            for w in 0..width {
                let shade = if w == 0 { 4 } else { 3 };
                field.set(x + w, y + i, if end { shade - 1 } else { shade });
            }
            field.set(x + width, y + i, if end { 2 } else { 1 });
        }
        field.set(x, y + 1, 5);
        field.set(x, y + length, 0);
    }
    for (x, y) in [(1, 5), (5, 8), (8, 11), (11, 5), (11, 13), (1, 12)] {
        field.set(x, y, 2);
    }
    field
}

/// Paper bark with dark scars.
fn birch_bark() -> Field {
    let mut field = Field::new(4);
    let shadow = [5, 5, 4, 4, 4, 5, 5, 4, 4, 3, 4, 5, 5, 4, 4, 3];
    for (x, y) in everywhere() {
        field.set(x, y, shadow[x as usize]);
    }
    for (x, y, length) in [
        (1, 2, 4),
        (9, 1, 3),
        (5, 5, 3),
        (12, 6, 4),
        (2, 9, 5),
        (9, 10, 3),
        (13, 13, 4),
        (5, 13, 4),
    ] {
        for i in 0..length {
            field.set(x + i, y, if i == 0 || i == length - 1 { 1 } else { 0 });
        }
        field.set(x + 1, y + 1, 2);
        field.set(x + length - 1, y - 1, 3);
    }
    for (x, y) in [(7, 8), (0, 6), (11, 3), (1, 14)] {
        field.rect(x, y, 2, 1, 2);
    }
    field.stamp(7, 8, &["11.", "0011", ".01"]);
    field
}

/// Year rings inside a border of bark.
fn rings(ramp: &Ramp, bark: &Canvas) -> Canvas {
    let mut field = Field::new(4);
    let wobble = Noise::still(7, 8, 8);
    for (x, y) in everywhere() {
        let (dx, dy) = ((2 * x - 15).abs(), (2 * y - 15).abs());
        let round = isqrt(dx * dx + dy * dy);
        let distance = (dx.max(dy) + round * 2) / 3 + (wobble.at(x, y, 0) - 128) / 90;
        field.set(
            x,
            y,
            [3, 3, 4, 4, 2, 5, 5, 4, 4, 2, 5, 5, 4, 3, 3, 2][distance.clamp(0, 15) as usize],
        );
    }
    for (x, y) in [(10, 6), (11, 5), (12, 5), (4, 10), (5, 10), (7, 12)] {
        field.set(x, y, 2);
    }
    let mut canvas = field.paint(ramp);
    for i in 0..16 {
        for (x, y) in [(i, 0), (i, 15), (0, i), (15, i)] {
            let along = if y == 0 || y == 15 { x } else { y };
            canvas.set(x, y, bark.get((along + 1) % 16, 6));
        }
    }
    canvas
}

/// Leaves by the handful over dark hollows, with gaps to the sky.
fn leaves(seed: u32) -> Field {
    let mut field = Field::new(1);
    let gaps = Noise::still(seed, 4, 4);
    for (x, y) in everywhere() {
        let depth = gaps.at(x, y, 0);
        field.set(x, y, if depth < 112 { -1 } else { 1 });
    }
    let mut dice = Dice::new(seed);
    let handfuls: [&[&str]; 4] = [
        &[".554.", "55443", "54433", "34432", ".221."],
        &["..55.", ".5544", "55443", "44332", ".321."],
        &[".55..", "5544.", "54443", "34432", "..221"],
        &[".54.", "5543", "4432", "3321"],
    ];
    for row in 0..4 {
        for column in 0..4 {
            let x = column * 4 + row % 2 * 2 + dice.roll(2);
            let y = row * 4 + dice.roll(2);
            field.stamp(x, y, handfuls[dice.roll(4) as usize]);
        }
    }
    // Gaps to the sky where the handfuls end, each with a dark rim above it.
    for _ in 0..9 {
        let gap: &[&str] = if dice.roll(2) == 0 {
            &["11.", "--1", ".-."]
        } else {
            &[".1", "1-", "--"]
        };
        field.stamp(dice.roll(16), dice.roll(16), gap);
        field.stamp(dice.roll(16), dice.roll(16), &["6"]);
    }
    field
}

// ---- Furnishing ---------------------------------------------------------------------------------

fn bookshelf() -> Canvas {
    let mut canvas = planks(3).paint(&p::OAK);
    canvas.rect(0, 0, 16, 1, p::OAK[5]);
    canvas.rect(0, 1, 16, 1, p::OAK[3]);
    for top in [2, 9] {
        canvas.rect(0, top, 16, 6, p::BARK[0]);
        canvas.rect(0, top + 6, 16, 1, p::OAK[4]);
        if top == 2 {
            canvas.rect(0, top + 6, 16, 1, p::OAK[5]);
        }
    }
    canvas.rect(0, 15, 16, 1, p::OAK[2]);
    let books: [(i32, i32, i32, i32, &Ramp); 13] = [
        (0, 2, 2, 5, &p::RED),
        (2, 2, 3, 6, &p::BLUE),
        (5, 2, 2, 5, &p::GOLD),
        (7, 2, 2, 6, &p::JADE),
        (10, 2, 2, 5, &p::VIOLET),
        (12, 2, 3, 6, &p::CRUST),
        (0, 9, 3, 6, &p::JADE),
        (3, 9, 2, 5, &p::CRUST),
        (5, 9, 2, 6, &p::RED),
        (8, 9, 3, 5, &p::BLUE),
        (11, 9, 2, 6, &p::WHITE),
        (13, 9, 2, 5, &p::RUBY),
        (15, 2, 1, 4, &p::JADE),
    ];
    for (x, top, width, height, ramp) in books {
        let y = top + 6 - height;
        for column in 0..width {
            let shade = if column == 0 {
                4
            } else if column == width - 1 {
                2
            } else {
                3
            };
            canvas.rect(x + column, y, 1, height, ramp[shade]);
            canvas.set(x + column, y, ramp[shade + 1]);
            canvas.set(x + column, y + height - 1, ramp[shade - 1]);
        }
        if width > 1 {
            for column in 0..width {
                canvas.set(
                    x + column,
                    y + 2,
                    if ramp == &p::GOLD {
                        p::RED[3]
                    } else {
                        p::GOLD[5 - column as usize]
                    },
                );
            }
        }
    }
    canvas
}

fn hay_side() -> Canvas {
    let mut field = Field::new(3);
    let straw = Noise::still(23, 2, 8);
    for (x, y) in everywhere() {
        field.set(x, y, 2 + straw.at(x, y, 0) / 72);
    }
    for (x, y) in [(2, 6), (7, 2), (11, 9), (14, 12), (5, 12)] {
        field.stamp(x, y, &["6", "5", "5", "1"]);
    }
    let mut canvas = field.paint(&p::GOLD);
    for y in [3, 11] {
        canvas.rect(0, y, 16, 1, p::RED[4]);
        canvas.rect(0, y + 1, 16, 1, p::RED[2]);
        for x in 0..16 {
            if x % 4 == 1 {
                canvas.set(x, y, p::RED[5]);
            }
            canvas.set(x, y + 2, p::GOLD[if x % 3 == 0 { 1 } else { 2 }]);
        }
    }
    canvas
}

fn hay_top() -> Field {
    let mut field = Field::new(2);
    for row in 0..4 {
        for column in 0..4 {
            let (x, y) = (column * 4 + row % 2 * 2, row * 4);
            let stalk: &[&str] = if (row + column) % 3 == 0 {
                &["455.", "5114", "5113", ".431"]
            } else {
                &[".54.", "5124", "4213", ".331"]
            };
            field.stamp(x, y, stalk);
        }
    }
    field
}

fn pumpkin_side() -> Field {
    let mut field = Field::new(3);
    // Ribs: five swellings, the deepest grooves beside the edges.
    let ribs = [3, 5, 4, 2, 4, 5, 4, 3, 1, 4, 5, 4, 3, 2, 4, 1];
    for (x, y) in everywhere() {
        let bulge = i32::from((2..6).contains(&y)) - i32::from(y > 12) - i32::from(y == 15);
        field.set(
            x,
            y,
            (ribs[x as usize]
                + if ribs[x as usize] > 2 {
                    bulge
                } else {
                    bulge.min(0)
                })
            .clamp(0, 6),
        );
    }
    for (x, y) in [(2, 9), (6, 11), (11, 8), (14, 6)] {
        field.add(x, y, -1);
        field.add(x, y + 1, -1);
    }
    field
}

fn pumpkin_top() -> Canvas {
    let mut field = Field::new(3);
    for (x, y) in everywhere() {
        let (dx, dy) = (2 * x - 15, 2 * y - 15);
        let round = isqrt(dx * dx + dy * dy);
        let groove = dx.abs() == dy.abs()
            || (dx.abs() <= 1 && dy.abs() > 3)
            || (dy.abs() <= 1 && dx.abs() > 3);
        let lit = i32::from(dx + dy < -8) - i32::from(dx + dy > 10);
        field.set(
            x,
            y,
            (4 + lit - i32::from(groove) * 2 - i32::from(round > 15)).clamp(0, 6),
        );
    }
    let mut canvas = field.paint(&p::ORANGE);
    let stalk = Canvas::art(
        ".ddd.
         dlmmd
         dmmsd
         dmssd
         .ddd.",
        &[
            ('d', p::LEAF[0]),
            ('l', p::LEAF[5]),
            ('m', p::LEAF[3]),
            ('s', p::LEAF[2]),
        ],
    );
    canvas.stamp(&stalk, 5, 5);
    canvas
}

fn pumpkin_face() -> Canvas {
    let mut canvas = pumpkin_side().paint(&p::ORANGE);
    let face = Canvas::art(
        "................
         ................
         ................
         ................
         ...kk......kk...
         ..kyyk....kyyk..
         ..kyyk....kyyk..
         ..kook....kook..
         ................
         .......kk.......
         .kk..........kk.
         .kykkkykkykkkyk.
         ..kyyyyyyyyyyk..
         ...koyookooyk...
         ....kkkkkkkk....
         ................",
        &[('k', p::ORANGE[0]), ('y', p::GOLD[5]), ('o', p::ORANGE[4])],
    );
    canvas.stamp(&face, 0, 0);
    canvas
}

/// Loops of yarn in rows.
fn wool() -> Field {
    let mut field = Field::new(4);
    for row in 0..4 {
        for column in 0..4 {
            field.stamp(
                column * 4 + row % 2 * 2,
                row * 4,
                &["3443", "4544", "4444", "3433"],
            );
        }
    }
    for (x, y) in [(1, 1), (7, 5), (13, 9), (3, 13), (11, 3)] {
        field.add(x, y, 1);
    }
    for (x, y) in [(5, 2), (14, 6), (9, 11), (2, 7)] {
        field.add(x, y, -1);
        field.add(x + 1, y, -1);
    }
    field
}

// ---- Clear --------------------------------------------------------------------------------------

const PANE: &str = "
    6666666666666664
    6..............2
    6.55...........2
    6.5...55.......2
    6....55........2
    6...55.....5...2
    6..55..........2
    6..5...........2
    6...........5..2
    6..........55..2
    6.........55...2
    6........55....2
    6........5...5.2
    6...........55.2
    6..............2
    4222222222222221
";

fn glass() -> Canvas {
    Canvas::art(PANE, &shades(&p::ICE))
}

fn stained(ramp: &Ramp) -> Canvas {
    let mut canvas = Canvas::filled(16, 16, alpha(ramp[4], 110));
    let streaks = Noise::still(29, 8, 8);
    for (x, y) in everywhere() {
        if streaks.at(x, y, 0) > 150 {
            canvas.set(x, y, alpha(ramp[3], 120));
        }
        let mark = Canvas::art(PANE, &shades(ramp)).get(x, y);
        if mark[3] > 0 {
            let frame = x == 0 || y == 0 || x == 15 || y == 15;
            canvas.set(
                x,
                y,
                if frame {
                    alpha(mark, 210)
                } else {
                    alpha(ramp[6], 150)
                },
            );
        }
    }
    canvas
}

fn ice() -> Field {
    let mut field = contours(Noise::still(83, 8, 8), 3, 56);
    for (x, y, length) in [(1, 5, 4), (9, 3, 3), (6, 12, 5), (13, 14, 4), (4, 9, 2)] {
        for i in 0..length {
            field.set(x + i, y - i, 6);
            field.set(x + i + 1, y - i, 5);
        }
    }
    field.stamp(10, 8, &["1...", ".11.", "..01"]);
    field.stamp(2, 13, &["11.", "..1"]);
    field
}

// ---- Moving -------------------------------------------------------------------------------------

/// Light dancing on water: bright where two slow waves cross.
fn water(frame: i32) -> Canvas {
    let still: Ramp =
        [0x72, 0x80, 0x8e, 0x9c, 0xae, 0xc6, 0xe6].map(|grey| [grey, grey, grey, 180]);
    let swell = Noise {
        seed: 3,
        cell: [4, 4, 4],
        frames: 16,
    };
    let chop = Noise {
        seed: 14,
        cell: [8, 4, 4],
        frames: 16,
    };
    let mut field = Field::new(3);
    for (x, y) in everywhere() {
        let (a, b) = (swell.at(x, y, frame), chop.at(x, y + frame, frame));
        let crossing = (a - b).abs();
        let shade = match crossing {
            0..=9 => 5,
            10..=26 => 4,
            27..=70 => 3,
            _ => 2,
        };
        field.set(x, y, if shade == 5 && a > 150 { 6 } else { shade });
    }
    field.despeckle();
    field.paint(&still)
}

fn lava(frame: i32) -> Canvas {
    let slow = Noise {
        seed: 71,
        cell: [8, 8, 8],
        frames: 16,
    };
    let quick = Noise {
        seed: 72,
        cell: [4, 4, 4],
        frames: 16,
    };
    let mut field = Field::new(3);
    for (x, y) in everywhere() {
        let heat = (slow.at(x, y, frame) * 2 + quick.at(x, y, frame)) / 3;
        field.set(x, y, ((heat - 60) / 20).clamp(1, 6));
    }
    field.despeckle();
    field.paint(&p::FIRE)
}

/// Three tongues of fire whose tips leap.
fn flames(frame: i32) -> Canvas {
    let leap = Noise::still(33, 4, 4);
    let tongues = [(3, 8, 3), (8, 12, 3), (12, 7, 3)];
    let mut field = Field::new(-1);
    for (x, y) in everywhere() {
        let reach = |(middle, height, slope): (i32, i32, i32)| {
            let tip = height + (leap.at(middle, frame * 2, 0) - 128) / 36;
            let sway = (leap.at(middle + 4, frame * 2 + y, 0) - 128) / 70;
            tip - (x - middle - sway * i32::from(y < 11)).abs() * slope
        };
        // The foot of the fire is one bed of embers.
        let bed = 4 - (2 * x - 15).abs() / 5;
        let depth = tongues.into_iter().map(reach).max().unwrap_or(0).max(bed) - (15 - y);
        field.set(
            x,
            y,
            [2, 3, 3, 4, 4, 5, 5, 5, 6]
                .get(depth.max(0) as usize)
                .copied()
                .unwrap_or(6),
        );
        if depth < 0 {
            field.set(x, y, -1);
        }
    }
    field.paint(&p::FIRE)
}

// ---- Tools --------------------------------------------------------------------------------------

/// Every pixel of a 16x16 texture, row by row.
pub(crate) fn everywhere() -> impl Iterator<Item = (i32, i32)> {
    (0..256).map(|i| (i % 16, i / 16))
}

/// The key for drawings in digits: each digit is a shade of the ramp.
pub(crate) fn shades(ramp: &Ramp) -> Vec<(char, Rgba)> {
    ('0'..='6').zip(ramp.iter().copied()).collect()
}

fn isqrt(value: i32) -> i32 {
    (0..)
        .take_while(|root| root * root <= value)
        .last()
        .unwrap_or(0)
}

/// A smooth face with a few hand-laid patches, lighter and darker by one, moved by `shift`.
fn patches(base: i32, shift: i32) -> Field {
    let mut field = Field::new(base);
    for (x, y, step, rows) in [
        (1, 2, 1, &["####", ".###"][..]),
        (9, 0, -1, &["..###", "###.."][..]),
        (6, 6, 1, &["..##", "####"][..]),
        (12, 8, -1, &["##..", ".###"][..]),
        (2, 10, -1, &["###..", "..###"][..]),
        (8, 12, 1, &["####.", "..###"][..]),
        (14, 4, 1, &["###"][..]),
        (5, 14, -1, &["##"][..]),
        (3, 2, 1, &["#"][..]),
        (8, 7, 1, &["##"][..]),
        (10, 13, 1, &["#"][..]),
    ] {
        for (dy, row) in rows.iter().enumerate() {
            for (dx, _) in row.chars().enumerate().filter(|(_, symbol)| *symbol == '#') {
                field.add(x + dx as i32 + shift, y + dy as i32 + shift, step);
            }
        }
    }
    field
}

/// Flat patches around a base shade with soft steps: for earth and snow that have no stones.
fn contours(noise: Noise, base: i32, step: i32) -> Field {
    let mut field = Field::new(base);
    for (x, y) in everywhere() {
        field.set(x, y, (base + (noise.at(x, y, 0) - 128) / step).clamp(0, 6));
    }
    field.despeckle();
    field
}

/// Rounds the stones of a map (a letter each, `.` for joints): lit on the upper left, dark on the
/// lower right, wrapping.
fn relief(map: &str, joint: i32, tone: impl Fn(char) -> i32) -> Field {
    let rows: Vec<Vec<char>> = map
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| line.chars().collect())
        .collect();
    assert!(
        rows.len() == 16 && rows.iter().all(|row| row.len() == 16),
        "a map is 16x16"
    );
    let at = |x: i32, y: i32| rows[y.rem_euclid(16) as usize][x.rem_euclid(16) as usize];
    let mut field = Field::new(joint);
    for (x, y) in everywhere() {
        let own = at(x, y);
        if own == '.' {
            // A joint is darkest right under a stone.
            if at(x, y - 1) != '.' && at(x - 1, y) != '.' {
                field.set(x, y, joint - 1);
            }
            continue;
        }
        let edge = |dx: i32, dy: i32| i32::from(at(x + dx, y + dy) != own);
        let (lit, dark) = (edge(0, -1) + edge(-1, 0), edge(0, 1) + edge(1, 0));
        let shade = if lit > 0 && dark > 0 { 0 } else { lit - dark };
        field.set(x, y, (tone(own) + shade).clamp(joint + 1, 6));
    }
    field
}
