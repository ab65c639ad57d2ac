//! Creatures and portraits: entity sheets in the game's own box layout, and paintings.
//!
//! A box of width w, height h and depth d at (u, v) unfolds to six faces; [`Sheet`] knows where.

use crate::canvas::Canvas;
use crate::items::art;
use crate::pack::Pack;
use crate::palette::{self as p, CLEAR, Ramp, Rgba, alpha};

/// Adds the creatures and the paintings.
pub(crate) fn draw(pack: &mut Pack) {
    let hoglet = hoglet();
    // Named so up to 1.21.11, and the other way round from 26.1 on.
    pack.texture("entity/pig/temperate_pig", &hoglet);
    pack.texture("entity/pig/pig_temperate", &hoglet);
    pack.texture("entity/villager/villager", &golem());
    pack.texture("entity/slime/slime", &slime());
    pack.texture("painting/bust", &portrait());
    pack.texture("painting/sunset", &sunset());
}

/// Which of a box's six faces.
#[derive(Clone, Copy)]
enum Face {
    Top,
    Bottom,
    Right,
    Front,
    Left,
    Back,
}

const FACES: [Face; 6] = [
    Face::Top,
    Face::Bottom,
    Face::Right,
    Face::Front,
    Face::Left,
    Face::Back,
];

/// One box on a sheet: where its unfolded faces start and its sides.
#[derive(Clone, Copy)]
struct Cuboid {
    at: [i32; 2],
    size: [i32; 3],
}

impl Cuboid {
    fn face(&self, face: Face) -> [i32; 4] {
        let ([u, v], [w, h, d]) = (self.at, self.size);
        match face {
            Face::Top => [u + d, v, w, d],
            Face::Bottom => [u + d + w, v, w, d],
            Face::Right => [u, v + d, d, h],
            Face::Front => [u + d, v + d, w, h],
            Face::Left => [u + d + w, v + d, d, h],
            Face::Back => [u + d + w + d, v + d, w, h],
        }
    }
}

struct Sheet(Canvas);

impl Sheet {
    /// Covers a box with skin: light from above, soft mottling in small patches.
    fn skin(&mut self, part: Cuboid, ramp: &Ramp, base: i32) {
        for face in FACES {
            let [x0, y0, width, height] = part.face(face);
            for y in 0..height {
                for x in 0..width {
                    let lift = match face {
                        Face::Top => 1,
                        Face::Bottom => -2,
                        _ => {
                            i32::from(y == 0)
                                - i32::from(y >= height - 2)
                                - i32::from(y == height - 1 && height > 4)
                        }
                    };
                    let side = i32::from(width > 3 && x == width - 1 && !matches!(face, Face::Top));
                    let mottled = ((x + y * 3 + x0) / 2 * 5 + (y + y0) / 2 * 7) % 9 == 0;
                    let shade = (base + lift - side.min(1) - i32::from(mottled)).clamp(0, 6);
                    self.0.set(x0 + x, y0 + y, ramp[shade as usize]);
                }
            }
        }
    }

    /// Lays a drawing on one face.
    fn detail(&mut self, part: Cuboid, face: Face, text: &str, ramps: [&Ramp; 3]) {
        let [x, y, ..] = part.face(face);
        self.0.stamp(&art(text, ramps), x, y);
    }

    /// Paints the rows from `from` to `to` all around a box.
    fn band(&mut self, part: Cuboid, from: i32, to: i32, ramp: &Ramp, shade: usize) {
        for face in [Face::Right, Face::Front, Face::Left, Face::Back] {
            let [x, y, width, _] = part.face(face);
            for row in from..to {
                for column in 0..width {
                    let step = usize::from(row == from) + 1 - usize::from(column == width - 1);
                    self.0.set(
                        x + column,
                        y + row,
                        ramp[(shade + step).saturating_sub(1).min(6)],
                    );
                }
            }
        }
    }
}

