//! `uncanny zoom` and `uncanny video`, end to end; with ffmpeg where it is installed.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests say what they skip and may panic; their helpers are shared"
)]

mod util;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use image::RgbaImage;
use uncanny_texture::{Animation, DecodeLimits, Frame, Loops, PictureFormat};
use util::{Scene, png};

fn film(size: (u32, u32), frames: u32, milliseconds: u64) -> Animation {
    let frame = |number: u32| Frame {
        image: RgbaImage::from_fn(size.0, size.1, |x, y| {
            let inside = x >= number * 2 && x < number * 2 + 8 && y > 4;
            if inside {
                [240, 200, 60, 255]
            } else {
                [30, 60, (y * 3) as u8, 255]
            }
            .into()
        }),
        delay: Duration::from_millis(milliseconds + u64::from(number % 2) * 30),
    };
    Animation {
        frames: (0..frames).map(frame).collect(),
        loops: Loops::Forever,
    }
}

fn read(scene: &Scene, name: &str) -> Animation {
    let bytes = fs::read(scene.path(name)).unwrap();
    Animation::decode(&bytes, None, &DecodeLimits::default()).unwrap()
}

fn has_ffmpeg() -> bool {
    let runs = |program: &str| {
        let mut command = Command::new(program);
        command
            .arg("-version")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let found = runs("ffmpeg") && runs("ffprobe");
    if !found {
        eprintln!("skipped: ffmpeg is not installed");
    }
    found
}

/// What ffprobe says of a file, as JSON.
fn probe(path: &Path) -> serde_json::Value {
    let told = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-count_frames",
            "-show_streams",
            "-of",
            "json",
        ])
        .arg(path)
        .output()
        .unwrap();
    assert!(
        told.status.success(),
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
    serde_json::from_slice(&told.stdout).unwrap()
}

#[test]
fn a_film_of_ours_keeps_its_timing_and_loses_its_stripes() {
    let scene = Scene::new();
    for format in [PictureFormat::Gif, PictureFormat::Png, PictureFormat::WebP] {
        let name = format!("in.{}", format.extension());
        scene.write(&name, film((64, 36), 21, 40).encode(format).unwrap());
        let run = scene
            .run(&format!(
                "video {name} -o out.webp --force --model lanczos --smooth --json"
            ))
            .exits(0);
        let report = run.json();
        assert_eq!(report["frames"], 21);
        assert_eq!(report["to"], serde_json::json!([128, 72]));
        let made = read(&scene, "out.webp");
        assert_eq!(made.frames.len(), 21);
        for (made, own) in made.frames.iter().zip(film((64, 36), 21, 40).frames) {
            assert_eq!(made.delay, own.delay, "{format}");
            assert_eq!(made.image.dimensions(), (128, 72));
            assert!(made.image.pixels().all(|pixel| pixel.0[3] == 255));
        }
    }
}

#[test]
fn a_zoom_is_as_long_as_asked_for_and_the_same_again() {
    let scene = Scene::new();
    scene.write(
        "a.png",
        png(56, 56, |x, y| [(x * 4) as u8, (y * 4) as u8, 80, 255]),
    );
    let run = "zoom a.png --model lanczos --seconds 1 --fps 10 --rate 2 --at 0.25,0.5";
    for name in ["a.gif", "a.webp", "a.apng"] {
        scene
            .run(&format!("{run} -o {name}"))
            .exits(0)
            .prints_nothing();
        let made = read(&scene, name);
        assert_eq!(made.frames.len(), 10);
        assert_eq!(made.loops, Loops::Forever);
        let lasts: Duration = made.frames.iter().map(|frame| frame.delay).sum();
        assert_eq!(lasts, Duration::from_secs(1), "{name}");
        assert_ne!(made.frames[0].image, made.frames[9].image);
    }
    scene.run(&format!("{run} -o again.webp")).exits(0);
    assert_eq!(read(&scene, "again.webp"), read(&scene, "a.webp"));
    scene
        .run(&format!("{run} -o back.webp --back --size 64"))
        .exits(0);
    let back = read(&scene, "back.webp");
    assert_eq!(back.frames.len(), 10);
    assert_eq!(back.frames[0].image.dimensions(), (64, 64));
    // The last frame is the second one: what comes after it is the first.
    assert_eq!(back.frames[9].image, back.frames[1].image);
}

