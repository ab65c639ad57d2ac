//! `uncanny convert`, from the command line to the bytes of the output.

#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]

mod util;

use std::fs;
#[cfg(target_os = "linux")]
use std::process::Stdio;

use util::{Files, Scene, file, names, noise, png, root, size, small_pack, unzip, zip};

const STONE: &str = "assets/minecraft/textures/block/stone.png";
const FERN: &str = "assets/minecraft/textures/block/fern.png";
const MAGMA: &str = "assets/minecraft/textures/block/magma.png";
const GRASS_COLOURS: &str = "assets/minecraft/textures/colormap/grass.png";

/// Asserts what every conversion owes: the same names in the same order, files that are no textures
/// byte for byte.
#[track_caller]
fn assert_faithful(before: &Files, after: &Files) {
    assert_eq!(names(before), names(after), "names and their order");
    let mut untouched = 0;
    for (name, bytes) in before
        .iter()
        .filter(|(name, _)| !name.ends_with(".png") && !name.ends_with(".mcmeta"))
    {
        assert_eq!(bytes, file(after, name), "{name} changed");
        untouched += 1;
    }
    assert!(untouched >= 4, "only {untouched} files were compared");
}

#[test]
fn a_pack_comes_out_eight_times_as_big_and_otherwise_the_same() {
    let scene = Scene::new();
    let before = small_pack();
    scene.write("pack.zip", zip(&before));
    for model in ["nearest", "lanczos", "faces"] {
        let output = format!("{model}.zip");
        let run = scene.run(&format!("convert pack.zip -o {output} --model {model}"));
        run.exits(0).prints_nothing();
        let after = unzip(&scene.path(&output));
        assert_faithful(&before, &after);
        assert_eq!(size(file(&after, STONE)), (128, 128), "{model}");
        assert_eq!(size(file(&after, FERN)), (128, 128), "{model}");
        assert_eq!(size(file(&after, MAGMA)), (128, 512), "{model}");
        assert_eq!(
            file(&after, GRASS_COLOURS),
            file(&before, GRASS_COLOURS),
            "a colormap is never scaled"
        );
        let sidecar: serde_json::Value =
            serde_json::from_slice(file(&after, &format!("{MAGMA}.mcmeta"))).unwrap();
        assert_eq!(sidecar["animation"]["width"], 128);
        assert_eq!(sidecar["animation"]["height"], 128);
        assert_eq!(sidecar["animation"]["frametime"], 8);
        let fern = image::load_from_memory(file(&after, FERN))
            .unwrap()
            .to_rgba8();
        assert!(
            fern.pixels().all(|pixel| matches!(pixel[3], 0 | 255)),
            "{model}: a cutout stays one"
        );
    }
}

#[test]
fn the_starter_pack_converts() {
    let starter = root().join("packs/starter.zip");
    if !starter.exists() {
        eprintln!("skipped: there is no packs/starter.zip");
        return;
    }
    let scene = Scene::new();
    let run = scene.run_with(&[
        "convert",
        starter.to_str().unwrap(),
        "-o",
        "out.zip",
        "--model",
        "nearest",
    ]);
    run.exits(0).prints_nothing();
    let (before, after) = (unzip(&starter), unzip(&scene.path("out.zip")));
    assert_faithful(&before, &after);
    let grown = before
        .iter()
        .filter(|(name, _)| name.ends_with(".png"))
        .filter(|(name, bytes)| {
            let (width, height) = size(bytes);
            size(file(&after, name)) == (8 * width, 8 * height)
        })
        .count();
    assert!(grown >= 30, "only {grown} textures grew");
}

#[test]
fn a_second_run_takes_everything_from_the_cache() {
    let scene = Scene::new();
    scene.write("pack.zip", zip(&small_pack()));
    let first = scene
        .run("convert pack.zip -o 1.zip --model lanczos --json")
        .exits(0)
        .json();
    let second = scene
        .run("convert pack.zip -o 2.zip --model lanczos --json")
        .exits(0)
        .json();
    assert_eq!(first["cache_hits"], 0);
    assert!(first["cache_misses"].as_u64().unwrap() >= 4);
    assert_eq!(second["cache_hits"], first["cache_misses"]);
    assert_eq!(second["tiles"], 0);
    assert_eq!(
        fs::read(scene.path("1.zip")).unwrap(),
        fs::read(scene.path("2.zip")).unwrap(),
        "the same bytes"
    );
    let third = scene
        .run("convert pack.zip -o 3.zip --model lanczos --no-cache --json")
        .exits(0)
        .json();
    assert_eq!(
        (&third["cache_hits"], &third["cache_misses"]),
        (&0.into(), &0.into())
    );
    assert_eq!(
        fs::read(scene.path("1.zip")).unwrap(),
        fs::read(scene.path("3.zip")).unwrap(),
        "the same bytes"
    );
    scene.run("cache clear").exits(0);
    let fourth = scene
        .run("convert pack.zip -o 4.zip --model lanczos --json")
        .exits(0)
        .json();
    assert_eq!(fourth["cache_hits"], 0);
}

