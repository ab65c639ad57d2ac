//! Relief against independent implementations in PyTorch and, with grain, in NumPy: `tests/fixtures/relief`, with the
//! scripts that made them.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::{Path, PathBuf};

use tch::Tensor;
use uncanny_model::checkpoint::{self, Checkpoint};
use uncanny_model::tensors::to_tensor;
use uncanny_model::{Device, Network, Shipped};
use uncanny_texture::{Edges, Rect, RgbPlanes, TileGrid, Tiling, Upscaler as _};

/// The file of its input and output, the case, and what it is. The first two are without grain.
const CASES: [(&str, &str, &str); 3] = [
    ("io", "tiny", "Relief, 16 channels, 2 blocks"),
    ("io", "flat", "Relief, 8 channels, 0 blocks"),
    (
        "grain_io",
        "grain",
        "Relief, 16 channels, 2 blocks, with grain",
    ),
];

fn fixture(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/relief");
    folder.join(format!("{name}.safetensors"))
}

/// The input, or what a case makes of it.
fn expected(file: &str, name: &str) -> Tensor {
    let state = checkpoint::read(&fixture(file)).unwrap().state;
    to_tensor(state.get(name).unwrap()).unwrap()
}

#[test]
fn it_is_what_pytorch_and_numpy_compute() {
    for (file, case, architecture) in CASES {
        let network = Network::load(&fixture(case), Device::CPU).unwrap();
        assert_eq!(network.description().architecture, architecture);
        assert_eq!(network.scale().get(), 8);
        let input = expected(file, "input");
        let (found, expected) = (network.forward(&input).unwrap(), expected(file, case));
        assert_eq!(found.size(), expected.size());
        let worst = (found - expected).abs().max().double_value(&[]);
        assert!(worst < 1e-5, "{case} differs by {worst}");
    }
}

/// In f16, and a tile gives the same bytes alone, among others and again.
#[test]
#[ignore = "needs CUDA"]
fn cuda_agrees_with_pytorch_and_numpy_and_with_itself() {
    let device = Device::find("cuda".parse().unwrap()).unwrap();
    for (file, case, _) in CASES {
        let network = Network::load(&fixture(case), device).unwrap();
        let found = network.forward(&expected(file, "input")).unwrap();
        let found = found.to_device(tch::Device::Cpu).to_kind(tch::Kind::Float);
        let worst = (found - expected(file, case)).abs().max().double_value(&[]);
        assert!(worst < 0.02, "{case} differs by {worst}");
    }
    for shipped in uncanny_model::SHIPPED {
        let mut network = shipped.load(device).unwrap();
        let (grid, tiles) = cut(&texture(144), Tiling::fixed(28, 16, 0));
        assert!(tiles.len() >= 70);
        let together = network.upscale(&tiles, grid.edges()).unwrap();
        for (tile, expected) in tiles.iter().zip(&together) {
            let alone = network
                .upscale(std::slice::from_ref(tile), grid.edges())
                .unwrap();
            assert!(alone[0].data == expected.data, "{}", network.name());
        }
    }
}

/// Writes a changed copy of a fixture and says why it does not load.
fn refusal(change: impl FnOnce(&mut Checkpoint)) -> String {
    let mut checkpoint = checkpoint::read(&fixture("tiny")).unwrap();
    change(&mut checkpoint);
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("changed.safetensors");
    checkpoint::write_safetensors(&path, &checkpoint.state, &checkpoint.metadata, None).unwrap();
    Network::load(&path, Device::CPU).unwrap_err().to_string()
}

#[test]
fn missing_surplus_and_misshapen_tensors_are_named() {
    for key in [
        "to_rgb.bias",
        "up.2.refine.bias",
        "body.1.conv_1.weight",
        "conv_in.bias",
    ] {
        let text = refusal(|c| drop(c.state.take(key)));
        assert!(text.contains("lacks") && text.contains(key), "{text}");
    }
    let text = refusal(|c| {
        let extra = c.state.get("to_rgb.bias").unwrap().clone();
        c.state.insert("surprise.bias", extra);
    });
    assert!(text.contains("surprise.bias"), "{text}");
    for key in ["to_rgb.weight", "body.0.conv_0.weight", "up.1.smooth.bias"] {
        let text = refusal(|c| {
            let mut odd = c.state.get(key).unwrap().clone();
            odd.shape.insert(0, 1);
            c.state.insert(key, odd);
        });
        assert!(text.contains(key) && text.contains("[1, "), "{text}");
    }
    // A gap in the trunk: the blocks after it are too many.
    let text = refusal(|c| {
        for part in [
            "conv_0.weight",
            "conv_0.bias",
            "conv_1.weight",
            "conv_1.bias",
        ] {
            drop(c.state.take(&format!("body.0.{part}")));
        }
    });
    assert!(text.contains("body.1.conv_0"), "{text}");
    // Channels that three doublings cannot halve.
    let text = refusal(|c| {
        let old = c.state.take("conv_in.weight").unwrap();
        let part = old.to_f32()[..12 * 27].to_vec();
        let narrow = checkpoint::TensorData::from_f32(vec![12, 3, 3, 3], &part).unwrap();
        c.state.insert("conv_in.weight", narrow);
    });
    assert!(
        text.contains("multiple of 8") && text.contains("[12, "),
        "{text}"
    );
}

