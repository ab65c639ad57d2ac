//! PFSR against an independent PyTorch implementation: tests/fixtures/pfsr/make.py.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::PathBuf;

use image::{Rgba, RgbaImage};
use tch::{Kind, Tensor};
use uncanny_model::arch::pfsr::{Config, Folded, Progress};
use uncanny_model::checkpoint::{self, Checkpoint, DType};
use uncanny_model::tensors::{channels_last, to_tensor};
use uncanny_model::{Device, Error, Network};
use uncanny_texture::{Cell, Edges, Recipe, Rect, RgbPlanes, TileEdges, Upscaler};

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures/pfsr")
        .join(name)
}

fn read(name: &str) -> Checkpoint {
    checkpoint::read(&fixture(name)).unwrap()
}

/// What the independent implementation gave, and its inputs.
fn expected(name: &str) -> Tensor {
    to_tensor(read("io.safetensors").state.get(name).unwrap()).unwrap()
}

fn forward(name: &str, progress: Progress, inputs: &Tensor) -> Tensor {
    let state = read(name).state;
    let config = Config::detect(&state).unwrap().expect("it is PFSR");
    let made = Config {
        width: 16,
        finish: name.starts_with("finish") || name.starts_with("context"),
        context: name.starts_with("context"),
    };
    assert_eq!(config, made);
    let network = Folded::load(&state, config, progress, tch::Device::Cpu, Kind::Float).unwrap();
    network
        .forward(&channels_last(inputs), TileEdges::ZERO)
        .unwrap()
}

#[track_caller]
fn assert_same(found: &Tensor, expected: &Tensor) {
    assert_eq!(found.size(), expected.size());
    let worst = (found - expected).abs().max().double_value(&[]);
    assert!(worst < 1e-4, "floats differ by {worst}");
    let eight_bit = |x: &Tensor| (x.clamp(0.0, 1.0) * 255.0).round();
    let worst = (eight_bit(found) - eight_bit(expected))
        .abs()
        .max()
        .double_value(&[]);
    assert!(worst <= 1.0, "8-bit levels differ by {worst}");
}

#[test]
fn every_step_and_alpha_is_what_pytorch_computes() {
    let cases = [
        ("step1", 1, -1.0),
        ("step2_alpha0", 2, 0.0),
        ("step2_alpha0.4", 2, 0.4),
        ("step2_alpha1", 2, 1.0),
        ("step3_alpha0.4", 3, 0.4),
        ("step3_alpha1", 3, 1.0),
    ];
    for (name, step, alpha) in cases {
        let expected = expected(name);
        let inputs = self::expected("input").narrow(0, 0, expected.size()[0]);
        let found = forward("tiny.safetensors", Progress { step, alpha }, &inputs);
        assert_same(&found, &expected);
    }
}

#[test]
fn finish_and_context_are_what_pytorch_computes() {
    for name in ["finish", "context"] {
        let io = read(&format!("{name}_io.safetensors")).state;
        let [inputs, expected] =
            ["input", name].map(|name| to_tensor(io.get(name).unwrap()).unwrap());
        let file = format!("{name}.safetensors");
        let found = forward(&file, Progress::COMPLETE, &inputs);
        assert_same(&found, &expected);
    }
}

#[test]
fn published_layouts_are_the_same_network() {
    let expected = expected("step3_alpha1");
    let inputs = self::expected("input").narrow(0, 0, 2);
    for name in ["tiny.ckpt", "tiny-multi-gpu.ckpt"] {
        assert_same(&forward(name, Progress::COMPLETE, &inputs), &expected);
    }
}

#[test]
fn a_checkpoint_of_an_unfinished_training_says_how_far_it_was() {
    let network = Network::load(&fixture("tiny-multi-gpu.ckpt"), Device::CPU).unwrap();
    assert_eq!(network.scale().get(), 4, "its step is 2");
    let inputs = expected("input").narrow(0, 0, 2);
    assert_same(
        &network.forward(&inputs).unwrap(),
        &expected("step2_alpha0.4"),
    );
}

#[test]
fn tiles_come_back_in_order_whatever_the_batch() {
    let inputs = expected("input");
    let values = Vec::<f32>::try_from(inputs.flatten(0, -1)).unwrap();
    let tile = |i: usize| RgbPlanes {
        width: 16,
        height: 16,
        data: values[i * 768..][..768].to_vec(),
    };
    let tiles: Vec<RgbPlanes> = (0..4).map(tile).collect();
    let load = || Network::load(&fixture("tiny.ckpt"), Device::CPU).unwrap();
    let together = load()
        .with_batch(4)
        .upscale(&tiles, TileEdges::ZERO)
        .unwrap();
    let apart = load()
        .with_batch(3)
        .upscale(&tiles, TileEdges::ZERO)
        .unwrap();
    assert_eq!(together.len(), 4);
    let truth = expected("step3_alpha1").clamp(0.0, 1.0);
    for (i, (a, b)) in together.iter().zip(&apart).enumerate() {
        assert_eq!((a.width, a.height), (128, 128));
        assert_eq!(a.data, b.data, "tile {i} depends on its batch");
        if i < 2 {
            let found = Tensor::from_slice(&a.data).reshape([3, 128, 128]);
            let worst = (found - truth.get(i as i64)).abs().max().double_value(&[]);
            assert!(worst < 1e-4, "tile {i} differs by {worst}");
        }
    }
}

