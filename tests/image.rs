//! `uncanny image`, end to end: every format in, stills and animations out, and what cannot be done is said.

#![expect(
    clippy::unwrap_used,
    reason = "tests may panic; their helpers are shared"
)]

mod util;

use std::fs;
use std::io::{Cursor, Read as _};
use std::time::Duration;

use image::{DynamicImage, ImageFormat, RgbaImage};
use uncanny_texture::{Animation, DecodeLimits, Frame, Loops, PictureFormat};
use util::{Scene, png, root};

/// A cut-out disc, as an emote.
fn emote(side: u32, red: u8) -> RgbaImage {
    RgbaImage::from_fn(side, side, |x, y| {
        let middle = f64::from(side) / 2.0;
        let away = (f64::from(x) + 0.5 - middle).hypot(f64::from(y) + 0.5 - middle);
        if away < middle * 0.8 {
            [red, (x * 255 / side) as u8, (y * 255 / side) as u8, 255].into()
        } else {
            [0; 4].into()
        }
    })
}

fn file(image: &RgbaImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = DynamicImage::from(image.clone());
    match format {
        ImageFormat::Jpeg | ImageFormat::Bmp => image.into_rgb8().write_to(&mut bytes, format),
        _ => image.write_to(&mut bytes, format),
    }
    .unwrap();
    bytes.into_inner()
}

/// Four frames of different lengths.
fn party(side: u32) -> Animation {
    let frames = [(10, 40), (90, 100), (170, 250), (250, 70)];
    let frames = frames.map(|(red, milliseconds)| Frame {
        image: emote(side, red),
        delay: Duration::from_millis(milliseconds),
    });
    Animation {
        frames: frames.to_vec(),
        loops: Loops::times(3),
    }
}

fn read(scene: &Scene, name: &str) -> Animation {
    let bytes = fs::read(scene.path(name)).unwrap();
    Animation::decode(&bytes, None, &DecodeLimits::default()).unwrap()
}

#[test]
fn every_format_becomes_eight_times_as_large_and_its_way_is_said() {
    let scene = Scene::new();
    let formats = [
        ("a.png", ImageFormat::Png),
        ("b.jpg", ImageFormat::Jpeg),
        ("deep/c.webp", ImageFormat::WebP),
        ("d.gif", ImageFormat::Gif),
        ("e.bmp", ImageFormat::Bmp),
        ("f.tga", ImageFormat::Tga),
    ];
    for (name, format) in formats {
        scene.write(format!("in/{name}"), file(&emote(56, 200), format));
    }
    scene.write("in/sprite.png", file(&emote(32, 200), ImageFormat::Png));
    scene.write("in/note.txt", "no picture");
    let run = scene.run("image in -o out --model lanczos --json").exits(0);
    let rows = run.json()["pictures"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 7);
    for row in &rows {
        let sprite = row["input"].as_str().unwrap().contains("sprite");
        let (way, to) = if sprite { ("tiles", 256) } else { ("fit", 128) };
        assert_eq!(row["way"], way, "{row}");
        assert_eq!(row["to"], serde_json::json!([to, to]), "{row}");
    }
    assert_eq!(
        scene.listing("out"),
        [
            "a.png",
            "b.png",
            "d.gif",
            "deep",
            "e.png",
            "f.png",
            "sprite.png"
        ]
    );
    for name in ["a.png", "d.gif", "deep/c.webp", "f.png"] {
        let image = &read(&scene, &format!("out/{name}")).frames[0].image;
        assert_eq!(image.dimensions(), (128, 128), "{name}");
        assert_eq!(image.get_pixel(3, 3).0[3], 0, "{name} is cut out");
        assert_eq!(image.get_pixel(64, 64).0[3], 255, "{name}");
    }
    scene
        .run("image in/sprite.png in/a.png -o two/ --model lanczos")
        .exits(0)
        .prints_nothing()
        .says(&[
            "32x32 -> 256x256, tile by tile, by lanczos",
            "56x56 -> 128x128, fitted",
        ]);
}

