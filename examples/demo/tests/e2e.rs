//! The demo itself, without a window, on whatever draws Vulkan here: textures are painted, broken and mended while it
//! runs, and its pictures are looked at.
//!
//! Where nothing draws Vulkan the tests say so and pass, unless `CI` is set. On Debian, `mesa-vulkan-drivers` draws on
//! the processor.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use image::{Rgb, RgbImage, RgbaImage};
use serde_json::{Value, json};
use uncanny_pack::{Pack, PackFormat, PackLimits, PackWriter};

/// How long anything may take on a busy machine that draws without a GPU.
const PATIENCE: Duration = Duration::from_secs(600);
/// The gallery's first picture in the starter pack, full on screen, and the same from afar.
const SIZE: (u32, u32) = (160, 90);

/// One demo at a time: two would share the processor that both draw on.
static TURN: Mutex<()> = Mutex::new(());

struct Demo {
    child: Child,
    input: ChildStdin,
    answers: Receiver<String>,
    folder: PathBuf,
    _turn: MutexGuard<'static, ()>,
}

impl Demo {
    /// Starts it on a copy of the starter pack, and waits until everything is drawn.
    fn start(folder: &Path, options: &[&str]) -> Option<Self> {
        let pack = thin_pack(folder);
        Self::start_with(&pack, folder, options)
    }

    /// The same on that pack.
    fn start_with(pack: &Path, folder: &Path, options: &[&str]) -> Option<Self> {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut child = Command::new(env!("CARGO_BIN_EXE_uncanny-demo"))
            .args([
                "--headless",
                "--remote",
                "--still",
                "--hud",
                "none",
                "--quality",
                "low",
            ])
            .args(["--camera", NEAR, "--size"])
            .arg(format!("{}x{}", SIZE.0, SIZE.1))
            .arg("--pack")
            .arg(pack)
            .arg("--cache")
            .arg(folder.join("cache"))
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the demo starts");
        let (sender, answers) = channel();
        let output = BufReader::new(child.stdout.take().expect("it was piped"));
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let errors = BufReader::new(child.stderr.take().expect("it was piped"));
        let said = std::thread::spawn(move || {
            let mut said = String::new();
            for line in errors.lines().map_while(Result::ok) {
                said.push_str(&line);
                said.push('\n');
            }
            said
        });
        let input = child.stdin.take().expect("it was piped");
        let mut demo = Self {
            child,
            input,
            answers,
            folder: folder.to_owned(),
            _turn: turn,
        };
        demo.send(&json!({"do": "wait", "for": "enhanced"}));
        let begun = Instant::now();
        loop {
            match demo.answers.recv_timeout(Duration::from_secs(1)) {
                Ok(answer) => {
                    assert!(answer.contains("ready"), "{answer}");
                    return Some(demo);
                }
                Err(_) if demo.child.try_wait().expect("it is our child").is_some() => {
                    let said = said.join().unwrap_or_default();
                    assert!(lacks_a_gpu(&said), "the demo ended:\n{said}");
                    return None;
                }
                Err(_) => assert!(begun.elapsed() < PATIENCE, "the demo never got ready"),
            }
        }
    }

    fn send(&mut self, command: &Value) {
        writeln!(self.input, "{command}").expect("the demo listens");
        self.input.flush().expect("the demo listens");
    }

    fn ask(&mut self, command: &Value) -> Value {
        self.send(command);
        let answer = self
            .answers
            .recv_timeout(PATIENCE)
            .expect("the demo answers in time");
        serde_json::from_str(&answer).expect("answers are JSON")
    }

    fn look(&mut self, view: &str) -> RgbImage {
        let answer = self.ask(&json!({"do": "camera", "view": view}));
        assert!(answer.get("camera").is_some(), "{answer}");
        self.shot()
    }

    fn shot(&mut self) -> RgbImage {
        let path = self.folder.join("shot.png");
        let answer = self.ask(&json!({"do": "shot", "path": path}));
        assert!(answer["error"].is_null(), "{answer}");
        image::open(&path).expect("a picture").into_rgb8()
    }

    /// Waits until a picture shows what is wanted.
    fn until(&mut self, view: &str, what: &str, wanted: impl Fn(&RgbImage) -> bool) -> RgbImage {
        let begun = Instant::now();
        loop {
            let picture = self.look(view);
            if wanted(&picture) {
                return picture;
            }
            if begun.elapsed() > PATIENCE {
                let kept = std::env::temp_dir().join("uncanny-demo-failed.png");
                picture.save(&kept).expect("it can be written");
                panic!("{view} never showed {what}; it shows {}", kept.display());
            }
        }
    }

