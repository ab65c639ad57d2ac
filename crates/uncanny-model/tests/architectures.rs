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
use uncanny_model::checkpoint::{self, Checkpoint};
use uncanny_model::tensors::to_tensor;
use uncanny_model::{Device, Error, Network};
use uncanny_texture::Upscaler as _;

/// Folder, checkpoint, what it is, its enlargement, and how far rounding may carry a float.
const CASES: &[(&str, &str, &str, u32, f64)] = &[
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
