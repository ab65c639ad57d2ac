//! Whole conversions of small packs, without a network.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    reason = "tests say what they skip and may panic; their helpers are shared"
)]

mod common;

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use common::*;
use uncanny::{Action, Baselines, Cache, Error, Event, Outcome, Stage};
use uncanny_texture::RgbaImage;

static GO_ON: AtomicBool = AtomicBool::new(false);

#[test]
fn a_zip_keeps_its_order_names_and_everything_that_is_no_texture() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.zip"), folder.path().join("out.zip"));
    let before = small();
    write_zip(&input, &before);
    let report = convert(&input, &output, "", 8);
    let after = read_zip(&output);
    assert_eq!(report.exit_code(), 0, "{report:#?}");

    let names = |files: &Files| {
        files
            .iter()
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&before), names(&after));
    let mut scaled = Vec::new();
    for ((name, old), (_, new)) in before.iter().zip(&after) {
        if old == new {
            continue;
        }
        scaled.push(name.rsplit('/').next().unwrap());
        if name.ends_with(".png") {
            let (old, new) = (image(old), image(new));
            assert_eq!(
                (old.width() * 8, old.height() * 8),
                new.dimensions(),
                "{name}"
            );
        } else {
            let text = String::from_utf8(new.clone()).unwrap();
            assert_eq!(
                text,
                r#"{ "animation": {"frametime": 2, "width": 128, "height": 128} }"#
            );
        }
    }
    assert_eq!(
        scaled,
        [
            "fire_0.png.mcmeta",
            "dirt.png",
            "fire_0.png",
            "grey.png",
            "apple.png"
        ]
    );
    assert_eq!(report.counts.enhanced, 4);
    assert_eq!(report.counts.rewritten, 1);
    assert_eq!(row(&report, "plain.png"), (Outcome::Copied, "one colour"));
    assert_eq!(report.counts.other_files + report.rows.len(), before.len());

    let find = |name: &str| {
        image(
            &after
                .iter()
                .find(|(found, _)| found.ends_with(name))
                .unwrap()
                .1,
        )
    };
    assert!(
        find("grey.png")
            .pixels()
            .all(|pixel| pixel.0[0] == pixel.0[1] && pixel.0[1] == pixel.0[2])
    );
    assert!(
        find("apple.png")
            .pixels()
            .all(|pixel| pixel.0[3] == 0 || pixel.0[3] == 255)
    );
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["counts"]["enhanced"], 4);
    assert_eq!(json["rows"].as_array().unwrap().len(), report.rows.len());
}

#[test]
fn folders_wrapping_folders_and_zips_give_the_same_textures() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_zip(&at("in.zip"), &small());
    write_folder(&at("in"), &small());
    let wrapped: Files = small()
        .into_iter()
        .map(|(name, bytes)| (format!("My Pack/{name}"), bytes))
        .collect();
    write_zip(&at("wrapped.zip"), &wrapped);
    for (input, output) in [
        ("in.zip", "a.zip"),
        ("in", "b"),
        ("in", "c.zip"),
        ("in.zip", "d"),
        ("wrapped.zip", "e.zip"),
    ] {
        let report = convert(&at(input), &at(output), "", 4);
        assert_eq!(
            (report.exit_code(), report.counts.enhanced),
            (0, 4),
            "{input}"
        );
    }
    let mut expected = read_zip(&at("a.zip"));
    assert_eq!(read_zip(&at("e.zip")), expected);
    expected.sort();
    assert_eq!(
        read_zip(&at("c.zip"))
            .into_iter()
            .collect::<std::collections::BTreeMap<_, _>>()
            .into_iter()
            .collect::<Vec<_>>(),
        expected
    );
    for name in ["b", "d"] {
        assert_eq!(
            read_folder(&at(name)).into_iter().collect::<Vec<_>>(),
            expected,
            "{name}"
        );
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.zip");
    write_zip(&input, &small());
    let convert = |name: &str| {
        convert(
            &input,
            &folder.path().join(name),
            "fidelity = 0.5\niterations = 2",
            8,
        );
        fs::read(folder.path().join(name)).unwrap()
    };
    assert_eq!(convert("a.zip"), convert("b.zip"));
}