#[test]
fn animations_keep_their_timing_and_format() {
    let scene = Scene::new();
    for format in [PictureFormat::Gif, PictureFormat::Png, PictureFormat::WebP] {
        let name = format!("party.{}", format.extension());
        scene.write(&name, party(28).encode(format).unwrap());
        scene.run(&format!("image {name} --model lanczos")).exits(0);
        let made = format!("party-128x.{}", format.extension());
        let bytes = fs::read(scene.path(&made)).unwrap();
        assert_eq!(PictureFormat::of_bytes(&bytes), Some(format));
        let (before, after) = (party(28), read(&scene, &made));
        assert_eq!(after.loops, before.loops, "{format}");
        let delays = |film: &Animation| -> Vec<Duration> {
            film.frames.iter().map(|frame| frame.delay).collect()
        };
        assert_eq!(delays(&after), delays(&before), "{format}");
        let reds = after
            .frames
            .iter()
            .map(|frame| frame.image.get_pixel(64, 64).0[0]);
        assert!(reds.is_sorted(), "{format}: every frame is its own");
    }
    // From one format into another.
    scene
        .run("image party.gif -o other.webp --model lanczos")
        .exits(0);
    assert_eq!(read(&scene, "other.webp").frames.len(), 4);
}

#[test]
fn iterations_are_kept_when_asked_for_and_drawn() {
    let scene = Scene::new();
    scene.write("a.png", file(&emote(28, 180), ImageFormat::Png));
    scene
        .run("image a.png -o out/ --model faces --iterations 3 --keep-all --preblur --grid look.png --threads 1 --device cpu")
        .exits(0);
    assert_eq!(scene.listing("out"), ["a-1.png", "a-2.png", "a-3.png"]);
    let made = |number: u32| read(&scene, &format!("out/a-{number}.png"));
    assert_ne!(made(1), made(2));
    assert_ne!(made(2), made(3));
    scene
        .run("image a.png -o last.png --model faces --iterations 3 --preblur --threads 1 --device cpu")
        .exits(0);
    assert_eq!(read(&scene, "last.png"), made(3));
    let sheet = image::open(scene.path("look.png")).unwrap();
    // Input, three iterations and the original, of 128 pixels and a gap.
    assert!(
        sheet.width() > 5 * 132 && sheet.height() > 128,
        "{}x{}",
        sheet.width(),
        sheet.height()
    );
}

#[test]
fn bad_pictures_are_named_and_the_rest_goes_on() {
    let scene = Scene::new();
    let good = file(&emote(28, 180), ImageFormat::Png);
    scene.write("in/good.png", &good);
    scene.write("in/cut.png", &good[..good.len() / 2]);
    scene.write("in/page.jpg", "<html>");
    let gif = party(28).encode(PictureFormat::Gif).unwrap();
    scene.write("in/cut.gif", &gif[..gif.len() / 2]);
    scene.write("in/huge.png", png(2000, 1500, |_, _| [1, 2, 3, 255]));
    scene
        .run("image in missing.png -o out --model nearest --tiles --html look.html")
        .exits(1)
        .prints_nothing()
        .says(&[
            "cut.png",
            "page.jpg",
            "cut.gif",
            "huge.png",
            "missing.png",
            "5 pictures could not be enhanced",
        ]);
    assert_eq!(scene.listing("out"), ["in"]);
    let page = fs::read_to_string(scene.path("look.html")).unwrap();
    assert!(page.contains("good.png") && page.contains("missing.png"));
    assert_eq!(scene.listing("out/in"), ["good.png"]);
}

#[test]
fn the_exit_status_says_whether_anything_was_made() {
    let scene = Scene::new();
    scene.write("a.png", file(&emote(28, 180), ImageFormat::Png));
    scene.write("broken.png", "no picture");
    scene.write("taken/mine.txt", "mine");
    let run = |text: &str| scene.run(&format!("image {text} --model nearest --tiles --force"));
    for missing in ["missing.png", "broken.png", "broken.png missing.png -o out"] {
        run(missing)
            .exits(2)
            .says(&[missing.split(' ').next().unwrap()]);
    }
    assert!(!scene.path("out").exists());
    run("missing.png a.png -o out")
        .exits(1)
        .says(&["missing.png"]);
    for option in ["--grid", "--html"] {
        run(&format!("a.png -o b.png {option} taken"))
            .exits(1)
            .says(&["taken", "b.png"]);
        fs::remove_file(scene.path("b.png")).unwrap();
        assert_eq!(scene.listing("taken"), ["mine.txt"]);
    }
}

