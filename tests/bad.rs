//! Broken and hostile input through the command line: what it says, how it exits, what it leaves alone.

#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]

#[path = "bad/packs.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "other packages use the rest, too"
)]
mod packs;
#[path = "bad/pictures.rs"]
#[allow(unreachable_pub, reason = "other packages use it, too")]
mod pictures;
mod util;

use std::fs;
use std::io::Write as _;

use packs::Outcome;
use util::{Files, Scene, file, names, noise, root, size, unzip, zip};

const META: &[u8] = br#"{"pack":{"pack_format":15,"description":"A test"}}"#;
const STONE: &str = "assets/minecraft/textures/block/stone.png";

#[test]
fn bad_packs_are_refused_or_come_out_without_what_is_bad() {
    let mut seen = 0;
    for bad in packs::zips() {
        let scene = Scene::new();
        scene.write("in/pack.zip", &bad.bytes);
        let run = scene
            .run("convert in/pack.zip -o out.zip --model nearest")
            .prints_nothing();
        eprintln!("{}: {:?}", bad.defect, run.code);
        match bad.outcome {
            Outcome::Refused(says) => {
                run.exits(2).says(says);
                assert_eq!(scene.listing(""), ["in"], "{}: nothing is made", bad.defect);
            }
            Outcome::Warns {
                says,
                kept,
                dropped,
            } => {
                run.exits(0).says(says);
                let after = unzip(&scene.path("out.zip"));
                assert_good(&after);
                for name in kept {
                    assert!(
                        names(&after).contains(name),
                        "{}: {name:?} is missing",
                        bad.defect
                    );
                }
                for name in dropped {
                    assert!(
                        !names(&after).contains(name),
                        "{}: {name:?} came through",
                        bad.defect
                    );
                }
            }
            Outcome::EntryFails {
                lost: true,
                entry,
                says,
            } => {
                run.exits(1).says(says).says(&["1 failed"]);
                let after = unzip(&scene.path("out.zip"));
                assert_good(&after);
                assert!(!names(&after).contains(&entry), "{}", bad.defect);
            }
            Outcome::EntryFails { lost: false, .. } => {
                run.exits(0);
                assert_good_raw(&scene);
            }
        }
        assert_eq!(
            fs::read(scene.path("in/pack.zip")).unwrap(),
            bad.bytes,
            "{}: the input changed",
            bad.defect
        );
        assert_eq!(scene.listing("in"), ["pack.zip"]);
        seen += 1;
    }
    assert_eq!(seen, packs::ZIPS);
}

#[track_caller]
fn assert_good(after: &Files) {
    let (name, bytes) = packs::GOOD;
    assert_eq!(file(after, name), bytes);
}

/// As [`assert_good`], where other entries of the output are still damaged.
#[track_caller]
fn assert_good_raw(scene: &Scene) {
    let bytes = fs::File::open(scene.path("out.zip")).unwrap();
    let mut archive = zip::ZipArchive::new(bytes).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut archive.by_name(packs::GOOD.0).unwrap(), &mut text).unwrap();
    assert_eq!(text.as_bytes(), packs::GOOD.1);
}

/// A PNG of these header fields and this image data, right or wrong.
fn raw_png(
    side: (u32, u32),
    depth: u8,
    colour: u8,
    interlaced: bool,
    extra: &[(&[u8; 4], &[u8])],
    data: &[u8],
) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], data: &[u8]| {
        png.extend((data.len() as u32).to_be_bytes());
        let start = png.len();
        png.extend(kind);
        png.extend(data);
        png.extend(crc32fast::hash(&png[start..]).to_be_bytes());
    };
    let mut header = [side.0.to_be_bytes(), side.1.to_be_bytes()].concat();
    header.extend([depth, colour, 0, 0, u8::from(interlaced)]);
    chunk(b"IHDR", &header);
    for (kind, data) in extra {
        chunk(kind, data);
    }
    let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    deflate.write_all(data).unwrap();
    chunk(b"IDAT", &deflate.finish().unwrap());
    chunk(b"IEND", &[]);
    png
}

