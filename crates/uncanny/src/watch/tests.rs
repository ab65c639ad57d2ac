//! An author who does anything at any time, and what a watch makes of it: in the end, what a conversion makes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use uncanny_texture::{DecodeLimits, RgbaImage, Scale, decode, encode};

use super::notices::Ear;
use super::*;
use crate::{Baselines, Config, convert};
use std::thread;

const DEEDS: usize = 3000;
const TEXTURES: &str = "assets/minecraft/textures";
/// No settling takes so many turns.
const MOST_TURNS: usize = 20_000;

#[test]
fn the_output_and_version_control_are_left_out() {
    let leave_out = leave_out("/pack".as_ref(), "/pack/build/out".as_ref());
    for name in [
        "build/out/",
        "build/out",
        "build/out/a.png",
        ".git/",
        "sub/.git/HEAD",
    ] {
        assert!(leave_out(name), "{name}");
    }
    for name in [
        "build/",
        "build/outside.png",
        "a.png",
        ".gitignore",
        "x.git/",
    ] {
        assert!(!leave_out(name), "{name}");
    }
    let elsewhere = super::leave_out("/pack".as_ref(), "/out".as_ref());
    assert!(!elsewhere("out/a.png"));
}

/// Numbers that are the same for a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as u32 % limit
    }

    fn one_in(&mut self, count: u32) -> bool {
        self.below(count) == 0
    }

    fn one_of<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        &list[self.below(list.len() as u32) as usize]
    }
}

/// Somebody who works on a pack.
struct Author {
    root: PathBuf,
    dice: Dice,
}

impl Author {
    fn new(root: PathBuf, seed: u64) -> Self {
        let author = Self {
            root,
            dice: Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
        };
        fs::create_dir_all(author.root.join(TEXTURES).join("block")).unwrap();
        author.save(
            &author.root.join("pack.mcmeta"),
            br#"{"pack": {"pack_format": 15, "description": "a test"}}"#,
        );
        author
    }

    fn save(&self, path: &Path, bytes: &[u8]) {
        // A folder, or a link to nowhere, may be in the way.
        if let Some(folder) = path.parent() {
            let _ = fs::create_dir_all(folder);
        }
        let _ = fs::write(path, bytes);
    }

    fn folder(&mut self) -> PathBuf {
        let folders = ["block", "block/deep", "item", "entity"];
        self.root.join(TEXTURES).join(self.dice.one_of(&folders))
    }

    fn texture(&mut self) -> PathBuf {
        let number = self.dice.below(7);
        self.folder().join(format!("t{number}.png"))
    }

    fn picture(&mut self) -> Vec<u8> {
        let seed = self.dice.below(40);
        let (width, height) = *self.dice.one_of(&[(8, 8), (16, 16), (8, 32), (16, 24)]);
        let clear = self.dice.one_in(3);
        let image = RgbaImage::from_fn(width, height, |x, y| {
            let shade = (seed * 37 + x * 11 + y * 17) as u8;
            let alpha = if clear && (x + y + seed).is_multiple_of(5) {
                0
            } else {
                255
            };
            [shade, shade.wrapping_mul(3), (seed * 5) as u8, alpha].into()
        });
        encode(&image).unwrap()
    }