#[test]
fn what_cannot_be_done_is_said_and_nothing_is_overwritten() {
    let scene = Scene::new();
    scene.write(
        "a.gif",
        film((16, 16), 3, 100).encode(PictureFormat::Gif).unwrap(),
    );
    scene.write("mine.gif", "mine");
    for command in ["zoom", "video"] {
        scene
            .run(&format!("{command} a.gif -o mine.gif --model nearest"))
            .exits(2)
            .says(&["mine.gif", "--force"]);
        scene
            .run(&format!("{command} a.gif -o a.txt --model nearest"))
            .exits(2)
            .says(&["a.txt", ".webp"]);
        scene
            .run(&format!("{command} missing.gif -o out.gif --model nearest"))
            .exits(2)
            .says(&["missing.gif"]);
        // Where no program can be found.
        let mut without = scene.command();
        let arguments = format!("{command} a.gif -o out.mp4 --model nearest");
        without
            .args(arguments.split_whitespace())
            .env("PATH", scene.path("empty"));
        util::Outcome::from(without.output().unwrap())
            .exits(2)
            .says(&["out.mp4", "ffmpeg", "not installed", "GIF, APNG"]);
    }
    scene.write("bad.gif", b"GIF89a and no more");
    scene
        .run("video bad.gif -o out.gif --model nearest")
        .exits(2);
    assert_eq!(scene.listing(""), ["a.gif", "bad.gif", "mine.gif"]);
    assert_eq!(fs::read(scene.path("mine.gif")).unwrap(), b"mine");
}

#[test]
fn films_go_through_ffmpeg_with_their_sound() {
    if !has_ffmpeg() {
        return;
    }
    let scene = Scene::new();
    let made = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc=size=96x64:rate=10:duration=2",
        ])
        .args([
            "-f",
            "lavfi",
            "-i",
            "sine=frequency=440:duration=2",
            "-pix_fmt",
            "yuv420p",
        ])
        .args(["-c:v", "libx264", "-c:a", "aac"])
        .arg(scene.path("talk.mp4"))
        .status()
        .unwrap();
    assert!(made.success());
    fs::create_dir(scene.path("out")).unwrap();
    let run = scene
        .run("video talk.mp4 -o out/talk.mp4 --model nearest --smooth=0.5 --json")
        .exits(0);
    assert_eq!(run.json()["frames"], 20);
    assert_eq!(run.json()["sound"], true);
    let streams = probe(&scene.path("out/talk.mp4"));
    let of = |kind: &str| {
        let streams = streams["streams"].as_array().unwrap();
        streams
            .iter()
            .find(|stream| stream["codec_type"] == kind)
            .unwrap()
            .clone()
    };
    let video = of("video");
    assert_eq!(video["nb_read_frames"], "20");
    assert_eq!(video["avg_frame_rate"], "10/1");
    assert_eq!(
        (&video["width"], &video["height"]),
        (&128.into(), &84.into())
    );
    let lasts: f64 = of("audio")["duration"].as_str().unwrap().parse().unwrap();
    assert!((lasts - 2.0).abs() < 0.1, "{lasts}");

    scene
        .run("video talk.mp4 -o talk.gif --model nearest --fps 5")
        .exits(0);
    let gif = read(&scene, "talk.gif");
    assert_eq!(gif.frames.len(), 10);
    assert!(
        gif.frames
            .iter()
            .all(|frame| frame.delay == Duration::from_millis(200))
    );
    scene
        .run("video talk.gif -o back.mkv --model nearest --fps 10")
        .exits(0);
    let back = probe(&scene.path("back.mkv"));
    assert_eq!(back["streams"][0]["nb_read_frames"], "20");
    scene
        .run("zoom talk.gif -o zoom.mp4 --model nearest --seconds 1 --fps 10 --size 96")
        .exits(0);
    assert_eq!(
        probe(&scene.path("zoom.mp4"))["streams"][0]["nb_read_frames"],
        "10"
    );

    scene.write("bad.mp4", "no film at all");
    scene
        .run("video bad.mp4 -o bad-out.mp4 --model nearest")
        .exits(2)
        .says(&["ffprobe", "bad.mp4"]);
    assert_eq!(
        scene.listing("out"),
        ["talk.mp4"],
        "nothing temporary is left"
    );
}

#[cfg(unix)]
#[test]
fn an_interrupted_film_leaves_nothing() {
    let scene = Scene::new();
    let long = film((160, 160), 60, 40);
    scene.write("in/a.gif", long.encode(PictureFormat::Gif).unwrap());
    fs::create_dir(scene.path("out")).unwrap();
    let mut child = scene
        .command()
        .args("video in/a.gif -o out/a.webp --tiles --model lanczos --iterations 16".split(' '))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("enhancing") {
        line.clear();
        let read = std::io::BufRead::read_line(&mut said, &mut line).unwrap();
        assert!(read > 0, "it ended before it began");
    }
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(scene.listing("out").is_empty());
}
