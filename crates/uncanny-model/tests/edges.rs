//! Convolutional networks pad each axis of a tile within: a texture that wraps is computed as the endless wall is.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::PathBuf;

use tch::{Kind, Tensor};
use uncanny_model::{Device, Network, Shipped};
use uncanny_texture::{Padding, RgbPlanes, TileEdges, Upscaler as _};

/// Networks of every architecture that pads, and up to how much they may differ between one place and another: sums are
/// taken in another order where the places are more, and norms over the whole picture and places to sample from have
/// few digits.
const PADDING: [(&str, f64); 16] = [
    ("relief/tiny.safetensors", 1e-5),
    ("relief/grain.safetensors", 1e-5),
    ("faces", 1e-4),
    ("rrdb/4x.pth", 1e-5),
    ("rrdb/8x-old.pth", 1e-5),
    ("rrdb/2x-trunk.pth", 1e-5),
    ("rrdb/4x-plus.pth", 1e-5),
    ("rrdb/2x-folded.pth", 1e-5),
    ("rrdb/1x-folded.pth", 1e-5),
    ("compact/4x.pth", 1e-5),
    ("span/4x.pth", 1e-4),
    ("span/2x-no-norm.pth", 1e-4),
    ("plksr/4x.pth", 1e-4),
    ("plksr/2x-layer-norm.pth", 1e-4),
    ("plksr/4x-dysample.pth", 1e-3),
    ("plksr/1x-dysample-layer-norm.pth", 1e-3),
];

/// Without noise, squares, norms over the whole and sampling a network computes the same for a place wherever it lies.
fn has_no_origin(name: &str) -> bool {
    !["grain", "folded", "dysample", "plksr/4x.pth"]
        .iter()
        .any(|part| name.contains(part))
}

/// Those of which not even the last bit is different: where channels are few or odd, libtorch's quick convolutions sum in
/// another order at the end of a row.
const EXACT: [&str; 2] = ["faces", "relief/tiny.safetensors"];

fn load(name: &str) -> Network {
    match Shipped::find(name) {
        Some(shipped) => shipped.load(Device::CPU).unwrap(),
        None => Network::load(&fixture(name), Device::CPU).unwrap(),
    }
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures")
        .join(name)
}

/// Bytes as pictures have them, in 0..1, without a pattern that a wall would hide.
fn picture(height: i64, width: i64) -> Tensor {
    let x = Tensor::arange(3 * height * width, (Kind::Int64, tch::Device::Cpu));
    let bytes = (&x * &x * 37 + &x * 11 + &x / 7 * 5).remainder(251);
    bytes.to_kind(Kind::Float).reshape([1, 3, height, width]) / 255.0
}

fn worst(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.size(), b.size());
    (a - b).abs().max().double_value(&[])
}

/// The middle of so many columns and rows of the same.
fn middle(wall: &Tensor, columns: i64, rows: i64) -> Tensor {
    let (_, _, h, w) = wall.size4().unwrap();
    let (h, w) = (h / rows, w / columns);
    wall.narrow(2, rows / 2 * h, h)
        .narrow(3, columns / 2 * w, w)
}

const SIDEWAYS: TileEdges = TileEdges {
    x: Padding::Wrap,
    y: Padding::Replicate,
};

#[test]
fn a_wrapping_texture_is_the_middle_of_a_wall_of_itself() {
    for (name, most) in PADDING {
        let network = load(name);
        assert!(network.tiling().whole >= 128, "{name}");
        // A texture of the game's and one that is no multiple of anything, where no noise has its places by 16.
        let odd = if name.contains("grain") {
            (32, 16)
        } else {
            (18, 22)
        };
        for (h, w) in [(16, 16), odd] {
            let x = picture(h, w);
            let forward = |x: &Tensor, edges| network.forward_padded(x, edges).unwrap();
            // Where squares of pixels are folded that the side is no multiple of, a joint is far away and not nowhere, and
            // squares begin at the same pixels in every second copy only.
            let folds = name.contains("folded") && h % 4 + w % 4 > 0;
            let (copies, most) = if folds { (5, 1.0 / 255.0) } else { (3, most) };
            let alone = forward(&x, TileEdges::WRAP);
            let wall = forward(&x.repeat([1, 1, copies, copies]), TileEdges::WRAP);
            let off = worst(&alone, &middle(&wall, copies, copies));
            assert!(off <= most, "{name}, {w}x{h}: {off}");
            // By axis: sideways a wall, above and below its border again.
            let alone = forward(&x, SIDEWAYS);
            let row = forward(&x.repeat([1, 1, 1, copies]), SIDEWAYS);
            let off = worst(&alone, &middle(&row, copies, 1));
            assert!(off <= most, "{name}, {w}x{h} sideways: {off}");
            let other = forward(&x, TileEdges::REPLICATE);
            assert!(worst(&alone, &other) > 0.0, "{name} heeds its edges");
        }
    }
}