#[test]
fn a_smaller_scale_than_the_models_own() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.zip");
    write_zip(&input, &small());
    for factor in [2, 4] {
        let output = folder.path().join(format!("{factor}.zip"));
        let report = convert(&input, &output, &format!("scale = {factor}"), 8);
        assert_eq!(report.exit_code(), 0);
        let after = read_zip(&output);
        let (_, dirt) = after
            .iter()
            .find(|(name, _)| name.ends_with("dirt.png"))
            .unwrap();
        assert_eq!(image(dirt).dimensions(), (16 * factor, 16 * factor));
        let (_, sidecar) = after
            .iter()
            .find(|(name, _)| name.ends_with(".png.mcmeta"))
            .unwrap();
        assert!(String::from_utf8_lossy(sidecar).contains(&format!("\"width\": {}", 16 * factor)));
    }
    let error = uncanny::convert(
        &input,
        &folder.path().join("no.zip"),
        &options("scale = 16"),
        &mut Baselines::new(scale(8)),
        None,
    );
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("ask for --scale 8 or less")
    );
}

#[test]
fn broken_textures_are_copied_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.zip"), folder.path().join("out.zip"));
    let mut files = small();
    let whole = png(77, 16, 16);
    files.insert(
        4,
        file(format!("{BLOCKS}/cut.png"), &whole[..whole.len() / 2]),
    );
    files.insert(5, file(format!("{BLOCKS}/text.png"), "not a picture"));
    files.insert(
        6,
        file(
            format!("{BLOCKS}/cut.png.mcmeta"),
            r#"{"animation":{"width":16,"height":16}}"#,
        ),
    );
    files.push(file(format!("{BLOCKS}/last.png"), png(5, 16, 16)));
    write_zip(&input, &files);
    let report = convert(&input, &output, "", 8);
    assert_eq!(report.exit_code(), 1);
    assert_eq!((report.counts.failed, report.counts.enhanced), (2, 5));
    let (outcome, why) = row(&report, "/cut.png");
    assert_eq!(outcome, Outcome::Failed);
    assert!(why.contains("cut short"), "{why}");
    assert!(
        report
            .warnings
            .iter()
            .any(|warning| warning.contains("text.png") && warning.contains("not a PNG"))
    );
    let after = read_zip(&output);
    for at in [4, 5, 6] {
        assert_eq!(after[at], files[at]);
    }
}

#[test]
fn a_texture_that_fails_on_the_device_keeps_its_sidecar_and_its_group() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.zip"), folder.path().join("out.zip"));
    let mut files = small();
    let fire = files
        .iter()
        .position(|(name, _)| name.ends_with("fire_0.png"))
        .unwrap();
    files[fire].1 = with_magenta(picture(3, 16, 64));
    // The same path in an overlay must stay as large as the one that fails.
    files[0].1 = br#"{"pack": {"pack_format": 34, "description": ""}, "overlays": {"entries": [{"formats": [34, 99], "directory": "over"}]}}"#.to_vec();
    files.push(file(format!("over/{BLOCKS}/fire_0.png"), png(30, 16, 64)));
    files.push(file(
        format!("over/{BLOCKS}/fire_0.png.mcmeta"),
        r#"{"animation":{"height":16}}"#,
    ));
    write_zip(&input, &files);
    let job = Job {
        input: &input,
        output: &output,
        options: options(""),
        cache: None,
        cancel: &GO_ON,
        events: &|_| {},
    };
    let mut models = Fussy::new(8);
    models.model.batch = 1;
    let report = job.run(&mut models).unwrap();
    assert_eq!(report.exit_code(), 1);
    assert_eq!(report.counts.failed, 1, "{:#?}", report.rows);
    let failed = report
        .rows
        .iter()
        .find(|row| row.outcome == Outcome::Failed)
        .unwrap();
    assert_eq!(failed.name, format!("{BLOCKS}/fire_0.png"));
    assert!(failed.why.contains("dislikes magenta"));
    let (held, why) = row(&report, &format!("over/{BLOCKS}/fire_0.png"));
    assert_eq!(held, Outcome::Copied);
    assert!(why.contains("which failed"), "{why}");
    for (old, new) in files.iter().zip(read_zip(&output)) {
        if old.0.contains("fire_0") {
            assert_eq!(*old, new);
        }
    }
    assert_eq!(report.counts.enhanced, 3);
}