    /// A sidecar, whole or not.
    fn sidecar(&mut self) -> Vec<u8> {
        let height = *self.dice.one_of(&[4, 8, 16]);
        let text =
            format!(r#"{{"animation": {{"frametime": 2, "width": 8, "height": {height}}}}}"#);
        self.perhaps_cut(text.into_bytes())
    }

    fn model(&mut self) -> Vec<u8> {
        let parent = *self.dice.one_of(&["block/cross", "block/cube_all"]);
        let number = self.dice.below(7);
        let text = format!(
            r#"{{"parent": "{parent}", "textures": {{"all": "block/t{number}", "cross": "block/t{number}"}}}}"#
        );
        self.perhaps_cut(text.into_bytes())
    }

    fn perhaps_cut(&mut self, mut text: Vec<u8>) -> Vec<u8> {
        if self.dice.one_in(2) {
            let length = self.dice.below(text.len() as u32) as usize;
            text.truncate(length);
        }
        text
    }

    /// Does something. The paths that the system would tell of.
    fn act(&mut self) -> Vec<PathBuf> {
        let path = self.texture();
        let folder = path.parent().unwrap().to_owned();
        match self.dice.below(20) {
            0..4 => {
                let bytes = self.picture();
                self.save(&path, &bytes);
                vec![path]
            }
            // Saved beside, and renamed.
            4 | 5 => {
                let bytes = self.picture();
                let beside = path.with_file_name("new.tmp");
                self.save(&beside, &bytes);
                let _ = fs::rename(&beside, &path);
                vec![beside, path]
            }
            // A part of it: the rest may follow, or not.
            6 | 7 => {
                let bytes = self.picture();
                let length = self.dice.below(bytes.len() as u32) as usize;
                self.save(&path, &bytes[..length]);
                if self.dice.one_in(3) {
                    self.save(&path, &bytes);
                }
                vec![path]
            }
            // All but its last bytes, as some programs leave it.
            8 => {
                let bytes = self.picture();
                self.save(&path, &bytes[..bytes.len() - 12]);
                vec![path]
            }
            9..12 => {
                let path = path.with_extension("png.mcmeta");
                let text = self.sidecar();
                self.save(&path, &text);
                vec![path]
            }
            12 => {
                let number = self.dice.below(4);
                let name = format!("assets/minecraft/models/block/m{number}.json");
                let path = self.root.join(name);
                let text = self.model();
                self.save(&path, &text);
                vec![path]
            }
            13 => {
                let to = self.texture();
                let _ = fs::rename(&path, &to);
                vec![path, to]
            }
            // With its sidecar.
            14 => {
                let to = self.texture();
                let beside = |path: &Path| path.with_extension("png.mcmeta");
                let _ = fs::rename(&path, &to);
                let _ = fs::rename(beside(&path), beside(&to));
                vec![beside(&path), path, beside(&to), to]
            }
            15 => {
                let path = match self.dice.one_in(2) {
                    true => path,
                    false => path.with_extension("png.mcmeta"),
                };
                let _ = fs::remove_file(&path);
                vec![path]
            }
            16 => self.link(path),
            17 => {
                let to = folder.with_file_name(format!("f{}", self.dice.below(3)));
                let _ = match self.dice.one_in(2) {
                    true => fs::rename(&folder, &to),
                    false => fs::rename(&to, &folder),
                };
                vec![folder, to]
            }
            18 if self.dice.one_in(4) => {
                let _ = fs::remove_dir_all(&folder);
                vec![folder]
            }
            18 => {
                let empty = folder.join(format!("empty{}", self.dice.below(2)));
                if fs::create_dir_all(&empty).is_err() || self.dice.one_in(2) {
                    let _ = fs::remove_dir(&empty);
                }
                vec![empty]
            }
            _ => {
                let path = self.root.join("pack.mcmeta");
                let text = br#"{"pack": {"pack_format": 15, "description": "again"}}"#.to_vec();
                let text = self.perhaps_cut(text);
                self.save(&path, &text);
                vec![path]
            }
        }
    }

    /// A link to a texture beside it, to a folder, to nowhere, or out of the pack.
    #[cfg(unix)]
    fn link(&mut self, path: PathBuf) -> Vec<PathBuf> {
        let number = self.dice.below(9);
        let target = match number {
            7 => "..".to_owned(),
            8 => "../../../../../../elsewhere.png".to_owned(),
            number => format!("t{number}.png"),
        };
        let _ = fs::remove_file(&path);
        let _ = std::os::unix::fs::symlink(target, &path);
        vec![path]
    }

    #[cfg(not(unix))]
    fn link(&mut self, path: PathBuf) -> Vec<PathBuf> {
        vec![path]
    }

    /// The pictures that nobody can read.
    fn halves(&self) -> Vec<PathBuf> {
        let pictures = files(&self.root).into_iter().filter(|(name, bytes)| {
            name.ends_with(".png") && decode(bytes, &DecodeLimits::default()).is_err()
        });
        pictures.map(|(name, _)| self.root.join(name)).collect()
    }

    /// Finishes them, since of those a conversion and a watch make different things.
    fn finish(&mut self) -> Vec<PathBuf> {
        let halves = self.halves();
        for path in &halves {
            if self.dice.one_in(4) {
                fs::remove_file(path).unwrap();
            } else {
                let bytes = self.picture();
                fs::write(path, bytes).unwrap();
            }
        }
        // One may have been a link to another one.
        match self.halves().is_empty() {
            true => halves,
            false => halves.into_iter().chain(self.finish()).collect(),
        }
    }
}

/// The files and empty folders of a folder, by name; links are followed to files inside of it.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let walk = uncanny_pack::Listing::of(root, &Default::default(), &|_| false).unwrap();
    for at in 0..walk.len() {
        // What goes while we look was never there.
        if let Ok(bytes) = walk.read(at) {
            found.insert(walk.entry(at).name.clone(), bytes);
        }
    }
    found
}