/// A picture of ramps, edges and noise, as texels of a game texture have them.
fn texture(side: u32) -> RgbPlanes {
    let value = |channel: u32, x: u32, y: u32| {
        let noise = (x * 37 + y * 91 + x * y * 13 + channel * 57) % 97;
        let brick = if (x / 8 + y / 4).is_multiple_of(3) {
            80
        } else {
            0
        };
        (40 + noise + brick + channel * 20) as f32 / 255.0
    };
    let pixels =
        (0..3).flat_map(|c| (0..side).flat_map(move |y| (0..side).map(move |x| value(c, x, y))));
    RgbPlanes {
        width: side,
        height: side,
        data: pixels.collect(),
    }
}

/// The tiles of a wrapping texture.
fn cut(image: &RgbPlanes, tiling: Tiling) -> (TileGrid, Vec<RgbPlanes>) {
    let (width, height) = (image.width, image.height);
    let rect = Rect {
        x: 0,
        y: 0,
        width,
        height,
    };
    let grid = TileGrid::new(width, height, Edges::WRAP, tiling);
    let tiles = (0..grid.len()).map(|number| grid.cut(image, rect, Edges::WRAP, number));
    let tiles = tiles.collect();
    (grid, tiles)
}

/// A wrapping texture, enhanced in tiles.
fn in_tiles(network: &mut Network, image: &RgbPlanes, stride: u32, context: u32) -> RgbPlanes {
    let (grid, tiles) = cut(image, Tiling::fixed(stride + 2 * context, stride, 0));
    let mut blend = grid.blend(network.scale());
    for (number, tile) in tiles.into_iter().enumerate() {
        blend.place(number, &network.upscale(&[tile], grid.edges()).unwrap()[0]);
    }
    blend.finish()
}

/// Mean and largest.
fn difference(a: &RgbPlanes, b: &RgbPlanes) -> (f32, f32) {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let off: Vec<f32> = a
        .data
        .iter()
        .zip(&b.data)
        .map(|(a, b)| (a - b).abs())
        .collect();
    let mean = off.iter().sum::<f32>() / off.len() as f32;
    (mean, off.iter().fold(0.0, |worst, x| worst.max(*x)))
}

/// The differences of a wrapping texture in its tiles from the same in one tile with so much around it that no edge
/// reaches it: a turn of 16 more, since the places of grain count modulo 16.
fn joint(network: &mut Network, context: u32) -> (f32, f32) {
    let image = texture(32);
    let tiled = in_tiles(network, &image, 16, context);
    difference(&tiled, &in_tiles(network, &image, 32, context + 16))
}

/// With so much context that nothing from beyond it reaches a tile, tiles are the whole, but for the order of sums; so
/// their grain is the same.
#[test]
fn grain_has_no_joints() {
    let mut network = Network::load(&fixture("grain"), Device::CPU)
        .unwrap()
        .with_batch(1);
    // Little detail, that it is not clamped.
    let mut image = texture(32);
    image.data.iter_mut().for_each(|x| *x = 0.45 + 0.1 * *x);
    let bytes = |image: &mut RgbPlanes| {
        let round = |x: f32| (x * 255.0).round() / 255.0;
        image.data.iter_mut().for_each(|x| *x = round(*x));
    };
    bytes(&mut image);
    let tiled = in_tiles(&mut network, &image, 16, 22);
    let whole = in_tiles(&mut network, &image, 32, 38);
    let (mean, worst) = difference(&tiled, &whole);
    assert!(worst < 2e-5, "{mean} {worst}");

    // Moved by 16 it is the same, moved. By anything else it is not: grain lies where the texture's corner says, as
    // it must if tiles are to agree wherever they come from and equal ones be enhanced once.
    let moved = |image: &RgbPlanes, by: u32| {
        let mut out = RgbPlanes::new(image.width, image.height);
        let width = image.width as usize;
        for (to, from) in out
            .data
            .chunks_exact_mut(width)
            .zip(image.data.chunks_exact(width))
        {
            to.copy_from_slice(from);
            to.rotate_right(by as usize);
        }
        out
    };
    for (by, same) in [(16, true), (5, false)] {
        let found = in_tiles(&mut network, &moved(&image, by), 16, 22);
        let (mean, worst) = difference(&found, &moved(&tiled, 8 * by));
        assert_eq!(worst < 2e-5, same, "by {by}: {mean} {worst}");
    }
}

/// The shipped network's tiles have 6 texels of context on each side; on a texture of bricks and noise, their joints do
/// not show.
#[test]
fn in_tiles_the_shipped_network_is_nearly_what_it_is_in_one_piece() {
    let shipped = Shipped::find("textures").unwrap();
    let mut network = shipped.load(Device::CPU).unwrap().with_batch(1);
    let tiling = network.tiling();
    let context = (tiling.tile - tiling.stride) / 2;
    let found: Vec<(u32, (f32, f32))> = [4, context, 8]
        .map(|context| (context, joint(&mut network, context)))
        .to_vec();
    eprintln!("context, (mean, largest difference) in 0..1: {found:?}");
    let (_, (mean, worst)) = found[1];
    assert!(mean < 0.5 / 255.0 && worst < 11.0 / 255.0, "{found:?}");
    assert!(found[0].1.0 > mean, "less context is worse: {found:?}");
}