#[test]
fn a_dead_device_leaves_every_texture_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.zip"), folder.path().join("out.zip"));
    write_zip(&input, &small());
    let mut models = Fussy::new(8);
    models.model.dead = true;
    let job = Job {
        input: &input,
        output: &output,
        options: options(""),
        cache: None,
        cancel: &GO_ON,
        events: &|_| {},
    };
    let report = job.run(&mut models).unwrap();
    assert_eq!(
        (
            report.exit_code(),
            report.counts.failed,
            report.counts.enhanced
        ),
        (1, 4, 0)
    );
    assert_eq!(read_zip(&output), small());
}

#[test]
fn the_cache_makes_the_second_run_free_and_notices_changes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let cache = Cache::new(&at("cache"), 1 << 30);
    let mut files = vec![meta()];
    files.extend((0..20).map(|n| file(format!("{BLOCKS}/b{n:02}.png"), png(n, 16, 16))));
    write_zip(&at("in.zip"), &files);
    let run = |input: &str, output: &str, toml: &str, models: &mut Fussy| {
        let (input, output) = (at(input), at(output));
        let job = Job {
            input: &input,
            output: &output,
            options: options(toml),
            cache: Some(&cache),
            cancel: &GO_ON,
            events: &|_| {},
        };
        job.run(models).unwrap()
    };
    let mut models = Fussy::new(8);
    let first = run("in.zip", "a.zip", "", &mut models);
    assert_eq!(
        (first.cache_hits, first.cache_misses, first.counts.enhanced),
        (0, 20, 20)
    );
    assert!(models.model.tiles > 0);

    models.model.tiles = 0;
    let second = run("in.zip", "b.zip", "", &mut models);
    assert_eq!(
        (second.cache_hits, second.cache_misses, models.model.tiles),
        (20, 0, 0)
    );
    assert!(second.rows.iter().all(|row| row.cached));
    assert_eq!(
        fs::read(at("a.zip")).unwrap(),
        fs::read(at("b.zip")).unwrap()
    );

    for n in [3, 7, 19] {
        files[1 + n].1 = png(100 + n as u32, 16, 16);
    }
    write_zip(&at("changed.zip"), &files);
    let third = run("changed.zip", "c.zip", "", &mut models);
    assert_eq!((third.cache_hits, third.cache_misses), (17, 3));

    let other_options = run("in.zip", "d.zip", "fidelity = 0.5", &mut models);
    assert_eq!(other_options.cache_misses, 20);
    let other_model = run("in.zip", "e.zip", "scale = 4", &mut Fussy::new(4));
    assert_eq!(other_model.cache_misses, 20);

    // A damaged file is made anew.
    let some = walk_first_file(cache.folder());
    let mut bytes = fs::read(&some).unwrap();
    bytes[50] ^= 255;
    fs::write(&some, bytes).unwrap();
    let misses: u64 = [
        ("in.zip", ""),
        ("changed.zip", ""),
        ("in.zip", "fidelity = 0.5"),
    ]
    .iter()
    .enumerate()
    .map(|(n, (input, toml))| run(input, &format!("f{n}.zip"), toml, &mut models).cache_misses)
    .sum::<u64>()
        + run("in.zip", "g.zip", "scale = 4", &mut Fussy::new(4)).cache_misses;
    assert_eq!(misses, 1);
    assert_eq!(
        fs::read(at("a.zip")).unwrap(),
        fs::read(at("f0.zip")).unwrap()
    );
}

fn walk_first_file(folder: &std::path::Path) -> std::path::PathBuf {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    let first = entries.remove(0);
    if first.is_dir() {
        walk_first_file(&first)
    } else {
        first
    }
}