/// A piglet with a wild boar's stripes.
fn hoglet() -> Canvas {
    let mut sheet = Sheet(Canvas::new(64, 64));
    let head = Cuboid {
        at: [0, 0],
        size: [8, 8, 8],
    };
    let snout = Cuboid {
        at: [16, 16],
        size: [4, 3, 1],
    };
    let body = Cuboid {
        at: [28, 8],
        size: [10, 16, 8],
    };
    let leg = Cuboid {
        at: [0, 16],
        size: [4, 6, 4],
    };
    for part in [head, body, leg] {
        sheet.skin(part, &p::PINK, 4);
    }
    sheet.skin(snout, &p::PINK, 3);
    let face = "
        55.22.55
        ..4554..
        hn....nh
        hh....hh
        2......2
        3......3
        ..2332..
        .33..33.
    ";
    sheet.detail(head, Face::Front, face, [&p::PINK, &p::RED, &EYES]);
    sheet.detail(
        head,
        Face::Top,
        "\n...22...\n...22...\n...23...\n...22...\n...22...\n...32...\n...22...\n...22...",
        [&p::PINK; 3],
    );
    for side in [Face::Left, Face::Right] {
        // An ear that hangs.
        let ear =
            "\n........\n..332...\n.33222..\n.32112..\n..2112..\n...22...\n........\n........";
        sheet.detail(head, side, ear, [&p::PINK; 3]);
    }
    sheet.detail(snout, Face::Front, "\n5665\n1551\n4444", [&p::PINK; 3]);
    let stripes = "
        ...2..2...
        .2.2..2.2.
        .2.22.2.2.
        .2.22.2.2.
        .22.2.2.2.
        .22.2.22..
        ..2.2.22.2
        2.2.2..2.2
        2.2.22.2.2
        2.2.22.2.2
        22..22.2.2
        .2..2..2..
        .2..2.22..
        .2.22.2.2.
        ....2.2...
        ..........
    ";
    sheet.detail(body, Face::Back, stripes, [&p::PINK; 3]);
    for side in [Face::Left, Face::Right] {
        let flank = if matches!(side, Face::Left) {
            "22.2...."
        } else {
            "....2.22"
        };
        let rows: Vec<String> = (0..16)
            .map(|y| {
                if y % 7 == 0 || y == 15 {
                    "........".to_owned()
                } else {
                    flank.to_owned()
                }
            })
            .collect();
        sheet.detail(body, side, &rows.join("\n"), [&p::PINK; 3]);
    }
    sheet.band(leg, 4, 6, &p::BARK, 2);
    sheet.0
}

/// Dark and bright: `h` is a pupil, `n` its sparkle.
const EYES: Ramp = [
    [0x2a, 0x1c, 0x2e, 255],
    [0x3a, 0x2a, 0x3d, 255],
    [0x5b, 0x45, 0x5c, 255],
    [0x8e, 0x7a, 0x8b, 255],
    [0xbe, 0xb0, 0xba, 255],
    [0xe4, 0xdc, 0xe0, 255],
    [0xff, 0xff, 0xff, 255],
];

/// A clay golem in a villager's shape: moss for hair, a sprout, shining eyes and a smile.
fn golem() -> Canvas {
    let mut sheet = Sheet(Canvas::new(64, 64));
    let head = Cuboid {
        at: [0, 0],
        size: [8, 10, 8],
    };
    let hat = Cuboid {
        at: [32, 0],
        size: [8, 10, 8],
    };
    let nose = Cuboid {
        at: [24, 0],
        size: [2, 4, 2],
    };
    let body = Cuboid {
        at: [16, 20],
        size: [8, 12, 6],
    };
    let robe = Cuboid {
        at: [0, 38],
        size: [8, 20, 6],
    };
    let arm = Cuboid {
        at: [44, 22],
        size: [4, 8, 4],
    };
    let hands = Cuboid {
        at: [40, 38],
        size: [8, 4, 4],
    };
    let leg = Cuboid {
        at: [0, 22],
        size: [4, 12, 4],
    };
    for part in [head, nose, body, leg, hands, arm] {
        sheet.skin(part, &p::CLAY, 4);
    }
    sheet.skin(robe, &p::SPRUCE, 4);
    sheet.band(arm, 0, 4, &p::SPRUCE, 4);
    sheet.band(arm, 4, 5, &p::GOLD, 4);
    sheet.band(leg, 8, 12, &p::STONE, 2);
    sheet.band(robe, 0, 3, &p::MOSS, 4);
    sheet.band(robe, 3, 4, &p::MOSS, 2);
    sheet.band(robe, 9, 11, &p::CRUST, 4);
    sheet.band(robe, 17, 18, &p::GOLD, 4);
    let clasp = "\n........\n...ed...\n..egfc..\n...dc...";
    sheet.detail(robe, Face::Front, clasp, [&p::MOSS, &p::JADE, &p::GOLD]);
    // Moss over the crown, ragged at its edge.
    let crown = "\n34435443\n45443454\n43545344\n34454543\n54344354\n44543445\n35445344\n43454434";
    sheet.detail(head, Face::Top, crown, [&p::MOSS; 3]);
    let ragged = [
        "54453454\n34432343\n23.3.232\n.2...2..",
        "45344543\n33423334\n2.323.32\n..2..2.2",
        "34543544\n43334233\n323.2323\n2.2..2.2",
    ];
    for (face, text) in [
        (Face::Right, ragged[0]),
        (Face::Left, ragged[1]),
        (Face::Back, ragged[2]),
    ] {
        sheet.detail(head, face, text, [&p::MOSS; 3]);
    }
    let face = "
        45445354
        3433.343
        2......2
        .11..11.
        .ge..eg.
        .eb..be.
        n......n
        ..1..1..
        ..2112..
        ........
    ";
    let blush: Ramp = [p::COPPER[4]; 7];
    sheet.detail(head, Face::Front, face, [&MOSSY_CLAY, &p::AQUA, &blush]);
    sheet.detail(nose, Face::Front, "\n56\n55\n54\n43", [&p::CLAY; 3]);
    // A sprout on the hat layer: two leaves and a stem, everything else a hole.
    sheet.detail(
        hat,
        Face::Top,
        "\n........\n........\n..54....\n.5443...\n...3254.\n...2443.\n........\n........",
        [&p::LEAF; 3],
    );
    sheet.detail(
        hat,
        Face::Right,
        "\n5.....54\n4......3\n........",
        [&p::LEAF; 3],
    );
    sheet.detail(
        hat,
        Face::Left,
        "\n.54...5.\n..3.....\n........",
        [&p::LEAF; 3],
    );
    sheet.0
}