/// The light and shade of a face, for a network to make one of; `uncanny` has it unless told.
#[test]
fn a_hint_of_a_face_is_laid_into_what_the_model_sees() {
    let scene = Scene::new();
    let plain = png(64, 64, |_, _| [200, 160, 90, 255]);
    scene.write("plain.png", plain);
    let run = |options: &str| {
        let out = format!("{}.png", options.replace([' ', '.'], "_"));
        scene
            .run(&format!(
                "image plain.png --fit --model {options} -o {out} --threads 1 --device cpu"
            ))
            .exits(0);
        image::open(scene.path(&out)).unwrap().to_rgba8()
    };
    let flat = run("lanczos");
    assert!(flat.pixels().all(|pixel| pixel == flat.get_pixel(0, 0)));
    let hinted = run("lanczos --hint 2");
    let red = |x, y| i32::from(hinted.get_pixel(x, y).0[0]);
    for eye in [47, 80] {
        assert!(
            red(eye, 54) + 30 < red(64, 70),
            "{} {}",
            red(eye, 54),
            red(64, 70)
        );
    }
    let asked = run("uncanny --hint 2");
    assert!(run("uncanny") == asked && run("uncanny --hint 0") != asked);
    scene
        .run("image plain.png --hint 9 -o no.png")
        .exits(2)
        .says(&["--hint", "0 to 4"]);
}

#[test]
fn nothing_is_overwritten_and_every_refusal_says_what_to_do() {
    let scene = Scene::new();
    scene.write("in/a.png", file(&emote(28, 180), ImageFormat::Png));
    scene.write("in/b.png", file(&emote(28, 80), ImageFormat::Png));
    scene.write("in/b.jpg", file(&emote(28, 80), ImageFormat::Jpeg));
    scene.write("mine.png", "mine");
    scene
        .run("image in/a.png -o mine.png --model nearest")
        .exits(2)
        .says(&["mine.png", "--force"]);
    assert_eq!(fs::read(scene.path("mine.png")).unwrap(), b"mine");
    scene
        .run("image in/a.png -o mine.png --model nearest --force")
        .exits(0);
    scene
        .run("image in --model nearest")
        .exits(2)
        .says(&["-o enhanced/"]);
    scene
        .run("image in -o all.png --model nearest")
        .exits(2)
        .says(&["-o enhanced/"]);
    scene
        .run("image in -o in --model nearest --force")
        .exits(2)
        .says(&["in"]);
    scene
        .run("image in -o out --model nearest")
        .exits(2)
        .says(&["b.png", "twice"]);
    scene
        .run("image in/a.png -o a.bmp --model nearest")
        .exits(2)
        .says(&["a.bmp", ".webp"]);
    scene
        .run("image in/a.png -o a.png --model facez")
        .exits(2)
        .says(&["facez", "faces"]);
    scene
        .run_with(&["image", "none/*.png", "-o", "out"])
        .exits(2)
        .says(&["none/*.png"]);
    scene
        .run_with(&["image", "in/*.png", "-o", "globbed", "--model", "nearest"])
        .exits(0);
    assert_eq!(scene.listing("globbed"), ["a.png", "b.png"]);
}

#[test]
fn real_emotes_and_emoji_go_their_ways() {
    let data = root().join("../shared/data");
    let mut seen = 0;
    for (tar, way) in [("oxygen_emotes.tar", "--fit"), ("noto128_test.tar", "")] {
        let Ok(archive) = fs::File::open(data.join(tar)) else {
            eprintln!("skipped: no ../shared/data/{tar}");
            continue;
        };
        let scene = Scene::new();
        for (name, bytes) in pngs(archive).into_iter().take(24) {
            scene.write(format!("in/{name}"), bytes);
            seen += 1;
        }
        let run = scene
            .run(&format!("image in -o out --model lanczos --json {way}"))
            .exits(0);
        let rows = run.json()["pictures"].as_array().unwrap().clone();
        assert_eq!(rows.len(), scene.listing("out").len());
        assert!(
            rows.iter()
                .all(|row| row["way"] == "fit" && row["to"][0] == 128)
        );
    }
    assert!(seen == 0 || seen == 48 || seen == 24, "{seen}");
}

/// The PNGs of a tar of plain files.
fn pngs(mut archive: fs::File) -> Vec<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    archive.read_to_end(&mut bytes).unwrap();
    let mut rest = &bytes[..];
    let mut found = Vec::new();
    while rest.len() > 512 && rest[0] != 0 {
        let (header, after) = rest.split_at(512);
        let text = |from: usize, to: usize| {
            let field = header[from..to]
                .split(|&byte| byte == 0 || byte == b' ')
                .next();
            String::from_utf8(field.unwrap().to_vec()).unwrap()
        };
        let size = usize::from_str_radix(&text(124, 136), 8).unwrap();
        let name = text(0, 100);
        if name.ends_with(".png") {
            found.push((name.replace('/', "_"), after[..size].to_vec()));
        }
        rest = &after[size.div_ceil(512) * 512..];
    }
    found
}