/// Rows of bytes that differ, each with its filter byte 0.
fn rows(count: usize, length: usize) -> Vec<u8> {
    (0..count)
        .flat_map(|y| std::iter::once(0).chain((0..length).map(move |x| (x * 37 + y * 101) as u8)))
        .collect()
}

/// PNGs that cannot be enhanced, and a part of what is said about each.
fn bad_pngs() -> Vec<(&'static str, Vec<u8>)> {
    let good = noise(7);
    let mut scribbled = good.clone();
    let middle = scribbled.len() / 2;
    scribbled[middle..middle + 40].fill(0xff);
    vec![
        ("cut_in_the_data", good[..good.len() / 2].to_vec()),
        ("cut_in_the_header", good[..20].to_vec()),
        ("empty", Vec::new()),
        (
            "larger_than_its_data",
            raw_png((16, 16), 8, 2, false, &[], &rows(8, 48)),
        ),
        (
            "no_palette",
            raw_png((16, 16), 8, 3, false, &[], &rows(16, 16)),
        ),
        ("no_png", b"GIF89a, really".to_vec()),
        ("scribbled", scribbled),
        (
            "unknown_colour",
            raw_png((16, 16), 8, 5, false, &[], &rows(16, 48)),
        ),
        ("zero_sized", raw_png((0, 16), 8, 6, false, &[], &[])),
    ]
}

/// PNGs that are unusual and fine.
fn odd_pngs() -> Vec<(&'static str, Vec<u8>)> {
    let palette: Vec<u8> = (0..=255_u8).flat_map(|i| [i, 255 - i, i / 2]).collect();
    // Adam7: the seven passes of a 16x16 picture, three bytes a pixel.
    let passes = [(2, 2), (2, 2), (4, 2), (4, 4), (8, 4), (8, 8), (16, 8)];
    let adam7: Vec<u8> = passes
        .iter()
        .flat_map(|(width, height)| rows(*height, width * 3))
        .collect();
    let mut checksum = noise(9);
    checksum[29] ^= 1;
    vec![
        ("interlaced", raw_png((16, 16), 8, 2, true, &[], &adam7)),
        ("one_bit", raw_png((16, 16), 1, 0, false, &[], &rows(16, 2))),
        (
            "palette",
            raw_png(
                (16, 16),
                8,
                3,
                false,
                &[(b"PLTE", &palette), (b"tRNS", &[0, 0, 0])],
                &rows(16, 16),
            ),
        ),
        (
            "sixteen_bits",
            raw_png((16, 16), 16, 2, false, &[], &rows(16, 96)),
        ),
        ("wrong_checksum", checksum),
    ]
}