/// Moss above, clay shadows below: digits 3 to 5 are moss, 1 and 2 lines in the clay.
const MOSSY_CLAY: Ramp = [
    p::CLAY[0],
    p::CLAY[1],
    p::CLAY[2],
    p::MOSS[3],
    p::MOSS[4],
    p::MOSS[5],
    p::MOSS[6],
];

/// A jelly around a heart of darker jelly, with eyes and a mouth of their own boxes.
fn slime() -> Canvas {
    let mut sheet = Sheet(Canvas::new(64, 32));
    let shell = Cuboid {
        at: [0, 0],
        size: [8, 8, 8],
    };
    let heart = Cuboid {
        at: [0, 16],
        size: [6, 6, 6],
    };
    sheet.skin(shell, &p::translucent(&p::SLIME, 150), 5);
    for face in FACES {
        let [x0, y0, width, height] = shell.face(face);
        for i in 0..width.max(height) {
            for (x, y) in [(i, 0), (0, i), (i, height - 1), (width - 1, i)] {
                let lit = x == 0 || y == 0;
                sheet.0.set(
                    x0 + x.min(width - 1),
                    y0 + y.min(height - 1),
                    alpha(p::SLIME[if lit { 6 } else { 2 }], 190),
                );
            }
        }
        sheet.0.rect(x0 + 2, y0 + 2, 2, 1, alpha(p::SLIME[6], 210));
        sheet.0.set(x0 + 2, y0 + 3, alpha(p::SLIME[6], 210));
    }
    sheet.skin(heart, &p::SLIME, 3);
    for at in [[32, 0], [32, 4]] {
        let eye = Cuboid {
            at,
            size: [2, 2, 2],
        };
        sheet.skin(eye, &EYES, 0);
        sheet.detail(eye, Face::Front, "\nnh\nhh", [&p::SLIME, &p::SLIME, &EYES]);
    }
    sheet.skin(
        Cuboid {
            at: [32, 8],
            size: [1, 1, 1],
        },
        &p::LEAF,
        0,
    );
    sheet.0
}

// ---- Paintings ----------------------------------------------------------------------------------

/// A ball or egg, lit from the upper left, cut to a ramp's shades.
pub(crate) fn ball(canvas: &mut Canvas, centre: [i32; 2], radius: [i32; 2], ramp: &Ramp) {
    for y in -radius[1]..=radius[1] {
        for x in -radius[0]..=radius[0] {
            // Squares in 1/64 of the radius.
            let (nx, ny) = (x * 64 / radius[0].max(1), y * 64 / radius[1].max(1));
            if nx * nx + ny * ny > 66 * 66 {
                continue;
            }
            let light = -nx - ny - (nx * nx + ny * ny) / 96;
            canvas.set(
                centre[0] + x,
                centre[1] + y,
                ramp[(4 + light / 36).clamp(1, 6) as usize],
            );
        }
    }
}

fn frame(canvas: &mut Canvas) {
    let (w, h) = (canvas.width, canvas.height);
    for (inset, top, bottom) in [(0, 4, 0), (1, 6, 2), (2, 1, 3)] {
        canvas.rect(inset, inset, w - 2 * inset, 1, p::GOLD[top]);
        canvas.rect(inset, inset, 1, h - 2 * inset, p::GOLD[top]);
        canvas.rect(inset, h - 1 - inset, w - 2 * inset, 1, p::GOLD[bottom]);
        canvas.rect(w - 1 - inset, inset, 1, h - 2 * inset, p::GOLD[bottom]);
    }
    for (x, y) in [(0, 0), (w - 3, 0), (0, h - 3), (w - 3, h - 3)] {
        canvas.stamp(&art("464\n653\n431", [&p::GOLD; 3]), x, y);
    }
}