/// Against the wall over zeros, whose middle these do not reach.
#[test]
fn the_shipped_networks_on_a_wall_over_zeros_give_the_same_to_a_level() {
    for name in ["faces", "textures"] {
        let network = load(name);
        let x = picture(16, 16) * 0.5 + 0.2;
        let alone = network.forward_padded(&x, TileEdges::WRAP).unwrap();
        let wall = network.forward(&x.repeat([1, 1, 3, 3])).unwrap();
        let level = |x: &Tensor| (x.clamp(0.0, 1.0) * 255.0).round();
        let off = worst(&level(&alone), &level(&middle(&wall, 3, 3)));
        assert!(off <= 1.0, "{name}: {off} levels");
    }
}

#[test]
fn without_noise_a_wrapping_texture_has_no_origin() {
    let planes = |x: &Tensor| RgbPlanes {
        width: x.size()[3] as u32,
        height: x.size()[2] as u32,
        data: Vec::<f32>::try_from(x.flatten(0, -1)).unwrap(),
    };
    for (name, most) in PADDING.into_iter().filter(|(name, _)| has_no_origin(name)) {
        let mut network = load(name);
        let x = picture(16, 16);
        let k = i64::from(network.scale().get());
        let mut upscale = |x: &Tensor| {
            let made = network.upscale(&[planes(x)], TileEdges::WRAP).unwrap();
            Tensor::from_slice(&made[0].data).reshape([1, 3, 16 * k, 16 * k])
        };
        let expected = upscale(&x);
        for (down, across) in [(0, 1), (1, 0), (5, 11), (8, 8), (15, 3)] {
            let found = upscale(&x.roll([down, across], [2, 3]));
            let expected = expected.roll([k * down, k * across], [2, 3]);
            let off = worst(&found, &expected);
            let most = if EXACT.contains(&name) { 0.0 } else { most };
            assert!(off <= most, "{name} by {down}, {across}: {off}");
        }
    }
}

/// As many workers as one likes, and any company: the same bytes, of small tiles and large ones.
#[test]
fn the_number_of_workers_changes_nothing() {
    for name in ["faces", "textures", "torchscript/2x.pt", "swinir/2x.pth"] {
        let mut network = load(name);
        let side = if name.contains('/') { 32 } else { 16 };
        let tile = |seed: i64, h: i64, w: i64| {
            let x = picture(h, w).roll([seed * 3, seed * 5], [2, 3]);
            RgbPlanes {
                width: w as u32,
                height: h as u32,
                data: Vec::<f32>::try_from(x.flatten(0, -1)).unwrap(),
            }
        };
        let small: Vec<RgbPlanes> = (0..7).map(|seed| tile(seed, side, side)).collect();
        let large: Vec<RgbPlanes> = (0..2).map(|seed| tile(seed, 2 * side, 3 * side)).collect();
        network = network.with_workers(1);
        let alone = |network: &mut Network, tiles: &[RgbPlanes]| -> Vec<RgbPlanes> {
            let one = |tile: &RgbPlanes| {
                let tile = std::slice::from_ref(tile);
                network.upscale(tile, TileEdges::WRAP).unwrap().remove(0)
            };
            tiles.iter().map(one).collect()
        };
        let expected = [alone(&mut network, &small), alone(&mut network, &large)];
        for workers in [1, 2, 3, 8] {
            network = network.with_workers(workers);
            assert!(network.batch() >= workers, "{name}");
            for (tiles, expected) in [&small, &large].into_iter().zip(&expected) {
                let found = network.upscale(tiles, TileEdges::WRAP).unwrap();
                assert!(&found == expected, "{name}, {workers} workers");
            }
        }
    }
}