/// A pack, a watch of it, and somebody who works on it.
struct Studio {
    _folder: tempfile::TempDir,
    input: PathBuf,
    output: PathBuf,
    fresh: PathBuf,
    told: Mutex<Vec<WatchEvent>>,
    cancel: AtomicBool,
}

impl Studio {
    fn new(seed: u64) -> (Self, Author) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("elsewhere.png"), "outside").unwrap();
        let [input, output, fresh] = ["in", "out", "fresh"].map(|name| folder.path().join(name));
        let author = Author::new(input.clone(), seed);
        let studio = Self {
            _folder: folder,
            input,
            output,
            fresh,
            told: Mutex::default(),
            cancel: AtomicBool::new(false),
        };
        (studio, author)
    }

    fn options() -> Options {
        let config = Config {
            model: Some("lanczos".to_owned()),
            ..Config::default()
        };
        Options::new(config, Config::default()).unwrap()
    }

    fn models() -> Baselines {
        Baselines::new(Scale::new(2).unwrap())
    }

    fn output(&self) -> BTreeMap<String, Vec<u8>> {
        let mut found = files(&self.output);
        found.retain(|name, _| !name.starts_with(".uncanny/"));
        found
    }

    /// What a conversion makes of the folder as it is.
    fn conversion(&self) -> BTreeMap<String, Vec<u8>> {
        let _ = fs::remove_dir_all(&self.fresh);
        let (input, fresh) = (&self.input, &self.fresh);
        convert(input, fresh, &Self::options(), &mut Self::models(), None).unwrap();
        files(fresh)
    }

    fn keeper<'a>(&'a self, events: &'a (dyn Fn(WatchEvent) + Sync)) -> Keeper<'a> {
        let watch = Watch {
            input: &self.input,
            output: &self.output,
            force: false,
            options: Self::options(),
            models: Box::new(Self::models()),
            settings: None,
            cache: None,
            cell: None,
            poll: None,
            once: false,
            cancel: &self.cancel,
            events,
        };
        Keeper::new(watch).unwrap()
    }

    fn told(&self) -> Vec<WatchEvent> {
        let mut told = self.told.lock().unwrap();
        told.retain(|event| !matches!(event, WatchEvent::Progress(_)));
        let first = told.len().saturating_sub(40);
        told.split_off(first)
    }
}

/// How two folders differ, if they do.
fn differences(expected: &BTreeMap<String, Vec<u8>>, found: &BTreeMap<String, Vec<u8>>) -> String {
    let mut text = String::new();
    for (name, bytes) in expected {
        match found.get(name) {
            None => text.push_str(&format!("  {name} is missing\n")),
            Some(found) if found != bytes => text.push_str(&format!("  {name} differs\n")),
            Some(_) => {}
        }
    }
    for name in found.keys().filter(|name| !expected.contains_key(*name)) {
        text.push_str(&format!("  {name} is too many\n"));
    }
    text
}

/// A clock on which everything takes a while, looking at it too.
struct Jumpy(Mutex<(Instant, Dice)>);

impl clock::Made for Jumpy {
    fn now(&self) -> Instant {
        let mut guard = self.0.lock().unwrap();
        let (now, dice) = &mut *guard;
        // Mostly little, and now and then as long as a large pack or a busy machine takes.
        let took = match dice.one_in(8) {
            true => dice.below(400),
            false => dice.below(8),
        };
        *now += Duration::from_millis(took.into());
        *now
    }

    fn wait(&self, time: Duration) {
        self.0.lock().unwrap().0 += time;
    }
}

