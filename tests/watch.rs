//! `uncanny watch`, as an artist meets it: files saved in every way there is, folders moved, programs killed.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "the helpers of tests may panic, and say what they measured or skipped"
)]

mod util;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use util::{Scene, large_pack, noise, png, size, small_pack};

/// Nothing takes as long as this, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(180);
const BLOCKS: &str = "in/assets/minecraft/textures/block";

/// A scene with an unpacked pack in `in`, and a watch that keeps `out` up.
struct Studio {
    scene: Scene,
    /// The input, the output and the options of `watch` and `convert` alike.
    input: &'static str,
    output: &'static str,
    options: Vec<&'static str>,
    watch: Option<Running>,
}

struct Running {
    child: Child,
    events: Receiver<Value>,
    /// What it said so far.
    heard: Vec<Value>,
}

impl Studio {
    fn new(files: &[(String, Vec<u8>)], options: &'static str) -> Self {
        let studio = Self {
            scene: Scene::new(),
            input: "in",
            output: "out",
            options: options.split_whitespace().collect(),
            watch: None,
        };
        for (name, bytes) in files {
            if name.ends_with('/') {
                fs::create_dir_all(studio.scene.path("in").join(name)).unwrap();
            } else {
                studio.scene.write(format!("in/{name}"), bytes);
            }
        }
        studio
    }

    fn command(&self) -> Command {
        let mut command = self.scene.command();
        command
            .args(["watch", self.input, "-o", self.output, "--json"])
            .args(&self.options);
        command
    }

    /// Starts watching and waits until the output is up.
    fn start(&mut self) {
        let command = self.command();
        self.start_as(command);
        self.wait("up-to-date", |_| true);
    }

    fn start_as(&mut self, mut command: Command) {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let (sender, events) = channel();
        thread::spawn(move || {
            for line in said.lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line).expect("every line is JSON");
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        self.watch = Some(Running {
            child,
            events,
            heard: Vec::new(),
        });
    }

    fn running(&mut self) -> &mut Running {
        self.watch.as_mut().expect("it was started")
    }

    /// Waits for an event of this kind, and hands it on.
    #[track_caller]
    fn wait(&mut self, kind: &str, matches: impl Fn(&Value) -> bool) -> Value {
        let running = self.running();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match running.events.recv_timeout(left) {
                Ok(event) => {
                    running.heard.push(event.clone());
                    if event["event"] == kind && matches(&event) {
                        return event;
                    }
                }
                Err(error) => panic!("no {kind} ({error}) after {:#?}", running.heard),
            }
        }
    }

    #[track_caller]
    fn wait_for_file(&mut self, kind: &str, end: &str) -> Value {
        let end = end.to_owned();
        self.wait(kind, move |event| {
            event["name"]
                .as_str()
                .is_some_and(|name| name.ends_with(&end))
        })
    }

    fn files(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        collect(
            &self.scene.path(folder),
            &self.scene.path(folder),
            &mut found,
        );
        found
    }

    fn output(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.files(self.output);
        files.retain(|name, _| !name.starts_with(".uncanny"));
        files
    }

    /// What `convert` makes of the folder as it is.
    fn conversion(&self) -> BTreeMap<String, Vec<u8>> {
        let from = self.scene.path("reference-in");
        let to = self.scene.path("reference-out");
        for folder in [&from, &to] {
            let _ = fs::remove_dir_all(folder);
        }
        copy_without(
            &self.scene.path(self.input),
            &from,
            &self.scene.path(self.output),
        );
        let mut arguments = vec!["convert", "reference-in", "-o", "reference-out"];
        arguments.extend(&self.options);
        self.scene.run_with(&arguments).exits(0);
        self.files("reference-out")
    }

    /// Waits until the output is what `convert` makes; it may take several rounds, as changes are heard.
    #[track_caller]
    fn ends_as_a_conversion(&mut self) {
        let expected = self.conversion();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.output();
            if found == expected {
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let running = self.watch.as_mut().expect("it was started");
            match running.events.recv_timeout(left) {
                Ok(event) => running.heard.push(event),
                Err(error) => {
                    let names = |files: &BTreeMap<String, Vec<u8>>| {
                        files.keys().cloned().collect::<BTreeSet<_>>()
                    };
                    let (expected_names, found_names) = (names(&expected), names(&found));
                    let differ: Vec<&String> = expected
                        .iter()
                        .filter(|(name, bytes)| {
                            found.get(*name).is_some_and(|found| found != *bytes)
                        })
                        .map(|(name, _)| name)
                        .collect();
                    panic!(
                        "{error}; missing {:?}; too many {:?}; different {differ:?}; heard {:#?}",
                        expected_names.difference(&found_names).collect::<Vec<_>>(),
                        found_names.difference(&expected_names).collect::<Vec<_>>(),
                        running.heard,
                    );
                }
            }
        }
    }