    fn texture(&self, name: &str) -> PathBuf {
        self.folder
            .join(format!("pack/assets/minecraft/textures/block/{name}.png"))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(
    clippy::print_stderr,
    reason = "tests may say what they skip and measure"
)]
fn say(what: &str) {
    eprintln!("{what}");
}

/// Whether that is why the demo ended, where it may.
fn lacks_a_gpu(said: &str) -> bool {
    let lacks = said.contains("Unable to find a GPU") || said.contains("NoAdapter");
    let may_lack = std::env::var_os("CI").is_none();
    if lacks && may_lack {
        say("skipped: nothing here draws Vulkan (on Debian: mesa-vulkan-drivers)");
    }
    lacks && may_lack
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the starter pack") {
        let entry = entry.expect("the starter pack");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// A copy of the starter pack with few of its textures.
fn thin_pack(folder: &Path) -> PathBuf {
    let pack = folder.join("pack");
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/starter"),
        &pack,
    );
    thin_out(&pack.join("assets"));
    pack
}

/// A zip of a pack, which takes the place of the one before as a whole.
fn zip(pack: &Path, target: &Path) {
    let pack = Pack::open(pack, &PackLimits::default()).expect("the copy");
    let mut writer = PackWriter::create(target, PackFormat::Zip, true).expect("a zip");
    for entry in 0..pack.entries().len() {
        writer.copy(&pack, entry).expect("written");
    }
    writer.finish().expect("written");
}

/// Leaves few of the pack's block textures, so that little is to be enhanced: others stand in for the rest.
fn thin_out(folder: &Path) {
    const KEPT: [&str; 14] = [
        "stone",
        "sand",
        "bricks",
        "dirt",
        "ice",
        "gravel",
        "clay",
        "obsidian",
        "oak_planks",
        "oak_log",
        "oak_leaves",
        "roof_tiles",
        "grass_block_top",
        "water_still",
    ];
    for entry in std::fs::read_dir(folder).expect("the copy") {
        let path = entry.expect("the copy").path();
        if path.is_dir() {
            thin_out(&path);
        } else if folder.ends_with("textures/block") {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if !KEPT.contains(&name.split('.').next().unwrap_or_default()) {
                std::fs::remove_file(&path).expect("removed");
            }
        }
    }
}

fn flat(colour: [u8; 4]) -> RgbaImage {
    RgbaImage::from_pixel(16, 16, image::Rgba(colour))
}

/// The middle of the left or right half.
fn middle(picture: &RgbImage, right: bool) -> Rgb<u8> {
    let x = if right { 3 * SIZE.0 / 4 } else { SIZE.0 / 4 };
    *picture.get_pixel(x, SIZE.1 / 2)
}

fn greenish(pixel: Rgb<u8>) -> bool {
    let [r, g, b] = pixel.0.map(i32::from);
    g > r + 40 && g > b + 40
}

fn blueish(pixel: Rgb<u8>) -> bool {
    let [r, g, b] = pixel.0.map(i32::from);
    b > r + 40 && b > g + 40
}

/// Below the house's eaves, so close that its wall of oak is all there is.
const NEAR: &str = "40.5,15.4,31.9,0,0";
/// Above its roof, so far that a block is less than a pixel.
const FAR: &str = "40.5,110,27.0,0,-89";

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn the_world_follows_the_painter() {
    let folder = folder();
    let Some(mut demo) = Demo::start(folder.path(), &["--model", "lanczos"]) else {
        return;
    };
    // A wall that nobody painted yet.
    let wall = demo.look(NEAR);
    assert!(!blueish(middle(&wall, true)) && !greenish(middle(&wall, true)));
    let planks = demo.texture("oak_planks");
    let tiles = folder
        .path()
        .join("pack/assets/uncanny/textures/block/roof_tiles.png");

    // Saved by overwriting: near, the first mipmap; far, one of the last.
    flat([20, 20, 220, 255]).save(&planks).expect("saved");
    demo.until(NEAR, "blue planks", |picture| {
        blueish(middle(picture, true))
    });
    flat([20, 20, 220, 255]).save(&tiles).expect("saved");
    let centre = |picture: &RgbImage| *picture.get_pixel(SIZE.0 / 2, SIZE.1 / 2);
    demo.until(FAR, "a blue roof from afar", |picture| {
        blueish(centre(picture))
    });

    // Saved by renaming, as most editors do.
    let beside = folder.path().join("pack/.saving.png");
    flat([20, 200, 20, 255]).save(&beside).expect("saved");
    std::fs::rename(&beside, &planks).expect("renamed");
    demo.until(NEAR, "green planks", |picture| {
        greenish(middle(picture, true))
    });
    flat([20, 200, 20, 255]).save(&beside).expect("saved");
    std::fs::rename(&beside, &tiles).expect("renamed");
    demo.until(FAR, "a green roof from afar", |picture| {
        greenish(centre(picture))
    });

    // Damaged: an error, and the picture of before.
    std::fs::write(&planks, b"\x89PNG\r\n\x1a\nthis is none").expect("written");
    let begun = Instant::now();
    loop {
        let progress = demo.ask(&json!({"do": "progress"}));
        let failed = progress["failed"].as_array().expect("a list").clone();
        if failed.iter().any(|one| {
            one[0]
                .as_str()
                .is_some_and(|path| path.ends_with("oak_planks.png"))
        }) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "the damage was not told of");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(
        greenish(middle(&demo.look(NEAR), true)),
        "the old picture stays"
    );

    // Mended.
    flat([20, 20, 220, 255]).save(&planks).expect("saved");
    demo.until(NEAR, "blue planks", |picture| {
        blueish(middle(picture, true))
    });

    let meshes = demo.ask(&json!({"do": "progress"}))["meshes"]
        .as_u64()
        .expect("a number");
    assert!(
        (30..=130).contains(&meshes),
        "{meshes} meshes are as many draw calls"
    );
}

#[test]
fn a_zip_is_followed_when_it_is_replaced() {
    let folder = folder();
    let pack = thin_pack(folder.path());
    let archive = folder.path().join("pack.zip");
    zip(&pack, &archive);
    let Some(mut demo) = Demo::start_with(&archive, folder.path(), &["--model", "lanczos"]) else {
        return;
    };
    assert!(!blueish(middle(&demo.look(NEAR), true)));
    flat([20, 20, 220, 255])
        .save(demo.texture("oak_planks"))
        .expect("saved");
    zip(&pack, &archive);
    demo.until(NEAR, "blue planks", |picture| {
        blueish(middle(picture, true))
    });
}

#[test]
fn the_slider_parts_original_and_enhanced() {
    let folder = folder();
    let Some(mut demo) = Demo::start(folder.path(), &["--model", "lanczos"]) else {
        return;
    };
    let view = NEAR;
    let enhanced = demo.look(view);
    demo.ask(&json!({"do": "slider", "at": 1.0}));
    let original = demo.look(view);
    demo.ask(&json!({"do": "slider", "at": 0.5}));
    let split = demo.look(view);
    let differs = |a: &RgbImage, b: &RgbImage, right: bool| {
        let half = if right {
            SIZE.0 / 2 + 2..SIZE.0
        } else {
            0..SIZE.0 / 2 - 2
        };
        half.flat_map(|x| (0..SIZE.1).map(move |y| (x, y)))
            .filter(|&(x, y)| {
                let (a, b) = (a.get_pixel(x, y).0, b.get_pixel(x, y).0);
                a.iter().zip(b).any(|(a, b)| a.abs_diff(b) > 6)
            })
            .count()
    };
    let (left, right) = (
        differs(&original, &enhanced, false),
        differs(&original, &enhanced, true),
    );
    assert!(
        left > 500 && right > 500,
        "both halves change: {left}, {right} pixels"
    );
    assert!(
        differs(&split, &original, false) < left / 20,
        "left of the line are originals"
    );
    assert!(
        differs(&split, &enhanced, true) < right / 20,
        "right of it enhanced textures"
    );
    // All of it, back and forth.
    demo.ask(&json!({"do": "slider", "at": 0.0}));
    let again = demo.look(view);
    assert!(
        differs(&again, &enhanced, true) < right / 20
            && differs(&again, &enhanced, false) < left / 20
    );
    // Another model, live.
    demo.ask(&json!({"do": "model", "name": "nearest"}));
    demo.until(view, "another model's picture", |picture| {
        differs(picture, &enhanced, true) > right / 3
    });
    demo.ask(&json!({"do": "model", "name": "nothing of that name"}));
    let answer = demo.ask(&json!({"do": "wait", "for": "enhanced"}));
    assert_eq!(answer["ready"], "enhanced");
    let failed = demo.ask(&json!({"do": "progress"}))["failed"].clone();
    assert!(
        failed.to_string().contains("nothing of that name"),
        "{failed}"
    );
}

#[test]
fn a_bench_prints_frame_times_with_and_without_work() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = folder();
    let pack = thin_pack(folder.path());
    let bench = |more: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_uncanny-demo"))
            .args(["--bench", "--json", "--frames", "2", "--quality", "low"])
            .args(["--size", "160x90", "--hud", "none", "--device", "cpu"])
            .arg("--pack")
            .arg(&pack)
            .args(more)
            .output()
            .expect("the demo starts")
    };
    let output = bench(&["--model", "lanczos"]);
    let said = String::from_utf8_lossy(&output.stderr);
    if lacks_a_gpu(&said) {
        return;
    }
    assert!(output.status.success(), "{said}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("nothing but JSON");
    assert_eq!(report["size"], json!([SIZE.0, SIZE.1]));
    assert!(report["adapter"]["name"].is_string(), "{report}");
    assert_eq!(report["idle"]["frames"], 2);
    let (idle, working) = (&report["idle"], &report["working"]);
    for times in [idle, working] {
        let [median, p95, longest] =
            ["median_ms", "p95_ms", "longest_ms"].map(|name| times[name].as_f64());
        assert!(
            median > Some(0.0) && median <= p95 && p95 <= longest,
            "{times}"
        );
    }
    assert!(working["frames"].as_u64() > Some(0), "{working}");
    assert_eq!(
        (&working["model"], &working["failed"]),
        (&json!("lanczos"), &json!(0))
    );
    // All of the pack's: without a cache nothing is done already.
    assert!(
        (14..=77).contains(&working["enhanced"].as_u64().unwrap_or(0)),
        "{working}"
    );
    let sight = report["meshes"]["most_in_sight"].as_u64();
    assert!(
        sight > Some(10) && sight <= report["meshes"]["all"].as_u64(),
        "{report}"
    );

    let output = bench(&["--model", "nothing of that name"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        output.stdout.is_empty(),
        "what was not measured is not printed"
    );
}

#[test]
fn no_frame_waits_for_the_network() {
    let folder = folder();
    let Some(mut demo) = Demo::start(folder.path(), &["--model", "textures"]) else {
        return;
    };
    let frames = |demo: &mut Demo, from: u8| {
        demo.ask(&json!({"do": "frame_times"}));
        // Eight textures that the cache does not know, saved together: the network has work for many frames.
        for number in 0..8 {
            let name = [
                "stone", "sand", "bricks", "dirt", "ice", "gravel", "clay", "obsidian",
            ][usize::from(number)];
            let colour = [from + number, 255 - from, 16 * number, 255];
            let noisy = RgbaImage::from_fn(16, 16, |x, y| {
                image::Rgba(std::array::from_fn(|channel| match channel {
                    3 => 255,
                    _ => colour[channel].wrapping_add((x * 7 + y * 13) as u8 % 32),
                }))
            });
            noisy.save(demo.texture(name)).expect("saved");
        }
        let before = demo.ask(&json!({"do": "progress"}))["finished"]
            .as_array()
            .map_or(0, Vec::len);
        let begun = Instant::now();
        while demo.ask(&json!({"do": "progress"}))["finished"]
            .as_array()
            .map_or(0, Vec::len)
            < before + 8
        {
            assert!(begun.elapsed() < PATIENCE, "eight textures take too long");
            std::thread::sleep(Duration::from_millis(5));
        }
        let answer = demo.ask(&json!({"do": "frame_times"}));
        let times = answer["milliseconds"].as_array().expect("a list").clone();
        times.iter().filter_map(Value::as_f64).collect::<Vec<f64>>()
    };
    // Other programs may take the processor from a frame; the network may not. So one good run of some will do.
    let mut seen = Vec::new();
    for attempt in 0..5 {
        let mut times = frames(&mut demo, 40 + 30 * attempt);
        times.sort_by(f64::total_cmp);
        assert!(
            times.len() >= 8,
            "{} frames while eight textures were enhanced",
            times.len()
        );
        let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
        seen.push(format!(
            "{} frames, median {median:.1} ms, longest {longest:.1} ms",
            times.len()
        ));
        if longest <= 3.0 * median {
            say(&format!(
                "while the network was at work: {}",
                seen.join("; ")
            ));
            return;
        }
    }
    panic!(
        "a frame took more than three times the median: {}",
        seen.join("; ")
    );
}
