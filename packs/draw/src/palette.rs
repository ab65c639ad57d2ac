//! The pack's colours: one short ramp for each material, dark to light.
//!
//! Owns every colour that more than one drawing shares. Shadows lean to violet and blue, lights to
//! yellow, so that materials sit together under one sun.

/// Straight (not premultiplied) sRGB with alpha.
pub type Rgba = [u8; 4];

/// Seven shades of one material, darkest first.
pub type Ramp = [Rgba; 7];

/// Nothing at all.
pub const CLEAR: Rgba = [0; 4];

/// An opaque colour written as 0xRRGGBB.
pub const fn rgb(hex: u32) -> Rgba {
    [(hex >> 16) as u8, (hex >> 8) as u8, hex as u8, 255]
}

/// The same colour with another alpha.
pub const fn alpha(colour: Rgba, alpha: u8) -> Rgba {
    [colour[0], colour[1], colour[2], alpha]
}

/// The same ramp, every shade with another alpha.
pub const fn translucent(ramp: &Ramp, a: u8) -> Ramp {
    let mut out = *ramp;
    let mut i = 0;
    while i < 7 {
        out[i][3] = a;
        i += 1;
    }
    out
}

const fn ramp(hex: [u32; 7]) -> Ramp {
    let mut out = [CLEAR; 7];
    let mut i = 0;
    while i < 7 {
        out[i] = rgb(hex[i]);
        i += 1;
    }
    out
}