    #[cfg(unix)]
    fn signal(&mut self, name: &str) -> std::process::ExitStatus {
        let running = self.running();
        let status = Command::new("kill")
            .args([format!("-{name}"), running.child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
        running.child.wait().unwrap()
    }
}

impl Drop for Studio {
    fn drop(&mut self) {
        if let Some(running) = &mut self.watch {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }
}

fn collect(root: &Path, at: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    let Ok(inside) = fs::read_dir(at) else { return };
    for entry in inside {
        let path = entry.unwrap().path();
        let name = path
            .strip_prefix(root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        if path.is_dir() {
            found.insert(name + "/", Vec::new());
            collect(root, &path, found);
        } else if let Ok(bytes) = fs::read(&path) {
            // A file may go while we look.
            found.insert(name, bytes);
        }
    }
}

fn copy_without(from: &Path, to: &Path, except: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path == except {
        } else if path.is_dir() {
            copy_without(&path, &target, except);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

/// Saves as most editors do: the new file beside, renamed over the old one.
fn save_by_rename(path: &Path, bytes: &[u8]) {
    let beside = path.with_file_name(".new~");
    fs::write(&beside, bytes).unwrap();
    fs::rename(beside, path).unwrap();
}

fn block(scene: &Scene, name: &str) -> PathBuf {
    scene.path(BLOCKS).join(name)
}

#[test]
fn every_way_to_save_is_followed() {
    let mut studio = Studio::new(&small_pack(), "--model lanczos --scale 2");
    studio.start();
    studio.ends_as_a_conversion();

    let stone = block(&studio.scene, "stone.png");
    fs::write(&stone, noise(1)).unwrap();
    let event = studio.wait_for_file("written", "block/stone.png");
    assert_eq!(event["outcome"], "enhanced");
    assert!(event["seconds"].as_f64().unwrap() > 0.0);
    studio.ends_as_a_conversion();

    save_by_rename(&stone, &noise(2));
    studio.wait_for_file("written", "block/stone.png");
    studio.ends_as_a_conversion();

    // A new file, in a new folder.
    let new = block(&studio.scene, "deep/deeper/new.png");
    fs::create_dir_all(new.parent().unwrap()).unwrap();
    fs::write(&new, noise(3)).unwrap();
    studio.wait_for_file("written", "deeper/new.png");
    studio.ends_as_a_conversion();

    fs::rename(&new, block(&studio.scene, "renamed.png")).unwrap();
    studio.wait_for_file("removed", "deeper/new.png");
    studio.ends_as_a_conversion();

    fs::remove_file(&stone).unwrap();
    studio.wait_for_file("removed", "block/stone.png");
    studio.ends_as_a_conversion();

    // A whole folder moves, and another one comes from elsewhere.
    let (from, to) = (
        studio.scene.path(BLOCKS),
        studio.scene.path("in/assets/other/textures/block"),
    );
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::rename(from, to).unwrap();
    studio.wait_for_file("removed", "minecraft/textures/block/dirt.png");
    studio.ends_as_a_conversion();
    studio.scene.write("elsewhere/block/a/moved.png", noise(4));
    fs::rename(
        studio.scene.path("elsewhere/block"),
        studio.scene.path(BLOCKS),
    )
    .unwrap();
    studio.wait_for_file("written", "a/moved.png");
    studio.ends_as_a_conversion();
    // It is listened to as well.
    fs::write(block(&studio.scene, "a/moved.png"), noise(5)).unwrap();
    studio.wait_for_file("written", "a/moved.png");
    studio.ends_as_a_conversion();
}

#[test]
fn sidecars_models_and_settings_are_followed() {
    let mut studio = Studio::new(&small_pack(), "--scale 2");
    studio.scene.write("uncanny.toml", "model = 'lanczos'\n");
    studio.start();
    studio.ends_as_a_conversion();

    let sidecar = block(&studio.scene, "magma.png.mcmeta");
    fs::write(&sidecar, r#"{"animation": {"height": 32}}"#).unwrap();
    studio.wait_for_file("written", "magma.png.mcmeta");
    studio.ends_as_a_conversion();
    let output = studio
        .scene
        .path("out/assets/minecraft/textures/block/magma.png.mcmeta");
    assert!(fs::read_to_string(&output).unwrap().contains("64"));

    studio.scene.write(
        "in/assets/minecraft/models/block/dirt.json",
        r#"{"parent": "block/cross", "textures": {"cross": "block/dirt"}}"#,
    );
    studio.wait_for_file("written", "models/block/dirt.json");
    studio.ends_as_a_conversion();

    // A rule for one texture makes one texture.
    let rule = "model = 'lanczos'\n[[rule]]\nmatch = '**/dirt.png'\nfidelity = 0\n";
    studio.scene.write("uncanny.toml", rule);
    studio.wait("settings", |_| true);
    let before = studio.running().heard.len();
    studio.wait("up-to-date", |_| true);
    let written: Vec<String> = studio.running().heard[before..]
        .iter()
        .filter(|event| event["event"] == "written")
        .map(|event| event["name"].to_string())
        .collect();
    assert_eq!(written, [r#""assets/minecraft/textures/block/dirt.png""#]);
    studio.ends_as_a_conversion();

    // Broken settings are named, and the old ones stay.
    studio
        .scene
        .write("uncanny.toml", "model = 'lanczos'\nfidelity = 7\n");
    let event = studio.wait_for_file("failed", "uncanny.toml");
    assert!(
        event["why"].as_str().unwrap().starts_with("line 2: "),
        "{event}"
    );
    save_by_rename(&studio.scene.path("uncanny.toml"), b"model = 'nearest'\n");
    studio.wait("settings", |_| true);
    studio.ends_as_a_conversion();
}

#[test]
fn half_a_picture_never_gets_out() {
    let mut studio = Studio::new(&small_pack(), "--model nearest --scale 2");
    studio.start();
    let stone = block(&studio.scene, "stone.png");
    let copied = studio
        .scene
        .path("out/assets/minecraft/textures/block/stone.png");
    let colours = studio
        .scene
        .path("in/assets/minecraft/textures/colormap/grass.png");
    let before = fs::read(&copied).unwrap();

    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        // Whoever looks at the output at any time finds whole pictures only.
        let looking = scope.spawn(|| {
            let mut looks = 0;
            while !stop.load(Ordering::SeqCst) {
                for (name, bytes) in studio_output(&studio.scene) {
                    if name.ends_with(".png") {
                        assert!(image::load_from_memory(&bytes).is_ok(), "{name} is broken");
                        looks += 1;
                    }
                }
                thread::yield_now();
            }
            looks
        });
        // A slow program writes for longer than anybody would wait.
        let whole = noise(9);
        let mut slow = fs::File::create(&stone).unwrap();
        for piece in whole.chunks(whole.len().div_ceil(4)) {
            slow.write_all(piece).unwrap();
            slow.flush().unwrap();
            thread::sleep(Duration::from_millis(150));
        }
        drop(slow);
        let large = png(64, 64, |x, y| [x as u8, y as u8, 7, 255]);
        fs::write(&colours, &large[..large.len() / 2]).unwrap();
        let written = Instant::now() + PATIENCE;
        while fs::read(&copied).unwrap() == before && Instant::now() < written {
            thread::yield_now();
        }
        stop.store(true, Ordering::SeqCst);
        assert!(looking.join().unwrap() > 0);
    });
    assert_eq!(size(&fs::read(&copied).unwrap()), (32, 32));

    // Half a picture that stays so is named, and the old one stays.
    studio.wait_for_file("failed", "colormap/grass.png");
    let good = fs::read(&copied).unwrap();
    let whole = noise(10);
    fs::write(&stone, &whole[..whole.len() / 2]).unwrap();
    let event = studio.wait_for_file("failed", "block/stone.png");
    assert!(event["why"].as_str().is_some_and(|why| !why.is_empty()));
    assert!(fs::read(&copied).unwrap() == good);
    // The rest arrives.
    fs::OpenOptions::new()
        .append(true)
        .open(&stone)
        .unwrap()
        .write_all(&whole[whole.len() / 2..])
        .unwrap();
    studio.wait_for_file("written", "block/stone.png");
    fs::write(&colours, noise(11)).unwrap();
    studio.wait_for_file("written", "colormap/grass.png");
    studio.ends_as_a_conversion();
}

fn studio_output(scene: &Scene) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    collect(&scene.path("out"), &scene.path("out"), &mut found);
    found
}

#[test]
fn a_burst_of_a_thousand_files_arrives() {
    let mut studio = Studio::new(&small_pack(), "--model nearest --scale 2");
    studio.start();
    for seed in 0..1000 {
        let path = block(&studio.scene, &format!("burst/{}/b{seed}.png", seed % 7));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, noise(seed)).unwrap();
    }
    studio.ends_as_a_conversion();
    assert!(studio.output().len() > 1000);
    fs::remove_dir_all(block(&studio.scene, "burst")).unwrap();
    studio.ends_as_a_conversion();
}

#[test]
fn a_folder_that_vanishes_comes_back() {
    let mut studio = Studio::new(&small_pack(), "--model nearest --scale 2");
    studio.start();
    let before = studio.output();
    fs::rename(studio.scene.path("in"), studio.scene.path("away")).unwrap();
    studio.wait("gone", |_| true);
    assert!(studio.output() == before, "what was made is kept");
    fs::write(studio.scene.path("away/LICENSE.txt"), "new").unwrap();
    fs::remove_file(studio.scene.path("away/notes/unknown.bin")).unwrap();
    fs::rename(studio.scene.path("away"), studio.scene.path("in")).unwrap();
    studio.wait("watching", |_| true);
    studio.ends_as_a_conversion();
    fs::write(block(&studio.scene, "dirt.png"), noise(3)).unwrap();
    studio.wait_for_file("written", "dirt.png");
    studio.ends_as_a_conversion();

    // Another folder takes its place at once.
    fs::rename(studio.scene.path("in"), studio.scene.path("old")).unwrap();
    for (name, bytes) in large_pack(3) {
        studio.scene.write(format!("in/{name}"), bytes);
    }
    studio.ends_as_a_conversion();
}

#[test]
fn the_output_may_lie_inside_and_is_never_fed_to_itself() {
    let mut studio = Studio::new(&small_pack(), "--model nearest --scale 2");
    studio.output = "in/build/out";
    studio.scene.write("in/.git/config", "not for players");
    studio.start();
    fs::remove_dir_all(studio.scene.path("in/.git")).unwrap();
    studio.ends_as_a_conversion();
    for seed in 0..3 {
        fs::write(block(&studio.scene, "dirt.png"), noise(seed)).unwrap();
        studio.wait_for_file("written", "dirt.png");
        studio.ends_as_a_conversion();
    }
    assert!(
        !studio
            .output()
            .keys()
            .any(|name| name.contains("out") || name.contains(".git"))
    );
}

#[test]
fn files_of_others_stay() {
    let mut studio = Studio::new(&small_pack(), "--model nearest --scale 2");
    studio.scene.write("out/mine.txt", "mine");
    studio.scene.write("out/LICENSE.txt", "my own");
    studio.scene.write("out/notes/mine.txt", "mine");
    studio.start();
    assert!(
        studio
            .running()
            .heard
            .iter()
            .any(|event| event["event"] == "failed" && event["name"] == "LICENSE.txt")
    );
    fs::remove_dir_all(studio.scene.path("in/notes")).unwrap();
    studio.wait_for_file("removed", "notes/unknown.bin");
    fs::remove_file(studio.scene.path("in/LICENSE.txt")).unwrap();
    fs::write(block(&studio.scene, "dirt.png"), noise(1)).unwrap();
    studio.wait_for_file("written", "dirt.png");
    for name in ["out/mine.txt", "out/notes/mine.txt"] {
        assert_eq!(fs::read_to_string(studio.scene.path(name)).unwrap(), "mine");
    }
    assert_eq!(
        fs::read_to_string(studio.scene.path("out/LICENSE.txt")).unwrap(),
        "my own"
    );

    // Somebody removes the output: it is there again with the next change.
    fs::remove_dir_all(studio.scene.path("out")).unwrap();
    fs::write(block(&studio.scene, "dirt.png"), noise(2)).unwrap();
    studio.ends_as_a_conversion();
}

#[test]
fn polling_finds_the_same() {
    let mut studio = Studio::new(&small_pack(), "--model nearest --scale 2");
    let mut command = studio.command();
    command.args(["--poll", "0.1"]);
    studio.start_as(command);
    studio.wait("up-to-date", |_| true);
    for seed in 0..3 {
        fs::write(block(&studio.scene, "dirt.png"), noise(seed)).unwrap();
        studio.wait_for_file("written", "dirt.png");
    }
    fs::remove_file(block(&studio.scene, "stone.png")).unwrap();
    studio.ends_as_a_conversion();
}

#[test]
#[cfg(target_os = "linux")]
fn without_watches_it_polls_and_says_what_to_do() {
    let mut studio = Studio::new(&small_pack(), "--model nearest --scale 2");
    // In a user namespace of its own a process may lower its limits.
    let script = "echo 2 > /proc/sys/user/max_inotify_watches && exec \"$@\"";
    let unshare = |program: &[&std::ffi::OsStr]| {
        let mut command = Command::new("unshare");
        command
            .args(["-Ur", "sh", "-c", script, "sh"])
            .args(program);
        command
    };
    let possible = unshare(&["true".as_ref()]).stderr(Stdio::null()).status();
    if !possible.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no user namespaces here");
        return;
    }
    let inner = studio.command();
    let program: Vec<&std::ffi::OsStr> = std::iter::once(inner.get_program())
        .chain(inner.get_args())
        .collect();
    let mut command = unshare(&program);
    command.current_dir(inner.get_current_dir().unwrap());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    studio.start_as(command);
    let event = studio.wait("warning", |_| true);
    let message = event["message"].as_str().unwrap();
    assert!(
        message.contains("sysctl fs.inotify.max_user_watches"),
        "{message}"
    );
    let event = studio.wait("watching", |_| true);
    assert_eq!(event["polling"], 1.0);
    fs::write(block(&studio.scene, "dirt.png"), noise(1)).unwrap();
    studio.ends_as_a_conversion();
}

#[test]
fn once_catches_up_and_exits() {
    let studio = Studio::new(&small_pack(), "--model nearest --scale 2");
    let run = |more: &str| {
        let text = format!("watch in -o out --once --model nearest --scale 2 {more}");
        studio.scene.run(&text)
    };
    run("").exits(0).says(&["up to date:"]).prints_nothing();
    assert!(studio.output() == studio.conversion());
    // Nothing is left to do.
    run("").exits(0).says(&["up to date: 0 written"]);
    fs::write(block(&studio.scene, "dirt.png"), "no picture").unwrap();
    run("").exits(1).says(&["block/dirt.png", "1 failed"]);
    fs::remove_file(block(&studio.scene, "dirt.png")).unwrap();
    run("").exits(0).says(&["up to date: 0 written, 1 removed"]);

    // Beside, and called as convert calls it.
    studio
        .scene
        .run("watch in --once --model nearest --scale 2")
        .exits(0);
    assert!(studio.scene.path("in-32x/pack.mcmeta").is_file());

    let refuse = |text: &str, says: &[&str]| {
        studio.scene.run(text).exits(2).says(says);
    };
    refuse("watch nowhere -o out --once", &["nowhere"]);
    refuse(
        "watch in/LICENSE.txt -o out --once",
        &["only a folder can be watched"],
    );
    refuse("watch in -o in --once --model nearest", &["in"]);
    refuse("watch in -o . --once --model nearest", &["contains"]);
    refuse(
        "watch in -o out --once --model no-such-model",
        &["no-such-model"],
    );
}

#[test]
#[cfg(unix)]
fn killed_in_the_middle_it_leaves_nothing_half_written() {
    let mut studio = Studio::new(&large_pack(400), "--model lanczos --iterations 4 --scale 4");
    let command = studio.command();
    studio.start_as(command);
    for _ in 0..3 {
        studio.wait("written", |_| true);
        studio.signal("KILL");
        let found = studio.output();
        assert!(found.keys().any(|name| name.ends_with(".png")));
        assert!(found.len() < 400, "it was too quick to be killed");
        for (name, bytes) in found.iter().filter(|(name, _)| name.ends_with(".png")) {
            assert_eq!(size(bytes), (64, 64), "{name}");
        }
        let command = studio.command();
        studio.start_as(command);
    }
    // What was made before it was killed is ours, and goes with its source.
    fs::remove_file(block(&studio.scene, "block_00000.png")).unwrap();
    studio.ends_as_a_conversion();
    let left: Vec<String> = studio.scene.listing("out/.uncanny");
    assert_eq!(left, ["lock", "made.json"]);
}

#[test]
#[cfg(unix)]
fn an_interruption_ends_it() {
    let mut studio = Studio::new(&small_pack(), "--model nearest --scale 2");
    studio.start();
    // One at a time.
    studio
        .scene
        .run("watch in -o out --once --model nearest --scale 2")
        .exits(2)
        .says(&["another `uncanny watch`"]);
    for signal in ["INT", "TERM"] {
        assert_eq!(studio.signal(signal).code(), Some(130));
        let command = studio.command();
        studio.start_as(command);
        studio.wait("up-to-date", |_| true);
    }
    assert!(studio.output() == studio.conversion());
}

/// Whatever happens, in whatever order, and without a pause.
#[test]
fn anything_at_once_ends_as_a_conversion() {
    let mut studio = Studio::new(&small_pack(), "--model lanczos --scale 2");
    studio.start();
    let mut state = 7_u32;
    let mut next = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % below
    };
    let folders = ["block", "item", "block/x", "entity"];
    for round in 0..6 {
        for _ in 0..40 {
            let folder = folders[next(4) as usize];
            let name = format!("in/assets/minecraft/textures/{folder}/t{}.png", next(8));
            let path = studio.scene.path(&name);
            match next(9) {
                0..3 => drop(studio.scene.write(&name, noise(next(50)))),
                3 => {
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    save_by_rename(&path, &noise(next(50)));
                }
                4 => drop(fs::remove_file(&path)),
                5 => drop(fs::rename(
                    &path,
                    path.with_file_name(format!("t{}.png", next(8))),
                )),
                6 => {
                    let text = format!(r#"{{"animation": {{"height": {}}}}}"#, 8 << next(2));
                    studio.scene.write(format!("{name}.mcmeta"), text);
                }
                7 => {
                    let to = path
                        .parent()
                        .unwrap()
                        .with_file_name(format!("f{}", next(3)));
                    let _ = fs::rename(path.parent().unwrap(), to);
                }
                _ => drop(fs::remove_dir_all(path.parent().unwrap())),
            }
        }
        // Something that surely changes, so that there is something to hear.
        fs::write(studio.scene.path("in/LICENSE.txt"), format!("{round}")).unwrap();
        studio.ends_as_a_conversion();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn it_survives_two_thousand_changes() {
    it_survives(20);
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "the same for longer: a minute, or ten on a busy machine"]
fn it_survives_ten_thousand_changes() {
    it_survives(100);
}

/// Memory, descriptors and threads after so many hundreds of changes are what they were after a quarter of them.
#[cfg(target_os = "linux")]
fn it_survives(rounds: u32) {
    const FILES: u32 = 100;
    let mut studio = Studio::new(&large_pack(FILES), "--model nearest --scale 2 --no-cache");
    studio.start();
    let process = PathBuf::from(format!("/proc/{}", studio.running().child.id()));
    let count = |what: &str| fs::read_dir(process.join(what)).unwrap().count();
    let memory = || -> u64 {
        let status = fs::read_to_string(process.join("status")).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let mut changes = 0;
    let mut early = None;
    for round in 1..=rounds {
        let mut waiting: BTreeSet<String> = BTreeSet::new();
        for file in 0..FILES {
            let path = block(&studio.scene, &format!("block_{file:05}.png"));
            let bytes = noise(round * FILES + file);
            match (round + file) % 3 {
                0 => save_by_rename(&path, &bytes),
                _ => fs::write(&path, bytes).unwrap(),
            }
            waiting.insert(format!(
                "assets/minecraft/textures/block/block_{file:05}.png"
            ));
        }
        // One comes and goes each time, so that the pack itself changes too.
        let extra = block(&studio.scene, "extra.png");
        if round % 2 == 0 {
            fs::remove_file(&extra).unwrap();
        } else {
            fs::write(&extra, noise(round)).unwrap();
        }
        while !waiting.is_empty() {
            let event = studio.wait("written", |_| true);
            if waiting.remove(event["name"].as_str().unwrap()) {
                changes += 1;
            }
        }
        studio.running().heard.clear();
        if round == rounds / 4 {
            early = Some((memory(), count("fd"), count("task")));
        }
    }
    studio.wait("up-to-date", |_| true);
    assert_eq!(changes, FILES * rounds);
    let (memory_early, descriptors, threads) = early.unwrap();
    eprintln!(
        "after {} and {changes} changes: {memory_early} and {} KiB, {descriptors} and {} descriptors, {threads} and {} threads",
        changes / 4,
        memory(),
        count("fd"),
        count("task"),
    );
    assert_eq!(count("fd"), descriptors);
    assert_eq!(count("task"), threads);
    assert!(
        memory() < memory_early + (16 << 10),
        "{memory_early} KiB became {} KiB",
        memory()
    );
    studio.ends_as_a_conversion();
}

#[test]
fn a_folder_of_pictures_and_sheets_is_followed() {
    let mut studio = Studio::new(&[], "--model lanczos --scale 2");
    let sheets = util::root().join("packs/sheets");
    copy_without(&sheets, &studio.scene.path("in"), Path::new(""));
    studio.scene.write("in/ui/button.png", noise(1));
    studio
        .scene
        .write("in/data/levels.json", r#"{"levels": [1, 2]}"#);
    studio.start();
    let as_sheets = |studio: &Studio| {
        let _ = fs::remove_dir_all(studio.scene.path("expected"));
        let mut expected = BTreeMap::new();
        // A picture that several name is the first one's: it comes last, over the others.
        for sheet in [
            "world.ldtk",
            "tiles.tsx",
            "slime.json",
            "slime.aseprite",
            "slime-array.json",
            "level.tmx",
            "atlas.json",
            "atlas-array.json",
        ] {
            let text = format!("sheet in/{sheet} -o expected --force --model lanczos --scale 2");
            studio.scene.run(&text).exits(0);
        }
        let root = studio.scene.path("expected");
        collect(&root, &root, &mut expected);
        expected
    };
    let compare = |studio: &Studio, expected: &BTreeMap<String, Vec<u8>>| {
        let found = studio.output();
        assert!(expected.len() > 9, "{:?}", expected.keys());
        for (name, bytes) in expected {
            assert!(found.get(name) == Some(bytes), "{name}");
        }
        found
    };
    let found = compare(&studio, &as_sheets(&studio));
    assert_eq!(size(&found["ui/button.png"]), (32, 32));
    let icons = fs::read(studio.scene.path("in/icons.png")).unwrap();
    let (width, height) = size(&icons);
    assert_eq!(size(&found["icons.png"]), (2 * width, 2 * height));
    for name in ["LICENSE", "data/levels.json"] {
        assert!(found[name] == fs::read(studio.scene.path("in").join(name)).unwrap());
    }

    // A picture of a sheet, its text, and a sheet that is broken for a while.
    let atlas = fs::read(studio.scene.path("in/atlas.png")).unwrap();
    let (width, height) = size(&atlas);
    let new = png(width, height, |x, y| {
        [(x * 3) as u8, (y * 5) as u8, 60, 255]
    });
    save_by_rename(&studio.scene.path("in/atlas.png"), &new);
    studio.wait_for_file("written", "atlas.png");
    studio.wait("up-to-date", |_| true);
    compare(&studio, &as_sheets(&studio));
    let slime = studio.scene.path("in/slime.json");
    let text = fs::read_to_string(&slime).unwrap();
    let before = fs::read(studio.scene.path("out/slime.json")).unwrap();
    fs::write(&slime, &text[..text.len() / 2]).unwrap();
    studio.wait_for_file("failed", "slime.json");
    assert!(fs::read(studio.scene.path("out/slime.json")).unwrap() == before);
    save_by_rename(&slime, text.replace("120", "130").as_bytes());
    studio.wait_for_file("written", "slime.json");
    compare(&studio, &as_sheets(&studio));
    fs::remove_file(studio.scene.path("in/ui/button.png")).unwrap();
    studio.wait_for_file("removed", "ui/button.png");

    // It becomes a pack.
    studio.scene.write("in/pack.mcmeta", &small_pack()[0].1);
    studio.scene.write(format!("{BLOCKS}/stone.png"), noise(2));
    studio.ends_as_a_conversion();
}
