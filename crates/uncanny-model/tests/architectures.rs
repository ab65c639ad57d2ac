//! Every architecture against spandrel, an independent implementation: `tests/fixtures/<architecture>`,
//! each with the script that made it, tiny and of random weights; Compact also as it was published, where
//! its files lie.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test stops at the first surprise; a skipped one says so"
)]

use std::path::{Path, PathBuf};

use tch::{Kind, Tensor};
use uncanny_model::arch::{self, Architecture};
use uncanny_model::checkpoint::{self, Checkpoint};
use uncanny_model::tensors::to_tensor;
use uncanny_model::{Device, Error, Network};
use uncanny_texture::{Edges, Rect, RgbPlanes, TileGrid, Tiling, Upscaler as _};

/// Folder, checkpoint, what it is, its enlargement, and how far rounding may carry a float.
const CASES: &[(&str, &str, &str, u32, f64)] = &[
    ("rrdb", "4x", "RRDB (ESRGAN), 6 channels, 2 blocks", 4, 1e-4),
    (
        "rrdb",
        "8x-old",
        "RRDB (ESRGAN), 6 channels, 1 blocks",
        8,
        1e-4,
    ),
    (
        "rrdb",
        "2x-trunk",
        "RRDB (ESRGAN), 6 channels, 1 blocks",
        2,
        1e-4,
    ),
    (
        "rrdb",
        "1x-old",
        "RRDB (ESRGAN), 6 channels, 1 blocks",
        1,
        1e-4,
    ),
    (
        "rrdb",
        "2x-folded",
        "RRDB (ESRGAN), 8 channels, 1 blocks",
        2,
        1e-4,
    ),
    (
        "rrdb",
        "1x-folded",
        "RRDB (ESRGAN), 8 channels, 1 blocks",
        1,
        1e-4,
    ),
    (
        "rrdb",
        "4x-plus",
        "RRDB+ (ESRGAN), 6 channels, 1 blocks",
        4,
        1e-4,
    ),
    (
        "compact",
        "4x",
        "Compact, 8 channels, 5 convolutions",
        4,
        1e-4,
    ),
    (
        "compact",
        "2x",
        "Compact, 6 channels, 4 convolutions",
        2,
        1e-4,
    ),
    (
        "compact",
        "1x",
        "Compact, 8 channels, 3 convolutions",
        1,
        1e-4,
    ),
    ("span", "4x", "SPAN, 4 channels", 4, 1e-4),
    ("span", "2x-no-norm", "SPAN, 4 channels", 2, 1e-4),
    ("plksr", "4x", "RealPLKSR, 8 channels, 2 blocks", 4, 1e-4),
    (
        "plksr",
        "4x-dysample",
        "RealPLKSR, 8 channels, 2 blocks, DySample",
        4,
        1e-4,
    ),
    (
        "plksr",
        "1x-dysample-layer-norm",
        "RealPLKSR, 8 channels, 1 blocks, DySample",
        1,
        1e-4,
    ),
    (
        "plksr",
        "2x-layer-norm",
        "RealPLKSR, 6 channels, 1 blocks",
        2,
        1e-4,
    ),
    (
        "dat",
        "4x",
        "DAT, 64 channels, 3 blocks, windows of 2x8",
        4,
        1e-5,
    ),
    (
        "dat",
        "3x-three-convolutions",
        "DAT, 64 channels, 3 blocks, windows of 4x2",
        3,
        1e-5,
    ),
    (
        "dat",
        "2x-light",
        "DAT, 64 channels, 4 blocks, windows of 2x8",
        2,
        1e-5,
    ),
    (
        "swinir",
        "4x-real",
        "SwinIR, 16 channels, 3 blocks, windows of 8x8",
        4,
        1e-5,
    ),
    (
        "swinir",
        "2x",
        "SwinIR, 16 channels, 2 blocks, windows of 8x8",
        2,
        1e-5,
    ),
    (
        "swinir",
        "4x-light",
        "SwinIR, 16 channels, 3 blocks, windows of 4x4",
        4,
        1e-5,
    ),
    (
        "swinir",
        "1x-jpeg",
        "SwinIR, 16 channels, 2 blocks, windows of 7x7",
        1,
        1e-5,
    ),
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures")
}

fn checkpoint_of(folder: &str, case: &str) -> PathBuf {
    fixtures().join(folder).join(format!("{case}.pth"))
}