/// Plain rock.
pub const STONE: Ramp = ramp([
    0x4b4a58, 0x5d5e69, 0x6f717a, 0x80838a, 0x91959a, 0xa4a8aa, 0xbbbeba,
]);
/// Rock that lies loose: warmer and with more contrast.
pub const COBBLE: Ramp = ramp([
    0x43414f, 0x575663, 0x6d6d77, 0x83848a, 0x999a9b, 0xb0b0ac, 0xc8c6bd,
]);
/// Volcanic glass.
pub const OBSIDIAN: Ramp = ramp([
    0x0d0a18, 0x151024, 0x1f1733, 0x2b1f45, 0x3b2b5c, 0x543f7d, 0x7a62a3,
]);
/// Earth.
pub const DIRT: Ramp = ramp([
    0x432b2a, 0x573a31, 0x6b4938, 0x7f5941, 0x926a4c, 0xa67d5a, 0xbd966e,
]);
/// Earth that was watered.
pub const MUD: Ramp = ramp([
    0x2a1a1f, 0x382426, 0x47302c, 0x563c33, 0x66493b, 0x775844, 0x8a6a50,
]);
/// Trodden earth.
pub const PATH: Ramp = ramp([
    0x6b4c35, 0x836040, 0x9a754a, 0xae8955, 0xc09c62, 0xd0af73, 0xdfc48a,
]);
/// Beach and desert.
pub const SAND: Ramp = ramp([
    0xb3935f, 0xc7a870, 0xd6b97f, 0xe0c78e, 0xe9d49e, 0xf0dfb0, 0xf7eac6,
]);
/// Sand pressed to stone.
pub const SANDSTONE: Ramp = ramp([
    0x9a7648, 0xb59058, 0xcaa76b, 0xd9ba7e, 0xe4ca91, 0xeed9a6, 0xf6e7be,
]);
/// Grass as it looks on a plain, for the sides that carry their own colour.
pub const GRASS: Ramp = ramp([
    0x2f5a34, 0x3f7138, 0x51883d, 0x669e45, 0x7eb350, 0x98c75f, 0xb6da78,
]);
/// Plants that carry their own colour.
pub const LEAF: Ramp = ramp([
    0x1f4034, 0x2b5738, 0x3b703c, 0x528a42, 0x70a54c, 0x95be5c, 0xbfd879,
]);
/// What the game tints: exactly grey, light enough to keep its colour.
pub const GREY: Ramp = ramp([
    0x4e4e4e, 0x666666, 0x7f7f7f, 0x979797, 0xaeaeae, 0xc6c6c6, 0xdedede,
]);
/// Grey for tinted grass: narrower, so that a meadow stays calm.
pub const MEADOW: Ramp = ramp([
    0x696969, 0x7a7a7a, 0x8a8a8a, 0x989898, 0xa6a6a6, 0xb7b7b7, 0xcacaca,
]);
/// Moss on stone.
pub const MOSS: Ramp = ramp([
    0x2f4a33, 0x3e5f38, 0x50763d, 0x668c44, 0x80a24e, 0x9cb75d, 0xbacb74,
]);
/// Oak, sawn.
pub const OAK: Ramp = ramp([
    0x5e3b29, 0x7b5033, 0x96673e, 0xad7e4b, 0xc09459, 0xd1a96b, 0xe2c285,
]);
/// Oak, in its bark.
pub const BARK: Ramp = ramp([
    0x2e2126, 0x3f2d2c, 0x523b33, 0x664b3b, 0x7b5d47, 0x917256, 0xa98b6a,
]);
/// Birch, sawn.
pub const BIRCH: Ramp = ramp([
    0x8f7650, 0xab9162, 0xc3a974, 0xd4bc87, 0xe1cd9a, 0xecdcae, 0xf5eac7,
]);
/// Birch bark.
pub const BIRCH_BARK: Ramp = ramp([
    0x3b3a41, 0x6a676a, 0x9c9a98, 0xc4c2bb, 0xd9d8d0, 0xe8e7df, 0xf5f4ee,
]);
/// Spruce, sawn.
pub const SPRUCE: Ramp = ramp([
    0x38241f, 0x4c3226, 0x60412e, 0x735138, 0x856243, 0x987551, 0xae8c66,
]);
/// Fired clay, brick by brick.
pub const BRICK: Ramp = ramp([
    0x642c31, 0x7e3a38, 0x964a40, 0xab5c4b, 0xbd7058, 0xcd876a, 0xdda382,
]);
/// Roof tiles.
pub const ROOF: Ramp = ramp([
    0x4f2234, 0x6d2d3a, 0x8c3b3f, 0xa84d45, 0xc0644e, 0xd48060, 0xe6a27b,
]);
/// Mortar.
pub const MORTAR: Ramp = ramp([
    0x77706f, 0x8b8480, 0x9e9790, 0xb0a9a0, 0xc0b9ae, 0xcfc9bd, 0xded9cd,
]);
/// Snow.
pub const SNOW: Ramp = ramp([
    0xa9c0dc, 0xbed1e6, 0xd0dfee, 0xdfeaf4, 0xebf3f8, 0xf5f9fb, 0xffffff,
]);
/// Ice.
pub const ICE: Ramp = ramp([
    0x5b8fd0, 0x70a4de, 0x86b7e9, 0x9cc8f1, 0xb3d7f6, 0xcbe5fa, 0xe8f5fd,
]);
/// Water in its own colour, for pictures; the block's water is grey and tinted by the game.
pub const WATER: Ramp = ramp([
    0x1f3f86, 0x28529f, 0x3367b6, 0x427fca, 0x589adb, 0x7cb8ea, 0xb2dcf6,
]);
/// Fire and lava.
pub const FIRE: Ramp = ramp([
    0x5c1523, 0x8c1f22, 0xbd3220, 0xe25420, 0xf58229, 0xfdb43f, 0xffe88a,
]);
/// Wool, white.
pub const WHITE: Ramp = ramp([
    0xb0b1bf, 0xc2c4cd, 0xd2d4d9, 0xdfe1e3, 0xeaebeb, 0xf3f4f2, 0xfcfcf8,
]);
/// Wool and flowers, red.
pub const RED: Ramp = ramp([
    0x5e1530, 0x7d1d33, 0x9d2835, 0xba3a3a, 0xd05344, 0xe17256, 0xef9a75,
]);
/// Wool and gems, blue.
pub const BLUE: Ramp = ramp([
    0x1d2462, 0x27347f, 0x33499b, 0x4262b5, 0x577fcb, 0x76a0dd, 0xa2c5ec,
]);
/// Wool and flowers, yellow; also gold.
pub const GOLD: Ramp = ramp([
    0x74401f, 0x9a5b22, 0xc07d27, 0xdfa02f, 0xf3c242, 0xfcdd66, 0xfff3a6,
]);
/// Diamond and other cold gems.
pub const AQUA: Ramp = ramp([
    0x14505f, 0x1b6f7b, 0x269196, 0x3bb5b0, 0x61d3c6, 0x96ead9, 0xd4faee,
]);
/// Emerald and other green gems.
pub const JADE: Ramp = ramp([
    0x0d4238, 0x125e43, 0x1a7e4c, 0x2ca057, 0x53c168, 0x8ddc86, 0xcaf3b3,
]);
/// Redstone and rubies.
pub const RUBY: Ramp = ramp([
    0x4f0a25, 0x760f2a, 0xa0182e, 0xc92b35, 0xe64b45, 0xf67c66, 0xffb79a,
]);
/// Amethyst and potions.
pub const VIOLET: Ramp = ramp([
    0x2c1a54, 0x432777, 0x5e3a9b, 0x7c53b9, 0x9d73d1, 0xbe99e3, 0xe0c8f3,
]);
/// Iron, tools, chains.
pub const STEEL: Ramp = ramp([
    0x33344a, 0x4c5066, 0x6b7186, 0x8d95a5, 0xaeb7c1, 0xcfd7da, 0xf1f5f1,
]);
/// Raw iron and copper.
pub const COPPER: Ramp = ramp([
    0x6a3a34, 0x8b5141, 0xab6b50, 0xc78861, 0xdba679, 0xebc398, 0xf8e0bf,
]);
/// Coal.
pub const COAL: Ramp = ramp([
    0x16151f, 0x21212c, 0x2e2f3b, 0x3d3f4b, 0x50535e, 0x696d75, 0x8b9092,
]);
/// Pumpkins and carrots.
pub const ORANGE: Ramp = ramp([
    0x6d2c1b, 0x91411d, 0xb65a20, 0xd67726, 0xea9534, 0xf6b453, 0xfdd585,
]);
/// Skin of friendly pigs.
pub const PINK: Ramp = ramp([
    0x7d3b55, 0xa1536a, 0xc26f7e, 0xdb8d93, 0xebaaa8, 0xf5c5bd, 0xfce0d4,
]);
/// Bread crust, leather, straw.
pub const CRUST: Ramp = ramp([
    0x5f3420, 0x814a26, 0xa4652f, 0xc2823d, 0xd9a053, 0xeabe73, 0xf7dca0,
]);
/// Bare clay: the golem's body.
pub const CLAY: Ramp = ramp([
    0x4a3f4c, 0x64565c, 0x80706d, 0x9b8a80, 0xb4a595, 0xcbbfab, 0xe2d8c4,
]);
/// Slime.
pub const SLIME: Ramp = ramp([
    0x1f5a36, 0x2f7a3e, 0x459a48, 0x62b655, 0x86ce68, 0xafe284, 0xdcf4b0,
]);
/// Buttons and frames.
pub const PANEL: Ramp = ramp([
    0x23212e, 0x3a3848, 0x55546a, 0x6f7086, 0x8b8ea0, 0xabafba, 0xd3d7da,
]);
/// The eight shades that trims are drawn in, light to dark as the game's own key is.
pub const TRIM_KEY: [Rgba; 8] = [
    rgb(0xe0e0e0),
    rgb(0xc0c0c0),
    rgb(0xa0a0a0),
    rgb(0x808080),
    rgb(0x606060),
    rgb(0x404040),
    rgb(0x202020),
    rgb(0x000000),
];