#[test]
fn an_output_that_exists_is_only_replaced_by_force() {
    let scene = Scene::new();
    scene.write("pack.zip", zip(&small_pack()));
    scene.write("out.zip", "something dear");
    scene
        .run("convert pack.zip -o out.zip --model nearest")
        .exits(2)
        .says(&["out.zip exists", "--force"]);
    assert_eq!(fs::read(scene.path("out.zip")).unwrap(), b"something dear");
    scene
        .run("convert pack.zip -o out.zip --model nearest --force")
        .exits(0);
    assert_faithful(&small_pack(), &unzip(&scene.path("out.zip")));
}

#[test]
fn an_input_is_never_changed() {
    let scene = Scene::new();
    let bytes = zip(&small_pack());
    scene.write("pack.zip", &bytes);
    scene.write("folder/pack.zip", &bytes);
    for arguments in [
        "convert pack.zip -o pack.zip --model nearest --force",
        "convert pack.zip -o ./folder/../pack.zip --model nearest --force",
        "convert folder/pack.zip -o folder --model nearest --force",
        "convert pack.zip folder/pack.zip -o pack.zip --model nearest --force",
        "convert pack.zip -o out.zip --model nearest --report ./pack.zip",
        "convert pack.zip folder/pack.zip -o out/ --model nearest --grid folder/pack.zip",
    ] {
        scene.run(arguments).exits(2).prints_nothing();
        assert_eq!(
            fs::read(scene.path("pack.zip")).unwrap(),
            bytes,
            "{arguments}"
        );
        assert_eq!(
            fs::read(scene.path("folder/pack.zip")).unwrap(),
            bytes,
            "{arguments}"
        );
    }
}

#[test]
fn the_default_name_lies_beside_the_input_and_says_the_resolution() {
    let scene = Scene::new();
    scene.write("packs/Mine.zip", zip(&small_pack()));
    scene.run("convert packs/Mine.zip --model nearest").exits(0);
    scene
        .run("convert packs/Mine.zip --model nearest --scale 2")
        .exits(0);
    assert_eq!(
        scene.listing("packs"),
        ["Mine-128x.zip", "Mine-32x.zip", "Mine.zip"]
    );
    assert_eq!(
        size(file(&unzip(&scene.path("packs/Mine-32x.zip")), STONE)),
        (32, 32)
    );
}

#[test]
fn folders_go_in_and_come_out() {
    let scene = Scene::new();
    for (name, bytes) in small_pack().iter().filter(|(name, _)| !name.ends_with('/')) {
        scene.write(format!("pack/{name}"), bytes);
    }
    scene.run("convert pack --model nearest").exits(0);
    scene
        .run("convert pack/ -o packed.zip --model nearest")
        .exits(0);
    let texture = fs::read(scene.path("pack-128x").join(STONE)).unwrap();
    assert_eq!(size(&texture), (128, 128));
    assert_eq!(file(&unzip(&scene.path("packed.zip")), STONE), texture);
    assert_eq!(
        fs::read(scene.path("pack-128x/LICENSE.txt")).unwrap(),
        b"Made for a test; CC0.\n"
    );
}