#[test]
fn an_unwritable_cache_warns_once() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.zip"), folder.path().join("out.zip"));
    write_zip(&input, &small());
    let in_the_way = folder.path().join("file");
    fs::write(&in_the_way, "").unwrap();
    let cache = Cache::new(&in_the_way, 1 << 20);
    let warnings = Mutex::new(Vec::new());
    let job = Job {
        input: &input,
        output: &output,
        options: options(""),
        cache: Some(&cache),
        cancel: &GO_ON,
        events: &|event| {
            if let Event::Warning(warning) = event {
                warnings.lock().unwrap().push(warning);
            }
        },
    };
    let report = job.run(&mut Fussy::new(8)).unwrap();
    assert_eq!(report.exit_code(), 0);
    assert_eq!(warnings.into_inner().unwrap().len(), 1);
    assert_eq!(
        report
            .warnings
            .iter()
            .filter(|warning| warning.contains("cache"))
            .count(),
        1
    );
}

#[test]
fn identical_tiles_go_through_the_model_once_and_batches_are_full() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.zip"), folder.path().join("out.zip"));
    let mut files = vec![meta()];
    // Fifty textures, ten pictures; animation frames repeat too.
    files.extend((0..50).map(|n| file(format!("{BLOCKS}/b{n:02}.png"), png(n % 10, 16, 16))));
    write_zip(&input, &files);
    let mut models = Fussy::new(8);
    let job = Job {
        input: &input,
        output: &output,
        options: options(""),
        cache: None,
        cancel: &GO_ON,
        events: &|_| {},
    };
    let report = job.run(&mut models).unwrap();
    assert_eq!(
        (report.tiles, report.unique_tiles, models.model.tiles),
        (50, 10, 10)
    );
    assert_eq!(models.model.batches, [8, 2]);
    assert_eq!(models.model.thread, Some(std::thread::current().id()));
    let after = read_zip(&output);
    assert_eq!(after[1].1, after[11].1);
    assert_ne!(after[1].1, after[2].1);
}

#[test]
fn a_cancelled_run_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.zip");
    write_zip(&input, &small());
    let stages: [fn(&Event) -> bool; 4] = [
        |event| {
            matches!(
                event,
                Event::Stage {
                    stage: Stage::Enhance,
                    ..
                }
            )
        },
        |event| matches!(event, Event::Tiles { .. }),
        |event| {
            matches!(
                event,
                Event::Stage {
                    stage: Stage::Write,
                    ..
                }
            )
        },
        |event| matches!(event, Event::Written { done: 3, .. }),
    ];
    for moment in stages {
        for target in ["out.zip", "out"] {
            let cancel = AtomicBool::new(false);
            let output = folder.path().join(target);
            let job = Job {
                input: &input,
                output: &output,
                options: options(""),
                cache: None,
                cancel: &cancel,
                events: &|event| {
                    if moment(&event) {
                        cancel.store(true, Ordering::Relaxed);
                    }
                },
            };
            assert!(matches!(
                job.run(&mut Fussy::new(8)),
                Err(Error::Interrupted)
            ));
            let left: Vec<_> = fs::read_dir(folder.path())
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            assert_eq!(left, ["in.zip"]);
        }
    }
}

