//! Cutting a picture into tiles and blending them again gives the picture back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use uncanny_texture::{Edge, Edges, Rect, RgbPlanes, Scale, TileGrid, Tiling};

fuzz_target!(|facts: (u8, u8, [u8; 3], [u8; 4], u64)| {
    let (width, height, [tile, stride, feather], sides, seed) = facts;
    let (width, height) = (u32::from(width % 64) + 1, u32::from(height % 64) + 1);
    let tile = u32::from(tile % 32) + 1;
    let stride = u32::from(stride) % tile + 1;
    let tiling = Tiling {
        tile,
        stride,
        feather: u32::from(feather) % (tile - stride + 1),
        largest: u32::from(feather),
        whole: u32::from(sides[0]) / 4,
    };
    let edge = |n: u8| match n % 4 {
        0 => Edge::Wrap,
        1 => Edge::Clamp,
        2 => Edge::Transparent,
        _ => Edge::Neighbour,
    };
    let [left, top, right, bottom] = sides.map(edge);
    let edges = Edges {
        left,
        top,
        right,
        bottom,
    };
    let mut image = RgbPlanes::new(width, height);
    let mut state = seed | 1;
    for value in &mut image.data {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        *value = (state >> 40) as f32 / (1 << 24) as f32;
    }
    let cell = Rect {
        x: 0,
        y: 0,
        width,
        height,
    };
    let grid = TileGrid::new(width, height, edges, tiling);
    let mut blend = grid.blend(Scale::new(1).expect("1 is a scale"));
    for tile in 0..grid.len() {
        blend.place(tile, &grid.cut(&image, cell, edges, tile));
    }
    let back = blend.finish();
    for (a, b) in image.data.iter().zip(&back.data) {
        assert!((a - b).abs() < 1e-4, "{a} became {b}");
    }
});