#[test]
fn an_output_that_stands_is_not_denied() {
    let scene = Scene::new();
    scene.write("pack.zip", zip(&small_pack()));
    scene.write("taken/mine.txt", "mine");
    for option in ["--report", "--grid", "--html"] {
        let run = format!("convert pack.zip -o out.zip --model nearest --force {option} taken");
        scene.run(&run).exits(1).says(&["taken", "other files"]);
        assert_eq!(unzip(&scene.path("out.zip")).len(), small_pack().len());
        fs::remove_file(scene.path("out.zip")).unwrap();
        assert_eq!(scene.listing("taken"), ["mine.txt"], "{option}");
        assert_eq!(scene.listing(""), ["pack.zip", "taken"], "{option}");
    }
    // One that cannot be drawn keeps no other from being drawn.
    scene
        .run("convert pack.zip -o out.zip --model nearest --force --grid taken --html look.html")
        .exits(1);
    assert!(scene.path("look.html").is_file());
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_standard_output_is_no_failed_conversion() {
    let scene = Scene::new();
    scene.write("pack.zip", zip(&small_pack()));
    let files = small_pack().into_iter();
    for (name, bytes) in files.filter(|(name, _)| !name.ends_with('/')) {
        scene.write(format!("pack/{name}"), bytes);
    }
    scene.write("a.png", noise(1));
    scene.write(
        "large.png",
        png(128, 128, |x, y| [x as u8, y as u8, 0, 255]),
    );
    for (run, made) in [
        (
            "convert pack.zip -o out.zip --model nearest --json",
            "out.zip",
        ),
        (
            "image a.png -o b.png --model nearest --tiles --json",
            "b.png",
        ),
        (
            "sheet a.png --cell 8x8 -o sheet --model nearest --json",
            "sheet/a.png",
        ),
        (
            "zoom a.png -o a.gif --model nearest --seconds 1 --json",
            "a.gif",
        ),
        ("video a.gif -o b.gif --model nearest --json", "b.gif"),
        (
            "watch pack -o kept --once --model nearest --json",
            "kept/pack.mcmeta",
        ),
        (
            "dream a.png -o dreams --tries 1 --iterations 1 --json",
            "dreams/report.html",
        ),
    ] {
        status_and_words(&scene, run, 1);
        assert!(scene.path(made).is_file(), "{run}");
    }
    // Where nothing but that was asked for, nothing was made.
    for run in [
        "plan pack.zip",
        "judge a.png",
        "eval large.png --model nearest --json",
    ] {
        status_and_words(&scene, run, 2);
    }
}

/// Runs with a standard output that takes nothing, and which is told in plain text.
#[cfg(target_os = "linux")]
fn status_and_words(scene: &Scene, run: &str, status: i32) {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = scene.command();
    command.args(run.split(' ')).stdout(full);
    let outcome = command.stderr(Stdio::piped()).output().unwrap();
    let told = String::from_utf8(outcome.stderr).unwrap();
    assert_eq!(outcome.status.code(), Some(status), "{run}: {told}");
    assert!(told.contains("No space left on device"), "{run}: {told}");
    assert!(!told.contains('\u{1b}'), "{run}: {told}");
}

#[test]
fn several_packs_go_into_one_folder() {
    let scene = Scene::new();
    scene.write("a.zip", zip(&small_pack()));
    scene.write("b.zip", zip(&small_pack()));
    scene.write("other/a.zip", zip(&small_pack()));
    scene
        .run("convert a.zip b.zip -o both.zip --model nearest")
        .exits(2)
        .says(&["several packs", "name a folder"]);
    let json = scene
        .run("convert a.zip b.zip -o both --model nearest --json")
        .exits(0)
        .json();
    assert_eq!(json.as_array().map(Vec::len), Some(2));
    assert_eq!(scene.listing("both"), ["a-128x.zip", "b-128x.zip"]);
    // One that cannot be read does not keep the other from being made; the status tells.
    scene.write("broken.zip", "no zip");
    scene
        .run("convert broken.zip a.zip -o more/ --model nearest")
        .exits(1)
        .says(&["broken.zip"]);
    assert_eq!(scene.listing("more"), ["a-128x.zip"]);
    scene
        .run("convert broken.zip missing.zip -o none/ --model nearest")
        .exits(2)
        .says(&["broken.zip", "missing.zip"]);
    assert_eq!(scene.listing("none"), [""; 0]);
    scene
        .run("convert a.zip other/a.zip -o twice/ --model nearest")
        .exits(1)
        .says(&["written twice"]);
    assert_eq!(scene.listing("twice"), ["a-128x.zip"]);
}

#[test]
fn the_report_tells_of_every_texture() {
    let scene = Scene::new();
    scene.write("pack.zip", zip(&small_pack()));
    let run = scene
        .run("convert pack.zip -o out.zip --model lanczos --report report.json --skip **/dirt.png");
    run.exits(0).prints_nothing().says(&[
        "out.zip",
        "enhanced",
        "8x by lanczos on cpu",
        "skipped",
        "seconds",
    ]);
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(scene.path("report.json")).unwrap()).unwrap();
    assert_eq!(report["scale"], 8);
    assert_eq!(report["models"][0]["name"], "lanczos");
    assert_eq!(report["output"], "out.zip");
    let counts = report["counts"].as_object().unwrap();
    assert_eq!(counts["skipped"], 1);
    assert_eq!(counts["failed"], 0);
    assert_eq!(counts["rewritten"], 1);
    let rows = report["rows"].as_array().unwrap();
    // Six textures and a sidecar, in the order of the pack.
    let order: Vec<&str> = rows
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    let pack = small_pack();
    let expected: Vec<&str> = names(&pack)
        .into_iter()
        .filter(|name| name.contains(".png"))
        .collect();
    assert_eq!(order, expected);
    for row in rows {
        assert!(
            row["outcome"].is_string() && !row["why"].as_str().unwrap().is_empty(),
            "{row}"
        );
    }
    for stage in [
        "plan", "decode", "network", "pixels", "encode", "zip", "total",
    ] {
        assert!(report["seconds"][stage].as_f64().unwrap() >= 0.0, "{stage}");
    }
}