/// The hoglet as a lord: feathered hat, white ruff, blue coat.
pub(crate) fn portrait() -> Canvas {
    let mut canvas = Canvas::filled(32, 32, p::LEAF[0]);
    for y in 0..32 {
        for x in 0..32 {
            let glow = (x - 13) * (x - 13) + (y - 12) * (y - 12) + (x + y) % 2 * 24;
            canvas.set(
                x,
                y,
                if glow < 90 {
                    p::MUD[5]
                } else if glow < 210 {
                    p::MUD[4]
                } else {
                    p::MUD[2]
                },
            );
        }
    }
    ball(&mut canvas, [16, 32], [12, 9], &p::BLUE);
    canvas.rect(15, 27, 1, 5, p::GOLD[5]);
    canvas.rect(16, 27, 1, 5, p::GOLD[3]);
    ball(&mut canvas, [16, 24], [9, 3], &p::WHITE);
    for x in [8, 11, 14, 17, 20, 23] {
        canvas.set(x, 25, p::WHITE[1]);
        canvas.set(x, 24, p::WHITE[3]);
    }
    ball(&mut canvas, [9, 14], [2, 4], &p::PINK);
    ball(&mut canvas, [23, 14], [2, 4], &p::PINK);
    ball(&mut canvas, [16, 15], [7, 8], &p::PINK);
    ball(&mut canvas, [16, 19], [4, 2], &p::PINK);
    let face = "
        .11.....11.
        1..1...1..1
        .nh.....nh.
        .hh.....hh.
        ...........
        3..55555..3
        3..50505..3
        ....444....
        ...1...1...
        ....111....
    ";
    canvas.stamp(&art(face, [&p::PINK, &p::RED, &EYES]), 11, 12);
    // The hat and its feather.
    ball(&mut canvas, [15, 7], [6, 3], &p::RED);
    canvas.rect(8, 9, 16, 1, p::RED[4]);
    canvas.rect(8, 10, 16, 1, p::RED[1]);
    canvas.rect(10, 8, 12, 1, p::GOLD[4]);
    canvas.stamp(
        &art(
            "...56.\n.5566.\n45565.\n4455..\n344...\n3.....",
            [&p::WHITE; 3],
        ),
        20,
        3,
    );
    frame(&mut canvas);
    canvas
}

/// A low sun over hills and a lake.
fn sunset() -> Canvas {
    let mut canvas = Canvas::new(32, 16);
    let sky: [Rgba; 6] = [
        p::VIOLET[2],
        p::VIOLET[3],
        p::RUBY[4],
        p::ORANGE[4],
        p::ORANGE[5],
        p::GOLD[5],
    ];
    for y in 0..16 {
        for x in 0..32 {
            // Two rows a colour, the border between them dithered.
            let step = (y + (x + y) % 2).min(11) / 2;
            canvas.set(x, y, sky[step as usize]);
        }
    }
    ball(&mut canvas, [20, 8], [3, 3], &[p::GOLD[6]; 7]);
    let hills = [
        9, 8, 7, 7, 6, 6, 7, 8, 8, 9, 9, 10, 10, 10, 9, 9, 10, 10, 10, 10, 10, 9, 9, 8, 8, 7, 7, 8,
        8, 9, 9, 9,
    ];
    for (x, top) in hills.into_iter().enumerate() {
        canvas.rect(x as i32, top, 1, 12 - top, p::VIOLET[1]);
        canvas.set(x as i32, top, p::VIOLET[2]);
        canvas.rect(x as i32, 11, 1, 5, p::BLUE[2]);
    }
    for (x, y, w) in [
        (18, 11, 5),
        (19, 12, 3),
        (17, 13, 6),
        (20, 14, 2),
        (8, 12, 4),
        (5, 13, 3),
        (26, 12, 3),
    ] {
        canvas.rect(
            x,
            y,
            w,
            1,
            if x > 15 && x < 24 {
                p::GOLD[5]
            } else {
                p::BLUE[4]
            },
        );
    }
    frame_thin(&mut canvas);
    debug_assert!(canvas.pixels().iter().all(|pixel| *pixel != CLEAR));
    canvas
}

fn frame_thin(canvas: &mut Canvas) {
    let (w, h) = (canvas.width, canvas.height);
    canvas.rect(0, 0, w, 1, p::OAK[5]);
    canvas.rect(0, 0, 1, h, p::OAK[4]);
    canvas.rect(0, h - 1, w, 1, p::OAK[0]);
    canvas.rect(w - 1, 0, 1, h, p::OAK[1]);
    canvas.rect(1, 1, w - 2, 1, p::OAK[1]);
    canvas.rect(1, 1, 1, h - 2, p::OAK[1]);
}