#[test]
fn an_output_that_exists_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.zip"), folder.path().join("out.zip"));
    write_zip(&input, &small());
    fs::write(&output, "precious").unwrap();
    for target in [&output, &input] {
        let job = Job {
            input: &input,
            output: target,
            options: options(""),
            cache: None,
            cancel: &GO_ON,
            events: &|_| {},
        };
        assert!(matches!(
            job.run(&mut Fussy::new(8)),
            Err(Error::Pack { .. })
        ));
    }
    assert_eq!(fs::read(&output).unwrap(), b"precious");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn only_skip_rules_and_max_size() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.zip");
    let mut files = small();
    files.push(file(format!("{BLOCKS}/large.png"), png(9, 32, 32)));
    write_zip(&input, &files);
    let action = |toml: &str, name: &str| {
        let plan = plan(&input, toml, 8);
        let row = plan
            .rows
            .iter()
            .find(|row| row.name.ends_with(name))
            .unwrap();
        (row.action, row.why.clone(), row.model.clone(), row.edges)
    };
    assert_eq!(action("", "dirt.png").0, Action::Enhance);
    assert_eq!(
        action("only = ['textures/item/**']", "dirt.png").0,
        Action::Skip
    );
    assert_eq!(
        action("only = ['textures/item/**']", "apple.png").0,
        Action::Enhance
    );
    assert_eq!(action("skip = ['**/dirt.png']", "dirt.png").0, Action::Skip);
    assert_eq!(action("max-size = 200", "large.png").0, Action::Copy);
    assert!(
        action("max-size = 200", "large.png")
            .1
            .contains("--max-size 200")
    );
    assert_eq!(
        action("max-size = 200", "fire_0.png").0,
        Action::Enhance,
        "a frame is 128 pixels"
    );
    let (what, why, ..) = action("max-size = 128", "fire_0.png");
    assert_eq!(what, Action::Copy, "four such frames are too many");
    assert!(
        why.contains("in all") && why.contains("--max-size 128"),
        "{why}"
    );
    let warnings = plan(&input, "skip = ['block/**', '**/dirt.png']", 8).warnings;
    assert!(
        warnings.len() == 1 && warnings[0].contains("--skip block/** matches no texture"),
        "{warnings:?}"
    );
    assert_eq!(action("model = 'nearest'", "dirt.png").0, Action::Nearest);
    let rule = |settings: &str| format!("[[rule]]\nmatch = 'textures/block/d*'\n{settings}");
    assert_eq!(
        action(&rule("model = 'nearest'"), "dirt.png").0,
        Action::Nearest
    );
    assert_eq!(action(&rule("action = 'copy'"), "dirt.png").0, Action::Copy);
    assert_eq!(
        action(&rule("edges = 'transparent'"), "dirt.png").3,
        Some("transparent")
    );
    assert_eq!(
        action(&rule("model = 'nearest'"), "apple.png").0,
        Action::Enhance
    );
    assert_eq!(
        action(
            "[[rule]]\nmatch = 'pack.png'\naction = 'enhance'",
            "pack.png"
        )
        .0,
        Action::Enhance
    );

    // The sidecar of a skipped animation stays.
    let output = folder.path().join("out.zip");
    let report = convert(&input, &output, "skip = ['**/fire_0.png']", 8);
    assert_eq!(outcome(&report, "fire_0.png"), Outcome::Skipped);
    let after = read_zip(&output);
    assert!(
        files
            .iter()
            .zip(&after)
            .filter(|(old, _)| old.0.contains("fire"))
            .all(|(old, new)| old == new)
    );
    // An unknown model is an error before any work.
    let unknown = uncanny::convert(
        &input,
        &folder.path().join("no.zip"),
        &options("[[rule]]\nmatch = '**'\nmodel = 'lanzcos'"),
        &mut Baselines::new(scale(8)),
        None,
    );
    assert!(matches!(unknown, Err(Error::Model { name, .. }) if name == "lanzcos"));
}

