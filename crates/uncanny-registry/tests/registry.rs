//! What names mean, and what is loaded for them.
#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use uncanny::{Models as _, Options};
use uncanny_model::Error as NetworkError;
use uncanny_registry::{Catalogue, DeviceChoice, Error, ModelRegistry, NamedModel};
use uncanny_texture::{Reach, Scale};

fn catalogue(files: &[&str]) -> (tempfile::TempDir, Catalogue) {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        fs::write(folder.path().join(file), "").unwrap();
    }
    let catalogue = Catalogue::in_folder(folder.path());
    (folder, catalogue)
}

#[test]
fn every_built_in_name_is_found() {
    let (_folder, catalogue) = catalogue(&["faces.pth", "nearest.ckpt"]);
    assert!(Catalogue::built_in().count() >= 3);
    for (name, _) in Catalogue::built_in() {
        let found = catalogue.find(name).unwrap();
        assert!(!matches!(found, NamedModel::File(_)), "{name}");
    }
}

#[test]
fn the_folders_models_are_called_by_their_files() {
    let (folder, catalogue) = catalogue(&[
        "x4.v2.PTH",
        "twice.pth",
        "twice.safetensors",
        "faces.pth",
        "x4.v2.md",
        ".new.pth",
    ]);
    let names: Vec<String> = catalogue
        .files()
        .unwrap()
        .into_iter()
        .map(|file| file.name)
        .collect();
    assert_eq!(names, ["faces", "twice", "twice", "x4.v2"]);
    for name in ["x4.v2", "x4.v2.PTH"] {
        let found = catalogue.find(name).unwrap();
        assert!(
            matches!(found, NamedModel::File(path) if path == folder.path().join("x4.v2.PTH")),
            "{name}"
        );
    }
    let faces = catalogue.find("faces").unwrap();
    assert!(matches!(faces, NamedModel::Shipped(_)));
    let faces = catalogue.find("faces.pth").unwrap();
    assert!(matches!(faces, NamedModel::File(_)));
    let error = catalogue.find("twice").unwrap_err();
    assert!(matches!(error, Error::Ambiguous { files, .. } if files.len() == 2));
    for nothing in ["x4", "v2", "md", "./x4.v2", ".new", ""] {
        assert!(
            matches!(catalogue.find(nothing), Err(Error::Unknown { .. })),
            "{nothing:?}"
        );
    }
    let nowhere = Catalogue::in_folder(&folder.path().join("not there"));
    assert_eq!(nowhere.files().unwrap(), []);
}

#[test]
fn settings_name_models_or_paths_from_where_they_are() {
    let (folder, catalogue) = catalogue(&["mine.pth"]);
    let there = Path::new("settings");
    for name in ["faces", "nearest", "mine", "mine.pth", "no-such-name"] {
        assert_eq!(catalogue.seen_from(there, name), name);
    }
    for path in ["net.pth", "nets/net.pth", "nets/net"] {
        let expected = there.join(path).to_string_lossy().into_owned();
        assert_eq!(catalogue.seen_from(there, path), expected);
    }
    fs::write(folder.path().join("extensionless"), "").unwrap();
    let found = catalogue.seen_from(folder.path(), "extensionless");
    assert_eq!(Path::new(&found), folder.path().join("extensionless"));
}

fn fixture(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join("tests/fixtures").join(name)
}

fn scale_of(models: &mut ModelRegistry, name: &str) -> u32 {
    models.info(name).unwrap().scale.get()
}

#[test]
fn the_classical_models_need_no_device() {
    let mut models = ModelRegistry::new(DeviceChoice::Cuda(99)).with_scale(Scale::new(4).ok());
    for classical in uncanny::Classical::ALL {
        assert_eq!(scale_of(&mut models, classical.name()), 4);
    }
    assert_eq!(models.device(), None);
    let error = models.model("textures").map(drop).unwrap_err();
    assert!(
        matches!(error, Error::Network(NetworkError::NoDevice { .. })),
        "{error}"
    );
}

#[test]
fn names_that_mean_nothing_say_so() {
    let mut models = ModelRegistry::new(DeviceChoice::Cpu);
    let error = models.model("facez").map(drop).unwrap_err();
    let Error::Unknown { name, known } = &error else {
        panic!("{error}");
    };
    assert_eq!(name, "facez");
    assert!(known.iter().any(|(name, _)| name == "faces"));
    let error = models.model(env!("CARGO_MANIFEST_DIR")).map(drop);
    assert!(matches!(error, Err(Error::Folder { .. })));
    // Who has only the trait finds the same behind it.
    let error = models.info("facez").unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::Unknown { .. })));
}

#[test]
fn a_network_of_a_smaller_scale_reaches_the_larger_one_unless_told_otherwise() {
    let path = fixture("compact/4x.pth");
    let four = path.to_str().unwrap();
    let new = || ModelRegistry::new(DeviceChoice::Cpu);
    assert_eq!(scale_of(&mut new(), four), 8);
    assert_eq!(scale_of(&mut new().with_reach(None), four), 4);
    let sixteen = Scale::new(16).unwrap();
    assert_eq!(scale_of(&mut new().with_scale(sixteen), four), 16);
    let mut options = Options::default();
    options.scale = Scale::new(2).ok();
    // It is not reduced: that is the run's to do.
    assert_eq!(scale_of(&mut new().for_options(&options), four), 4);
    let fingerprint = |how| {
        let info = new().with_reach(how).info(four);
        info.unwrap().fingerprint
    };
    assert_ne!(fingerprint(Reach::Again), fingerprint(Reach::Resize));
}

#[test]
fn a_file_of_the_folder_is_a_model_of_its_name() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(
        fixture("compact/4x.pth"),
        folder.path().join("sharp.v2.pth"),
    )
    .unwrap();
    let mut models = ModelRegistry::new(DeviceChoice::Cpu)
        .with_catalogue(Catalogue::in_folder(folder.path()))
        .with_reach(None);
    assert_eq!(scale_of(&mut models, "sharp.v2"), 4);
    // What is loaded stays, whatever becomes of its file.
    fs::remove_file(folder.path().join("sharp.v2.pth")).unwrap();
    assert_eq!(scale_of(&mut models, "sharp.v2"), 4);
    assert!(models.model("sharp.v2.pth").is_err());
}

#[test]
fn workers_and_batches_are_the_networks() {
    let batch = |models: ModelRegistry| {
        let mut models = models;
        models.info("faces").unwrap().batch
    };
    let new = || ModelRegistry::new(DeviceChoice::Cpu);
    let one = batch(new().with_workers(1));
    assert_eq!(batch(new().with_workers(3)), 3 * one);
    assert_eq!(batch(new().with_workers(1).with_batch(2)), 2 * one);
    assert_eq!(batch(new()), one * uncanny_model::threads());
}

#[test]
fn a_search_has_a_model_and_the_judge() {
    let mut models = ModelRegistry::new(DeviceChoice::Cpu);
    let (model, judge) = models.dreamer("lanczos").unwrap();
    assert_eq!((model.name(), judge.name()), ("lanczos", "judge"));
    assert!(models.dreamer("facez").is_err());
}
