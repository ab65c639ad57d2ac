//! A contact sheet of the pack, for the person who draws: each picture enlarged, each block tiled.
//!
//! Never part of the pack.

use crate::canvas::Canvas;
use crate::pack::Pack;
use crate::palette::{Rgba, rgb};

const BACK: [Rgba; 2] = [rgb(0x8fa6b8), rgb(0x86a0b3)];

fn over(under: Rgba, over: Rgba) -> Rgba {
    let a = u32::from(over[3]);
    let mix = |i: usize| ((u32::from(over[i]) * a + u32::from(under[i]) * (255 - a)) / 255) as u8;
    [mix(0), mix(1), mix(2), 255]
}

/// The names' pictures in rows. Square block textures are shown once enlarged and 3x3 tiled; the
/// first frame stands for an animation.
pub fn contact(pack: &Pack, filter: &str, zoom: i32) -> Canvas {
    let cell = 16 * zoom;
    let mut tiles: Vec<Canvas> = Vec::new();
    for (name, picture) in &pack.pictures {
        if !name.contains(filter) {
            continue;
        }
        let strip =
            pack.files.contains_key(&format!("{name}.mcmeta")) && picture.height > picture.width;
        let picture = if strip {
            picture.crop(0, 0, picture.width, picture.width)
        } else {
            picture.clone()
        };
        let block = name.contains("/block/") && picture.width == 16 && picture.height == 16;
        let scale = (cell / picture.width.max(picture.height).min(cell)).max(1);
        let enlarge = |copies: i32, scale: i32| {
            let mut out = Canvas::new(
                picture.width * copies * scale,
                picture.height * copies * scale,
            );
            for y in 0..out.height {
                for x in 0..out.width {
                    let (px, py) = (x / scale % picture.width, y / scale % picture.height);
                    let back = BACK[((x / 8 + y / 8) % 2) as usize];
                    out.set(x, y, over(back, picture.get(px, py)));
                }
            }
            out
        };
        tiles.push(enlarge(
            1,
            if picture.width > 32 {
                (zoom / 2).max(1)
            } else {
                scale
            },
        ));
        if block {
            tiles.push(enlarge(3, zoom / 3));
        }
    }
    let width = 1600;
    let (mut x, mut y, mut row) = (4, 4, 0);
    let mut places = Vec::new();
    for tile in &tiles {
        if x + tile.width + 4 > width {
            (x, y, row) = (4, y + row + 4, 0);
        }
        places.push((x, y));
        x += tile.width + 4;
        row = row.max(tile.height);
    }
    let mut sheet = Canvas::filled(width, y + row + 4, rgb(0x2a2c33));
    for (tile, (x, y)) in tiles.iter().zip(places) {
        sheet.stamp(tile, x, y);
    }
    sheet
}