#[test]
fn a_tile_does_not_depend_on_its_company() {
    let mut faces = Network::faces(Device::CPU).unwrap().with_batch(8);
    let side = faces.tiling().stride;
    let tile = |seed: u32| RgbPlanes {
        width: side,
        height: side,
        data: (0..3 * side * side)
            .map(|i| (i * (seed + 3) * 31 % 256) as f32 / 255.0)
            .collect(),
    };
    let tiles: Vec<RgbPlanes> = (0..11).map(tile).collect();
    let all = faces.upscale(&tiles, TileEdges::WRAP).unwrap();
    assert_eq!(all.len(), 11);
    let again =
        |tiles: &[RgbPlanes], faces: &mut Network| faces.upscale(tiles, TileEdges::WRAP).unwrap();
    for (i, expected) in all.iter().enumerate() {
        let alone = again(&tiles[i..=i], &mut faces);
        assert!(alone[0].data == expected.data, "tile {i} alone");
    }
    let backwards: Vec<RgbPlanes> = tiles.iter().rev().cloned().collect();
    for (i, found) in again(&backwards, &mut faces).iter().rev().enumerate() {
        assert!(found.data == all[i].data, "tile {i} in another place");
    }
}

/// Writes a changed copy of the tiny checkpoint and says why it does not load.
fn refusal(change: impl FnOnce(&mut Checkpoint)) -> Error {
    let mut checkpoint = read("tiny.safetensors");
    change(&mut checkpoint);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.safetensors");
    checkpoint::write_safetensors(&path, &checkpoint.state, &checkpoint.metadata, None).unwrap();
    Network::load(&path, Device::CPU).unwrap_err()
}

#[test]
fn missing_surplus_and_misshapen_tensors_are_named() {
    let error = refusal(|c| drop(c.state.take("step2.1.weight"))).to_string();
    assert!(error.contains("lacks step2.1.weight"), "{error}");

    let error = refusal(|c| {
        let extra = c.state.get("to_rgb.0.bias").unwrap().clone();
        c.state.insert("to_rgb.3.bias", extra);
    });
    assert!(
        error.to_string().contains("does not: to_rgb.3.bias"),
        "{error}"
    );

    let error = refusal(|c| {
        let other = c.state.get("to_rgb.0.bias").unwrap().clone();
        c.state.insert("step3.2.bias", other);
    });
    let text = error.to_string();
    assert!(
        text.contains("step3.2.bias") && text.contains("[3], expected [2]"),
        "{text}"
    );
}

#[test]
fn another_architecture_is_refused_by_name() {
    let error = refusal(|c| {
        let names: Vec<String> = c.state.names().map(str::to_owned).collect();
        for name in names.iter().filter(|name| !name.starts_with("to_rgb.1")) {
            c.state.take(name);
        }
    });
    let text = error.to_string();
    assert!(
        text.contains("its 2 tensors (to_rgb.1.bias, to_rgb.1.weight)"),
        "{text}"
    );
    assert!(text.contains("PFSR"), "{text}");
}

#[test]
fn half_precision_files_load() {
    let checkpoint = read("tiny.safetensors");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half.safetensors");
    let half = Some(DType::F16);
    checkpoint::write_safetensors(&path, &checkpoint.state, &checkpoint.metadata, half).unwrap();
    let network = Network::load(&path, Device::CPU).unwrap();
    let inputs = expected("input").narrow(0, 0, 2);
    let found = network.forward(&inputs).unwrap();
    let worst = (found - expected("step3_alpha1"))
        .abs()
        .max()
        .double_value(&[]);
    assert!(worst < 0.05, "f16 weights change the picture by {worst}");
}

#[test]
fn the_faces_that_come_with_the_library_load() {
    let faces = Network::faces(Device::CPU).unwrap();
    let about = faces.description();
    assert_eq!(about.architecture, "PFSR, width 128, with a finish");
    assert_eq!(about.scale.get(), 8);
    assert_eq!(faces.name(), "faces");
    // 0.66 GFLOP a tile as the paper has it, counted by hand, and 2,736 multiplications a pixel for the finish.
    assert!(
        (0.74e9..0.76e9).contains(&(about.flops_per_tile as f64)),
        "{}",
        about.flops_per_tile
    );
}

/// A wrapping texture has no border: enhanced after a shift it is the enhanced one, shifted.
#[test]
fn wrapping_textures_have_no_seam() {
    let texture = RgbaImage::from_fn(16, 16, |x, y| {
        let noise = (x * 37 + y * 91 + x * y * 13) % 97;
        Rgba([
            100 + noise as u8,
            70 + (noise / 2) as u8,
            40 + (x * 5) as u8,
            255,
        ])
    });
    let shifted = RgbaImage::from_fn(16, 16, |x, y| {
        *texture.get_pixel((x + 5) % 16, (y + 11) % 16)
    });
    let mut faces = Network::faces(Device::CPU).unwrap();
    let mut enhance = |image: &RgbaImage| {
        let whole = Cell {
            rect: Rect {
                x: 0,
                y: 0,
                width: 16,
                height: 16,
            },
            edges: Edges::WRAP,
        };
        let recipe = Recipe::new(vec![whole], faces.scale());
        uncanny_texture::enhance(image, &recipe, &mut faces).unwrap()
    };
    let (a, b) = (enhance(&texture), enhance(&shifted));
    let same = b
        .enumerate_pixels()
        .all(|(x, y, pixel)| pixel == a.get_pixel((x + 40) % 128, (y + 88) % 128));
    assert!(same, "moved, it is not the same moved");
}

#[test]
#[ignore = "needs CUDA"]
fn cuda_agrees_with_the_cpu() {
    let device = Device::find("cuda".parse().unwrap()).unwrap();
    let inputs = expected("input");
    let on = |device| {
        Network::faces(device)
            .unwrap()
            .forward(&inputs)
            .unwrap()
            .to_device(tch::Device::Cpu)
    };
    let worst = (on(device).to_kind(Kind::Float) - on(Device::CPU))
        .abs()
        .max()
        .double_value(&[]);
    assert!(worst < 0.05, "f16 on the GPU differs by {worst}");
}