/// The input, or what a case makes of it.
fn expected(folder: &str, name: &str) -> Tensor {
    let path = fixtures().join(folder).join("io.safetensors");
    let state = checkpoint::read(&path).unwrap().state;
    to_tensor(
        state
            .get(name)
            .unwrap_or_else(|| panic!("{folder} has no {name}")),
    )
    .unwrap()
}

fn worst(found: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(found.size(), expected.size());
    (found - expected).abs().max().double_value(&[])
}

#[test]
fn every_architecture_is_what_spandrel_computes() {
    for &(folder, case, architecture, scale, tolerance) in CASES {
        let network = Network::load(&checkpoint_of(folder, case), Device::CPU)
            .unwrap_or_else(|error| panic!("{folder}/{case}: {error}"));
        assert_eq!(
            network.description().architecture,
            architecture,
            "{folder}/{case}"
        );
        assert_eq!(network.scale().get(), scale, "{folder}/{case}");
        let found = network.forward(&expected(folder, "input")).unwrap();
        let off = worst(&found, &expected(folder, case));
        assert!(off < tolerance, "{folder}/{case} differs by {off}");
    }
}

/// In f16 where the architecture bears it.
#[test]
#[ignore = "needs CUDA"]
fn cuda_agrees_with_spandrel() {
    let device = Device::find("cuda".parse().unwrap()).unwrap();
    for &(folder, case, ..) in CASES {
        let network = Network::load(&checkpoint_of(folder, case), device).unwrap();
        let found = network.forward(&expected(folder, "input")).unwrap();
        let found = found.to_device(tch::Device::Cpu).to_kind(Kind::Float);
        let expected = expected(folder, case);
        let off = worst(&found, &expected) / expected.abs().max().double_value(&[]);
        eprintln!("{folder}/{case}: {off:.5}");
        assert!(
            off < 0.005,
            "{folder}/{case} differs by {off} of its largest value"
        );
    }
}