#[test]
fn bad_pictures_are_copied_and_told_of_and_the_rest_is_enhanced() {
    let path = |name: &str| format!("assets/minecraft/textures/block/{name}.png");
    let (bad, odd) = (bad_pngs(), odd_pngs());
    assert_eq!((bad.len(), odd.len()), (9, 5));
    let mut before: Files = vec![("pack.mcmeta".into(), META.to_vec())];
    before.extend(
        bad.iter()
            .chain(&odd)
            .map(|(name, bytes)| (path(name), bytes.clone())),
    );
    before.push((STONE.into(), noise(1)));
    // Not in an atlas: there, its size alone would keep the game from loading the pack.
    let absurd = "assets/minecraft/textures/entity/sixty_thousand.png";
    before.push((
        absurd.into(),
        raw_png((60_000, 60_000), 8, 6, false, &[], &rows(1, 64)),
    ));
    let scene = Scene::new();
    scene.write("pack.zip", zip(&before));
    let run = scene.run("convert pack.zip -o out.zip --model lanczos --report report.json");
    let mut said = vec!["9 failed", "enhanced"];
    said.extend(bad.iter().map(|(name, _)| *name));
    run.exits(1).prints_nothing().says(&said);

    let after = unzip(&scene.path("out.zip"));
    assert_eq!(names(&before), names(&after));
    for (name, bytes) in &bad {
        assert_eq!(file(&after, &path(name)), bytes, "{name} changed");
    }
    assert_eq!(file(&after, absurd), file(&before, absurd));
    for (name, _) in &odd {
        assert_eq!(size(file(&after, &path(name))), (128, 128), "{name}");
    }
    assert_eq!(size(file(&after, STONE)), (128, 128));

    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(scene.path("report.json")).unwrap()).unwrap();
    assert_eq!(report["counts"]["failed"], bad.len());
    for (name, _) in &bad {
        let rows = report["rows"].as_array().unwrap();
        let row = rows.iter().find(|row| row["name"] == path(name)).unwrap();
        assert_eq!(row["outcome"], "failed", "{row}");
        assert!(row["why"].as_str().unwrap().len() > 10, "{row}");
    }
}

#[test]
fn bad_checkpoints_are_refused_and_run_nothing() {
    let pack = zip(&[
        ("pack.mcmeta".into(), META.to_vec()),
        (STONE.into(), noise(1)),
    ]);
    let mut seen = 0;
    for entry in fs::read_dir(root().join("tests/bad/checkpoints")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "py") {
            continue;
        }
        let scene = Scene::new();
        scene.write("pack.zip", &pack);
        let path = path.to_str().unwrap();
        let run = scene
            .run_with(&["convert", "pack.zip", "--model", path])
            .prints_nothing();
        eprintln!("{path}: {}", run.stderr);
        run.exits(2).says(&["failed to load the model"]);
        // The marker that a pickle's code would leave is not there, nor is anything else.
        assert_eq!(scene.listing(""), ["pack.zip"], "{path}");
        seen += 1;
    }
    assert_eq!(seen, 73);
}

#[test]
fn checkpoints_of_something_else_are_refused_by_name() {
    let scene = Scene::new();
    scene.write(
        "pack.zip",
        zip(&[
            ("pack.mcmeta".into(), META.to_vec()),
            (STONE.into(), noise(1)),
        ]),
    );
    let fixtures = root().join("tests/fixtures");
    let plain = fixtures.join("checkpoints/plain.safetensors");
    scene
        .run_with(&["convert", "pack.zip", "--model", plain.to_str().unwrap()])
        .exits(2)
        .says(&["plain.safetensors", "conv.weight", "PFSR"]);

    let tiny = fs::read(fixtures.join("pfsr/tiny.safetensors")).unwrap();
    let renamed = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let at = tiny
            .windows(from.len())
            .position(|window| window == from.as_bytes())
            .expect("the key is there");
        let mut bytes = tiny.clone();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    scene.write(
        "missing.safetensors",
        renamed("\"step2.2.bias\"", "\"step2.2.bios\""),
    );
    scene
        .run("convert pack.zip --model missing.safetensors")
        .exits(2)
        .says(&["step2.2.bi"]);
    scene
        .run("convert pack.zip --model .")
        .exits(2)
        .says(&["folder"]);
    assert_eq!(scene.listing(""), ["missing.safetensors", "pack.zip"]);
}