#[test]
fn plain_nearest_needs_no_model() {
    struct None;
    impl uncanny::Models for None {
        fn resolve(
            &mut self,
            name: &str,
        ) -> Result<&mut dyn uncanny_texture::Upscaler, uncanny::ModelError> {
            panic!("asked for {name}")
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.zip"), folder.path().join("out.zip"));
    write_zip(&input, &small());
    let report = uncanny::convert(
        &input,
        &output,
        &options("model = 'nearest'"),
        &mut None,
        Option::None,
    )
    .unwrap();
    assert_eq!((report.counts.nearest, report.counts.enhanced), (4, 0));
    let old = picture(2, 16, 16);
    let after = read_zip(&output);
    let new = image(
        &after
            .iter()
            .find(|(name, _)| name.ends_with("dirt.png"))
            .unwrap()
            .1,
    );
    assert_eq!(
        new,
        RgbaImage::from_fn(128, 128, |x, y| *old.get_pixel(x / 8, y / 8))
    );
}

#[test]
fn a_plan_warns_of_large_atlases_and_refuses_hopeless_ones() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.zip");
    let mut files = vec![meta()];
    files.extend((0..200).map(|n| file(format!("{BLOCKS}/b{n}.png"), png(n, 64, 64))));
    write_zip(&input, &files);
    let warned = plan(&input, "", 8);
    assert_eq!(warned.refusal, None);
    assert!(
        warned
            .warnings
            .iter()
            .any(|warning| warning.contains("52 million pixels")),
        "{:?}",
        warned.warnings
    );
    files.extend((200..800).map(|n| file(format!("{BLOCKS}/b{n}.png"), png(n, 64, 64))));
    write_zip(&input, &files);
    let refused = plan(&input, "", 8);
    let why = refused.refusal.clone().unwrap();
    assert!(
        why.contains("210 million pixels") && why.contains("--scale 4 fits"),
        "{why}"
    );
    let asked_for = plan(&input, "scale = 8", 8);
    assert_eq!(asked_for.refusal, None);
    assert!(
        asked_for
            .warnings
            .iter()
            .any(|warning| warning.contains("210 million pixels")),
        "{:?}",
        asked_for.warnings
    );
    let output = folder.path().join("out.zip");
    let error = uncanny::convert(
        &input,
        &output,
        &options(""),
        &mut Baselines::new(scale(8)),
        None,
    )
    .unwrap_err();
    assert!(matches!(error, Error::AtlasTooBig(_)));
    assert!(!output.exists());
    assert_eq!(plan(&input, "scale = 4", 8).refusal, None);
}

#[test]
fn events_tell_what_happens() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.zip"), folder.path().join("out.zip"));
    write_zip(&input, &small());
    let events = Mutex::new(Vec::new());
    let job = Job {
        input: &input,
        output: &output,
        options: options(""),
        cache: None,
        cancel: &GO_ON,
        events: &|event| events.lock().unwrap().push(event),
    };
    let report = job.run(&mut Fussy::new(8)).unwrap();
    let events = events.into_inner().unwrap();
    let stages: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Stage { stage, .. } => Some(*stage),
            _ => None,
        })
        .collect();
    assert_eq!(stages, [Stage::Enhance, Stage::Write, Stage::Done]);
    let done = events
        .iter()
        .filter(|event| matches!(event, Event::TextureDone { .. }))
        .count();
    assert_eq!(done, 4);
    let tiles = events.iter().rev().find_map(|event| match event {
        Event::Tiles { done, total } => Some((*done, *total)),
        _ => None,
    });
    assert_eq!(tiles, Some((report.tiles, report.tiles)));
}

#[test]
fn an_entry_that_cannot_be_unpacked_is_left_out_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.zip"), folder.path().join("out.zip"));
    let mut files = small();
    files.push(file(
        "assets/minecraft/lang/de_de.json",
        "0123456789".repeat(50),
    ));
    write_zip(&input, &files);
    let victims = [
        "assets/minecraft/lang/de_de.json",
        "assets/minecraft/textures/block/dirt.png",
    ];
    let mut bytes = fs::read(&input).unwrap();
    let mut zip = zip::ZipArchive::new(fs::File::open(&input).unwrap()).unwrap();
    for victim in victims {
        // 7 begins a last block of a kind that deflate does not have.
        bytes[usize::try_from(zip.by_name(victim).unwrap().data_start().unwrap()).unwrap()] = 7;
    }
    fs::write(&input, bytes).unwrap();
    // From zip to zip its packed bytes are copied as they are; only the texture was looked into.
    let report = convert(&input, &output, "", 8);
    assert_eq!(
        (
            report.exit_code(),
            report.counts.failed,
            report.counts.enhanced
        ),
        (1, 1, 3)
    );
    assert_eq!(outcome(&report, victims[1]), Outcome::Failed);
    let written = zip::ZipArchive::new(fs::File::open(&output).unwrap()).unwrap();
    assert_eq!(written.len(), files.len());
    // A folder cannot hold it.
    let output = folder.path().join("out");
    let report = convert(&input, &output, "", 8);
    assert_eq!(
        (
            report.exit_code(),
            report.counts.failed,
            report.counts.enhanced
        ),
        (1, 2, 3)
    );
    let left = read_folder(&output);
    assert_eq!(left.len(), files.len() - 2);
    for victim in victims {
        assert_eq!(outcome(&report, victim), Outcome::Failed);
        assert!(!left.contains_key(victim));
    }
}