/// As many files as cases: none is forgotten.
#[test]
fn every_fixture_is_a_case() {
    let mut folders: Vec<&str> = CASES.iter().map(|case| case.0).collect();
    folders.dedup();
    let files = folders.iter().flat_map(|folder| {
        std::fs::read_dir(fixtures().join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
    });
    let checkpoints = files.filter(|path| path.extension().is_some_and(|end| end == "pth"));
    assert_eq!(checkpoints.count(), CASES.len());
}

/// Writes a changed copy of a checkpoint and says why it does not load.
fn refusal(folder: &str, case: &str, change: impl FnOnce(&mut Checkpoint)) -> String {
    let mut checkpoint = checkpoint::read(&checkpoint_of(folder, case)).unwrap();
    change(&mut checkpoint);
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("changed.safetensors");
    checkpoint::write_safetensors(&path, &checkpoint.state, &checkpoint.metadata, None).unwrap();
    match Network::load(&path, Device::CPU) {
        Ok(network) => panic!(
            "{folder}/{case} loaded as {}",
            network.description().architecture
        ),
        Err(error) => error.to_string(),
    }
}

#[test]
fn missing_surplus_and_misshapen_tensors_are_named() {
    for &(folder, case, ..) in CASES {
        let names: Vec<String> = checkpoint::read(&checkpoint_of(folder, case))
            .unwrap()
            .state
            .names()
            .map(str::to_owned)
            .collect();
        // A bias decides nothing, so that the architecture is still known.
        let bias = names.iter().rfind(|name| name.ends_with(".bias")).unwrap();
        let text = refusal(folder, case, |c| drop(c.state.take(bias)));
        assert!(
            text.contains("lacks") && text.contains(bias.as_str()),
            "{folder}/{case}: {text}"
        );

        let text = refusal(folder, case, |c| {
            let extra = c.state.get(bias).unwrap().clone();
            c.state.insert("surprise.bias", extra);
        });
        assert!(
            text.contains("does not: surprise.bias"),
            "{folder}/{case}: {text}"
        );

        let text = refusal(folder, case, |c| {
            let mut odd = c.state.get(bias).unwrap().clone();
            odd.shape = vec![1, odd.shape[0]];
            c.state.insert(bias.clone(), odd);
        });
        assert!(
            text.contains(bias.as_str()) && text.contains("[1, "),
            "{folder}/{case}: {text}"
        );
    }
}

/// `../shared/weights`, where it lies beside the repository.
fn published(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/weights")
        .join(name);
    if !path.exists() {
        eprintln!("skipped: no {}", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn published_compact_networks_load() {
    for (name, architecture) in [
        (
            "realesr-general-x4v3.pth",
            "Compact, 64 channels, 34 convolutions",
        ),
        (
            "realesr-animevideov3.pth",
            "Compact, 64 channels, 18 convolutions",
        ),
    ] {
        let Some(path) = published(name) else {
            continue;
        };
        let network = Network::load(&path, Device::CPU).unwrap();
        assert_eq!(network.description().architecture, architecture);
        assert_eq!(network.scale().get(), 4);
        // A flat grey picture stays grey, in the middle.
        let grey = Tensor::full([1, 3, 48, 48], 0.5, (Kind::Float, tch::Device::Cpu));
        let found = network
            .forward(&grey)
            .unwrap()
            .narrow(2, 80, 32)
            .narrow(3, 80, 32);
        let off = (found - 0.5).abs().max().double_value(&[]);
        assert!(off < 0.02, "{name}: {off}");
    }
}

#[test]
fn what_is_not_supported_says_what_was_found() {
    let Some(path) = published("rlfn_ntire_x4.pth") else {
        return;
    };
    let error = Network::load(&path, Device::CPU).unwrap_err();
    assert!(matches!(error, Error::UnknownArchitecture { .. }));
    let text = error.to_string();
    assert!(text.contains("RLFN") && text.contains("Compact"), "{text}");
}

/// What `torch.utils.flop_counter` counts in spandrel's networks of the published sizes, for 64x64 pixels.
#[test]
fn costs_are_what_pytorch_counts() {
    let groups = vec![
        arch::Group {
            blocks: 6,
            heads: 6
        };
        6
    ];
    let dat = arch::dat::Config {
        width: 180,
        groups: groups.clone(),
        window: arch::Window {
            height: 8,
            width: 32,
        },
        hidden: 720,
        qkv_bias: true,
        three_convs: false,
        upsampler: arch::Upsampler::Shuffle {
            features: 64,
            steps: 2,
            each: 2,
        },
    };
    let swinir = arch::swinir::Config {
        width: 180,
        groups,
        window: 8,
        hidden: 360,
        qkv_bias: true,
        three_convs: false,
        upsampler: arch::Upsampler::Repeat {
            features: 64,
            doublings: 2,
        },
    };
    let light = arch::swinir::Config {
        width: 60,
        groups: swinir.groups[..4].to_vec(),
        hidden: 120,
        upsampler: arch::Upsampler::Direct { scale: 2 },
        ..swinir.clone()
    };
    let cases: [(&dyn Architecture, u64); 3] = [
        (&dat, 136_636_633_368),
        (&swinir, 111_944_761_344),
        (&light, 8_565_719_040),
    ];
    for (config, counted) in cases {
        let found = config.flops(64, 64) as f64;
        let off = found / counted as f64 - 1.0;
        assert!(off.abs() < 1e-3, "{}: {found}, {off}", config.describe());
    }
}

/// A picture of ramps, edges and noise, as texels of a game texture have them.
fn texture(width: u32, height: u32) -> RgbPlanes {
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
        (0..3).flat_map(|c| (0..height).flat_map(move |y| (0..width).map(move |x| value(c, x, y))));
    RgbPlanes {
        width,
        height,
        data: pixels.collect(),
    }
}

/// The largest difference, in 8-bit levels, of a wrapping texture in tiles of these strides from the same in one tile.
fn joints<const N: usize>(network: &mut Network, strides: [u32; N]) -> [u8; N] {
    let side = 64;
    let image = texture(side, side);
    let rect = Rect {
        x: 0,
        y: 0,
        width: side,
        height: side,
    };
    let tiling = network.tiling();
    let mut enhanced = |stride: u32, context: u32| {
        let tiling = Tiling::fixed(stride + 2 * context, stride, tiling.feather);
        let grid = TileGrid::new(side, side, Edges::WRAP, tiling);
        let mut blend = grid.blend(network.scale());
        for number in 0..grid.len() {
            let tile = grid.cut(&image, rect, Edges::WRAP, number);
            blend.place(number, &network.upscale(&[tile], grid.edges()).unwrap()[0]);
        }
        blend.finish()
    };
    let context = (tiling.tile - tiling.stride) / 2;
    let whole = enhanced(side, 48);
    let level = |value: &f32| (value * 255.0).round() as u8;
    strides.map(|stride| {
        let tiled = enhanced(stride, context);
        let pairs = tiled.data.iter().zip(&whole.data);
        let off = pairs.map(|(a, b)| level(a).abs_diff(level(b)));
        off.max().unwrap()
    })
}

#[test]
fn textures_in_tiles_have_no_joint() {
    for &(folder, case, ..) in CASES {
        let mut network = Network::load(&checkpoint_of(folder, case), Device::CPU).unwrap();
        // Norms over groups and attention to channels see all of a picture: what can go through in one piece does.
        let in_one_piece = match folder {
            "plksr" if !case.contains("layer-norm") => Some(256),
            "dat" => Some(128),
            _ => None,
        };
        if let Some(side) = in_one_piece {
            let grid = TileGrid::new(side, side, Edges::WRAP, network.tiling());
            assert_eq!(grid.len(), 1, "{folder}/{case}");
        }
        if folder == "plksr" && in_one_piece.is_some() {
            continue;
        }
        // The blocks are those of the others of their kind; what comes after them is large, and slow.
        if [("dat", "4x"), ("swinir", "4x-real"), ("swinir", "2x")].contains(&(folder, case)) {
            continue;
        }
        let off = joints(&mut network, [16, 32]);
        assert!(
            off.iter().all(|levels| *levels <= 1),
            "{folder}/{case}, tiles 16 and 32 apart: {off:?} levels"
        );
    }
}

#[test]
fn published_compact_networks_have_no_joint() {
    for name in ["realesr-general-x4v3.pth", "realesr-animevideov3.pth"] {
        let Some(path) = published(name) else {
            continue;
        };
        let mut network = Network::load(&path, Device::CPU).unwrap();
        let [off] = joints(&mut network, [16]);
        assert!(off <= 1, "{name}: {off} levels");
    }
}

/// Exactly one architecture knows each fixture, PFSR's and Relief's among them: their order decides nothing.
#[test]
fn no_architecture_takes_another_for_itself() {
    let mut seen = 0;
    for (folder, _) in arch::KNOWN {
        for path in std::fs::read_dir(fixtures().join(folder)).unwrap() {
            let path = path.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let end = name.rsplit('.').next().unwrap();
            if !["pth", "ckpt", "safetensors"].contains(&end) || name.ends_with("io.safetensors") {
                continue;
            }
            let checkpoint = checkpoint::read(&path).unwrap();
            for (known, detect) in arch::KNOWN {
                let found = matches!(detect(&checkpoint), Ok(Some(_)));
                assert_eq!(found, known == folder, "{known} about {}", path.display());
            }
            seen += 1;
        }
    }
    assert_eq!(seen, CASES.len() + 8);
}

#[test]
fn torchscript_runs_as_it_is() {
    let folder = fixtures().join("torchscript");
    let network = Network::load(&folder.join("2x.pt"), Device::CPU).unwrap();
    let about = network.description();
    assert_eq!(about.architecture, "TorchScript program");
    assert_eq!((about.scale.get(), about.parameters), (2, 3 * 12 * 9 + 12));
    let found = network.forward(&expected("torchscript", "input")).unwrap();
    assert!(worst(&found, &expected("torchscript", "2x")) < 1e-5);
}

#[test]
fn programs_that_are_no_networks_say_why() {
    let cases = [
        ("bad-without-batch.pt", "it makes [3, 32, 32]"),
        ("bad-grey.pt", "it makes [1, 1, 32, 32]"),
        (
            "bad-four-channels.pt",
            "it fails on 1 x 3 x 32 x 32 pixels: Internal torch error: Given groups=1",
        ),
        ("bad-pair.pt", "it fails on 1 x 3 x 32 x 32 pixels"),
        ("bad-fixed-size.pt", "it makes [2, 3, 64, 64]"),
    ];
    let folder = fixtures().join("torchscript");
    for (file, why) in cases {
        let error = Network::load(&folder.join(file), Device::CPU).unwrap_err();
        assert!(matches!(error, Error::Script { .. }), "{file}: {error:?}");
        let text = error.to_string();
        assert!(text.contains(file) && text.contains(why), "{file}: {text}");
        assert!(text.len() < 500, "{file} says too much: {text}");
    }
    // Cut short, it is not even that.
    let bytes = std::fs::read(folder.join("2x.pt")).unwrap();
    let error = Network::from_bytes("cut.pt", &bytes[..bytes.len() / 2], Device::CPU);
    assert!(matches!(error, Err(Error::Checkpoint(_))));
}