#[test]
#[cfg(unix)]
fn a_folder_that_cannot_be_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::new();
    scene.write("pack/pack.mcmeta", META);
    scene.write(format!("pack/{STONE}"), noise(1));
    let locked = scene.path("pack/assets/minecraft/textures/block");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read_dir(&locked).is_ok() {
        eprintln!("skipped: this user may read everything");
    } else {
        scene
            .run("convert pack -o out.zip --model nearest")
            .exits(2)
            .says(&["textures/block"]);
        assert_eq!(scene.listing(""), ["pack"]);
    }
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_leaves_nothing_half_written() {
    use std::process::Command;
    let scene = Scene::new();
    fs::create_dir(scene.path("small")).unwrap();
    let small = scene.path("small");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=256k", "none"])
        .arg(&small)
        .output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: only root may mount the small disk that this test fills");
        return;
    }
    scene.write("pack.zip", zip(&util::large_pack(60)));
    let run = scene.run("convert pack.zip -o small/out.zip --model lanczos");
    let left = scene.listing("small");
    let unmounted = Command::new("umount").arg(&small).status().unwrap();
    assert!(unmounted.success());
    run.exits(2).prints_nothing().says(&["space"]);
    assert_eq!(left, Vec::<String>::new());
}

/// Pictures that make a decoder panic: ours, and those that were found, where there are any.
#[expect(clippy::print_stderr, reason = "tests say what they skip")]
fn panicking() -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> = pictures::webps()
        .into_iter()
        .map(|bad| (format!("{}.webp", bad.defect), bad.bytes))
        .collect();
    let found = root().join("../shared/repro");
    match fs::read_dir(&found) {
        Ok(files) => all.extend(files.map(|file| file.unwrap().path()).filter_map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.ends_with(".webp")
                .then(|| (name, fs::read(path).unwrap()))
        })),
        Err(error) => eprintln!("skipped: {}: {error}", found.display()),
    }
    all
}

#[test]
fn a_decoder_that_panics_costs_its_picture_alone() {
    let scene = Scene::new();
    let good = noise(1);
    scene.write("in/good.png", &good);
    let panicking = panicking();
    assert!(panicking.len() >= 4);
    for (name, bytes) in &panicking {
        scene.write(format!("in/{name}"), bytes);
    }
    let silent = |run: util::Outcome| {
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
        run
    };
    let failed = format!("{} pictures could not be enhanced", panicking.len());
    let run = silent(scene.run("image in -o out --model lanczos").exits(1));
    let run = run.says(&[
        failed.as_str(),
        "the WebP decoder failed at it",
        "save it again",
    ]);
    for (name, _) in &panicking {
        assert!(
            run.stderr.contains(name.as_str()),
            "{name}:\n{}",
            run.stderr
        );
    }
    assert_eq!(scene.listing("out"), ["good.png"]);

    for (name, _) in &panicking {
        let run = scene.run(&format!("video in/{name} -o moving.gif --model lanczos"));
        silent(run.exits(2).prints_nothing()).says(&[name, "the WebP decoder failed at it"]);
        assert!(!scene.path("moving.gif").exists(), "{name}");
    }
    // This needs the first frame alone.
    scene.write("first.webp", pictures::webp(&[(24, 24), (8, 8)]));
    let run = scene.run("zoom first.webp -o zoom.gif --model lanczos");
    silent(run.exits(2)).says(&["first.webp", "the WebP decoder failed at it"]);
}

#[test]
fn sets_of_pictures_do_without_those_whose_decoder_panics() {
    let scene = Scene::new();
    let good = util::png(32, 32, |x, y| [x as u8 * 8, y as u8 * 8, 9, 255]);
    scene.write("in/good.png", good);
    scene.write("in/bad.webp", pictures::webp(&[(24, 24), (8, 8)]));
    for (command, made) in [
        ("grid in -o grid.png --model lanczos", "grid.png"),
        (
            "dream in -o dreams --tries 2 --iterations 1 --device cpu --model lanczos",
            "dreams",
        ),
        (
            "eval in --model lanczos --size 32 --device cpu --grid eval.png",
            "eval.png",
        ),
    ] {
        let run = scene.run(command);
        assert!(
            !run.stderr.contains("panicked"),
            "{command}:\n{}",
            run.stderr
        );
        run.says(&["bad.webp", "the WebP decoder failed at it"]);
        assert!(scene.path(made).exists(), "{command}");
    }
}