/// Three thousand deeds in made time, in which all waiting takes none: what is heard comes late, in another order, or
/// twice.
fn whatever_happens(seed: u64) {
    let (studio, mut author) = Studio::new(seed);
    let dice = Dice(seed.wrapping_mul(0xD134_2543_DE82_EF95) | 1);
    let clock = Clock::Made(Arc::new(Jumpy(Mutex::new((Instant::now(), dice)))));
    let ear = Ear::new(&clock);
    let events = |event| studio.told.lock().unwrap().push(event);
    let mut keeper = studio.keeper(&events);
    keeper.notices = Some(Notices::of(&ear));
    keeper.clock = clock;
    keeper.look(Batch::default()).unwrap();
    let mut untold: Vec<PathBuf> = Vec::new();
    let mut compared = 0;
    for deed in 1..=DEEDS {
        untold.extend(author.act());
        while !untold.is_empty() && author.dice.one_in(3) {
            let at = author.dice.below(untold.len() as u32) as usize;
            let path = untold[at].clone();
            if !author.dice.one_in(5) {
                untold.swap_remove(at);
            }
            ear.hear(vec![path]);
        }
        for _ in 0..author.dice.below(4) {
            keeper.turn();
        }
        if !author.dice.one_in(60) && deed != DEEDS {
            continue;
        }
        ear.hear(std::mem::take(&mut untold));
        settle(&mut keeper, &studio);
        for half in author.halves() {
            let name = half.strip_prefix(&author.root).unwrap().to_str().unwrap();
            assert!(
                keeper.report.failed.contains_key(name),
                "deed {deed}: {name} is half a picture, and nobody says so"
            );
        }
        for (name, bytes) in studio.output() {
            assert!(
                !name.ends_with(".png") || decode(&bytes, &DecodeLimits::default()).is_ok(),
                "deed {deed}: half of {name} got out"
            );
        }
        ear.hear(author.finish());
        settle(&mut keeper, &studio);
        let differ = differences(&studio.conversion(), &studio.output());
        assert!(
            differ.is_empty(),
            "seed {seed}, deed {deed}:\n{differ}{:#?}",
            studio.told()
        );
        compared += 1;
    }
    assert!(compared > 20, "{compared}");
}

/// Until there is nothing to do.
fn settle(keeper: &mut Keeper<'_>, studio: &Studio) {
    // What was told is heard first.
    for turn in 0.. {
        keeper.turn();
        let heard = keeper.notices.as_ref().is_some_and(Notices::is_waiting);
        if !heard && keeper.is_idle() {
            return;
        }
        assert!(turn < MOST_TURNS, "it never rests: {:#?}", studio.told());
    }
}

#[test]
fn whatever_happens_1() {
    whatever_happens(1);
}

#[test]
fn whatever_happens_2() {
    whatever_happens(2);
}

#[test]
fn whatever_happens_3() {
    whatever_happens(3);
}

/// The same through the system's own notices, in time that runs ten times as fast.
#[test]
fn whatever_happens_is_heard() {
    let (studio, mut author) = Studio::new(4);
    let studio = &studio;
    thread::scope(|scope| {
        let watch = scope.spawn(move || {
            let events = |event| studio.told.lock().unwrap().push(event);
            let mut keeper = studio.keeper(&events);
            keeper.clock = Clock::Fast(Instant::now(), 10);
            keeper.run().unwrap()
        });
        let compare = |author: &mut Author, deed: usize| {
            author.finish();
            let expected = studio.conversion();
            let deadline = Instant::now() + Duration::from_secs(120);
            loop {
                let differ = differences(&expected, &studio.output());
                if differ.is_empty() {
                    return;
                }
                if Instant::now() > deadline || watch.is_finished() {
                    studio.cancel.store(true, Ordering::SeqCst);
                    panic!("deed {deed}:\n{differ}{:#?}", studio.told());
                }
                thread::sleep(Duration::from_millis(20));
            }
        };
        for deed in 1..=DEEDS {
            author.act();
            if author.dice.one_in(20) {
                thread::sleep(Duration::from_millis(author.dice.below(30).into()));
            }
            if deed % 150 == 0 {
                compare(&mut author, deed);
            }
        }
        studio.cancel.store(true, Ordering::SeqCst);
        let report = watch.join().unwrap();
        assert!(report.interrupted && report.written > 500, "{report:?}");
    });
}