#[test]
fn rules_choose_models_by_glob() {
    let scene = Scene::new();
    scene.write("pack.zip", zip(&small_pack()));
    scene.write(
        "uncanny.toml",
        "model = 'lanczos'\n[[rule]]\nmatch = '**/stone.png'\nmodel = 'nearest'\n",
    );
    let json = scene
        .run("convert pack.zip -o out.zip --json")
        .exits(0)
        .json();
    let outcome = |name: &str| {
        let rows = json["rows"].as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).unwrap()["outcome"].clone()
    };
    assert_eq!(outcome(STONE), "nearest");
    assert_eq!(outcome(FERN), "enhanced");
    assert_eq!(json["models"].as_array().unwrap().len(), 1);
}

#[test]
fn a_contact_sheet_shows_before_and_after() {
    let scene = Scene::new();
    scene.write("pack.zip", zip(&small_pack()));
    scene
        .run("convert pack.zip -o out.zip --model lanczos --grid look.png")
        .exits(0);
    let (width, height) = size(&fs::read(scene.path("look.png")).unwrap());
    assert!(width >= 256 && height >= 128, "{width}x{height}");

    // A long animation comes out longer than what is read of strangers; the others are still drawn.
    let mut long = small_pack();
    let path = "assets/minecraft/textures/block/long.png";
    let strip = util::png(16, 16 * 150, |x, y| {
        [(x * 9) as u8, (y % 251) as u8, 7, 255]
    });
    long.push((path.into(), strip));
    long.push((format!("{path}.mcmeta"), b"{\"animation\": {}}".to_vec()));
    scene.write("long.zip", zip(&long));
    scene
        .run("convert long.zip -o long-out.zip --model lanczos --grid look.png --force")
        .exits(0);
    let after = unzip(&scene.path("long-out.zip"));
    assert_eq!(size(file(&after, path)), (128, 128 * 150));
}

#[test]
fn a_checkpoint_is_a_model() {
    let scene = Scene::new();
    scene.write(
        "pack.zip",
        zip(&[small_pack()[0].clone(), (STONE.into(), noise(1))]),
    );
    let checkpoint = root().join("tests/fixtures/pfsr/tiny.ckpt");
    let checkpoint = checkpoint.to_str().unwrap();
    scene
        .run_with(&[
            "convert", "pack.zip", "-o", "out.zip", "--model", checkpoint,
        ])
        .exits(0);
    assert_eq!(
        size(file(&unzip(&scene.path("out.zip")), STONE)),
        (128, 128)
    );
}

/// Networks of 4x, 2x and 1x, and a TorchScript program, all make packs of 8x; asked for their own scale, of that.
#[test]
fn checkpoints_of_smaller_scales_reach_eight() {
    let scene = Scene::new();
    scene.write(
        "pack.zip",
        zip(&[small_pack()[0].clone(), (STONE.into(), noise(1))]),
    );
    let fixtures = root().join("tests/fixtures");
    let convert = |model: &str, output: &str, more: &str| {
        let model = fixtures.join(model);
        let mut arguments = vec!["convert", "pack.zip", "-o", output, "--model"];
        arguments.push(model.to_str().unwrap());
        arguments.extend(more.split_whitespace());
        scene.run_with(&arguments).exits(0);
        let stone = file(&unzip(&scene.path(output)), STONE).to_vec();
        (size(&stone), stone)
    };
    for (i, model) in [
        "compact/4x.pth",
        "rrdb/2x-trunk.pth",
        "compact/1x.pth",
        "torchscript/2x.pt",
    ]
    .into_iter()
    .enumerate()
    {
        let (size, _) = convert(model, &format!("{i}.zip"), "");
        assert_eq!(size, (128, 128), "{model}");
    }
    let (own, _) = convert("compact/4x.pth", "own.zip", "--scale 4");
    assert_eq!(own, (64, 64));
    // The second comes from the network, not from the first one's cache.
    let (_, resized) = convert("compact/4x.pth", "resize.zip", "--reach resize");
    let (size, again) = convert("compact/4x.pth", "again.zip", "--reach again");
    assert_eq!(size, (128, 128));
    assert!(resized != again, "both ways to 8x give the same picture");
}

#[test]
fn standard_error_is_plain_where_there_is_no_terminal() {
    let scene = Scene::new();
    scene.write("pack.zip", zip(&small_pack()));
    for arguments in [
        "convert pack.zip -o out.zip --model nearest",
        "convert missing.zip",
        "convert pack.zip -o out.zip",
    ] {
        let run = scene.run(arguments).prints_nothing();
        assert!(!run.stderr.is_empty());
        assert!(!run.stderr.contains(['\u{1b}', '\r']), "{:?}", run.stderr);
    }
    let quiet = scene
        .run("convert pack.zip -o quiet.zip --model nearest -q")
        .exits(0)
        .prints_nothing();
    assert_eq!(quiet.stderr, "");
}
