//! `uncanny grid`, end to end, on a few pictures drawn here.

#![expect(
    clippy::unwrap_used,
    reason = "tests say what they skip and may panic; their helpers are shared"
)]

mod util;

use std::io::Cursor;

use image::{ImageFormat, RgbaImage};
use util::Scene;

fn png(side: u32, red: u8) -> Vec<u8> {
    let image = RgbaImage::from_fn(side, side, |x, y| {
        let alpha = if x == 0 && side > 32 { 0 } else { 255 };
        [red, (x * 255 / side) as u8, (y * 255 / side) as u8, alpha].into()
    });
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A sheet's cells are 128 pixels a side with a gap of 4, a line of letters below each row, and names at the left.
const CELL: u32 = 132;

fn sheet(scene: &Scene, name: &str) -> RgbaImage {
    image::open(scene.path(name)).unwrap().into_rgba8()
}

#[test]
fn a_row_a_picture_and_a_column_for_each_model_and_iteration() {
    let scene = Scene::new();
    scene.write("in/dirt.png", png(16, 10));
    scene.write("in/emoji.png", png(136, 250));
    let run = "grid in --model lanczos --model faces --iterations 1,2 --threads 1 --device cpu";
    scene
        .run(&format!("{run} -o grid.png"))
        .exits(0)
        .prints_nothing();
    let all = sheet(&scene, "grid.png");
    // Input, two models twice, and the emoji's original.
    assert_eq!(all.width() / CELL, 6);
    scene.run(&format!("{run} -o one.png --pick dirt")).exits(0);
    let one = sheet(&scene, "one.png");
    assert_eq!(one.width() / CELL, 5, "nothing was reduced");
    assert!(one.height() < all.height());
    let network = |image: &RgbaImage, column: u32| {
        let left = image.width() - (5 - column) * CELL;
        image::imageops::crop_imm(image, left, 4, 128, 128).to_image()
    };
    assert_ne!(
        network(&one, 3),
        network(&one, 4),
        "the second iteration changes it"
    );
    assert_ne!(
        network(&one, 1),
        network(&one, 3),
        "lanczos is not the network"
    );
}

#[test]
fn what_cannot_be_drawn_is_said_and_nothing_is_replaced() {
    let scene = Scene::new();
    scene.write("a.png", png(16, 10));
    scene.write("grid.png", b"mine");
    let run = "grid a.png --model lanczos -o";
    scene
        .run(&format!("{run} grid.png"))
        .exits(2)
        .says(&["grid.png", "--force"]);
    assert_eq!(std::fs::read(scene.path("grid.png")).unwrap(), b"mine");
    scene.run(&format!("{run} grid.png --force")).exits(0);
    scene
        .run(&format!("{run} other.png --pick cat"))
        .exits(2)
        .says(&["cat"]);
    scene
        .run("grid nowhere --model lanczos -o x.png")
        .exits(2)
        .says(&["nowhere"]);
    scene
        .run("grid a.png --model facez -o x.png")
        .exits(2)
        .says(&["facez", "faces"]);
}
