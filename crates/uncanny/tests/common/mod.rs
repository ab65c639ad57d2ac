//! Packs made for tests, and ways to look at results.
#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::thread::{self, ThreadId};

use uncanny::{
    Baselines, Cache, Config, Error, Event, ModelError, Models, Options, Outcome, Plan, Report,
    Run, run,
};
use uncanny_pack::{Pack, PackFormat, PackLimits, Rules};
use uncanny_texture::{
    DecodeLimits, Lanczos, RgbPlanes, RgbaImage, Scale, TileEdges, Tiling, UpscaleError, Upscaler,
    decode, encode,
};

pub const BLOCKS: &str = "assets/minecraft/textures/block";

/// A pack's files in order.
pub type Files = Vec<(String, Vec<u8>)>;

pub fn scale(factor: u32) -> Scale {
    Scale::new(factor).unwrap()
}

/// A picture like no other: blotches of a few colours, opaque.
pub fn picture(seed: u32, width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| {
        let mut state = seed.wrapping_mul(0x9E37_79B9)
            ^ (x / 2).wrapping_mul(0x85EB_CA6B)
            ^ (y / 2).wrapping_mul(0xC2B2_AE35);
        state ^= state >> 15;
        state = state.wrapping_mul(0x2C1B_3C6D);
        state ^= state >> 12;
        let shade = (state % 5 * 40) as u8;
        [shade, 200 - shade, (seed % 200) as u8, 255].into()
    })
}

pub fn png(seed: u32, width: u32, height: u32) -> Vec<u8> {
    encode(&picture(seed, width, height)).unwrap()
}

pub fn image(png: &[u8]) -> RgbaImage {
    decode(png, &DecodeLimits::default()).unwrap().image
}

pub fn file(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> (String, Vec<u8>) {
    (name.into(), bytes.into())
}

pub fn meta() -> (String, Vec<u8>) {
    file(
        "pack.mcmeta",
        r#"{"pack": {"pack_format": 34, "description": "made by a test"}}"#,
    )
}

/// A small pack with a bit of everything; the sidecar stands before its texture.
pub fn small() -> Files {
    vec![
        meta(),
        file("pack.png", png(1, 64, 64)),
        file("assets/minecraft/lang/en_us.json", r#"{"a": "b"}"#),
        file(
            format!("{BLOCKS}/fire_0.png.mcmeta"),
            r#"{ "animation": {"frametime": 2, "width": 16, "height": 16} }"#,
        ),
        file(format!("{BLOCKS}/dirt.png"), png(2, 16, 16)),
        file(format!("{BLOCKS}/fire_0.png"), png(3, 16, 64)),
        file(
            format!("{BLOCKS}/grey.png"),
            encode(&RgbaImage::from_fn(16, 16, |x, y| {
                let value = (x * 7 + y * 5) as u8;
                [value, value, value, 255].into()
            }))
            .unwrap(),
        ),
        file(
            format!("{BLOCKS}/plain.png"),
            encode(&RgbaImage::from_pixel(16, 16, [9, 8, 7, 255].into())).unwrap(),
        ),
        file(
            "assets/minecraft/textures/item/apple.png",
            encode(&RgbaImage::from_fn(16, 16, |x, y| {
                let inside = (4..12).contains(&x) && (4..12).contains(&y);
                [
                    200,
                    (x * 10) as u8,
                    (y * 10) as u8,
                    if inside { 255 } else { 0 },
                ]
                .into()
            }))
            .unwrap(),
        ),
        file("assets/minecraft/sounds/empty.ogg", *b"OggS\0\x01"),
        file("notes/readme.txt", "hello"),
    ]
}

pub fn write_zip(path: &Path, files: &Files) {
    let mut zip = zip::ZipWriter::new(File::create(path).unwrap());
    for (name, bytes) in files {
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

pub fn write_folder(path: &Path, files: &Files) {
    for (name, bytes) in files {
        let path = path.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

pub fn read_zip(path: &Path) -> Files {
    let mut zip = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
    (0..zip.len())
        .map(|at| {
            let mut entry = zip.by_index(at).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (entry.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

pub fn read_folder(path: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, at: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                let name = path
                    .strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .replace('\\', "/");
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(path, path, &mut found);
    found
}

/// Lanczos that fails at any batch with pure magenta in it, and counts what it sees.
pub struct Fussy {
    pub model: FussyLanczos,
}

pub struct FussyLanczos {
    lanczos: Lanczos,
    pub tiles: usize,
    pub batches: Vec<usize>,
    /// Who asked it last.
    pub thread: Option<ThreadId>,
    pub batch: usize,
    pub dead: bool,
}

impl Fussy {
    pub fn new(factor: u32) -> Self {
        let lanczos = Lanczos::new(scale(factor));
        Self {
            model: FussyLanczos {
                lanczos,
                tiles: 0,
                batches: Vec::new(),
                thread: None,
                batch: 8,
                dead: false,
            },
        }
    }
}

impl Models for Fussy {
    fn resolve(&mut self, name: &str) -> Result<&mut dyn Upscaler, ModelError> {
        if name == "lanczos" {
            Ok(&mut self.model)
        } else {
            Err("no such model".into())
        }
    }
}

impl Upscaler for FussyLanczos {
    fn name(&self) -> &str {
        "lanczos"
    }
    fn fingerprint(&self) -> [u8; 32] {
        self.lanczos.fingerprint()
    }
    fn scale(&self) -> Scale {
        self.lanczos.scale()
    }
    fn tiling(&self) -> Tiling {
        self.lanczos.tiling()
    }
    fn batch(&self) -> usize {
        self.batch
    }
    fn upscale(
        &mut self,
        tiles: &[RgbPlanes],
        edges: TileEdges,
    ) -> Result<Vec<RgbPlanes>, UpscaleError> {
        let magenta = |tile: &RgbPlanes| {
            (0..tile.plane(0).len()).any(|at| {
                [tile.plane(0)[at], tile.plane(1)[at], tile.plane(2)[at]] == [1.0, 0.0, 1.0]
            })
        };
        if self.dead || tiles.iter().any(magenta) {
            return Err(UpscaleError::new("the device dislikes magenta"));
        }
        self.tiles += tiles.len();
        self.batches.push(tiles.len());
        self.thread = Some(thread::current().id());
        self.lanczos.upscale(tiles, edges)
    }
}

pub fn with_magenta(mut picture: RgbaImage) -> Vec<u8> {
    picture.put_pixel(3, 3, [255, 0, 255, 255].into());
    encode(&picture).unwrap()
}

/// Options from the text of an `uncanny.toml`, with lanczos unless it names a model.
pub fn options(toml: &str) -> Options {
    let mut file = Config::parse(toml, Path::new("uncanny.toml")).unwrap();
    file.model.get_or_insert_with(|| "lanczos".to_owned());
    Options::new(Config::default(), file).unwrap()
}

pub struct Job<'a> {
    pub input: &'a Path,
    pub output: &'a Path,
    pub options: Options,
    pub cache: Option<&'a Cache>,
    pub cancel: &'a AtomicBool,
    pub events: &'a (dyn Fn(Event) + Sync),
}

impl Job<'_> {
    pub fn run(&self, models: &mut dyn Models) -> Result<Report, Error> {
        let pack = Pack::open(self.input, &PackLimits::default()).unwrap();
        let rules = Rules::read(&pack);
        let plan = Plan::new(&pack, &rules, &self.options, models)?;
        let zip = self.output.extension().is_some();
        run(Run {
            pack: &pack,
            rules: &rules,
            plan: &plan,
            models,
            cache: self.cache,
            output: self.output,
            format: if zip {
                PackFormat::Zip
            } else {
                PackFormat::Folder
            },
            force: false,
            device: "test",
            cancel: self.cancel,
            events: self.events,
        })
    }
}

/// Converts with lanczos and nobody listening.
pub fn convert(input: &Path, output: &Path, toml: &str, factor: u32) -> Report {
    uncanny::convert(
        input,
        output,
        &options(toml),
        &mut Baselines::new(scale(factor)),
        None,
    )
    .unwrap()
}

pub fn plan(input: &Path, toml: &str, factor: u32) -> Plan {
    let pack = Pack::open(input, &PackLimits::default()).unwrap();
    Plan::new(
        &pack,
        &Rules::read(&pack),
        &options(toml),
        &mut Baselines::new(scale(factor)),
    )
    .unwrap()
}

pub fn outcome(report: &Report, name: &str) -> Outcome {
    row(report, name).0
}

pub fn row<'a>(report: &'a Report, name: &str) -> (Outcome, &'a str) {
    let row = report
        .rows
        .iter()
        .find(|row| row.name.ends_with(name))
        .unwrap_or_else(|| panic!("no row {name}"));
    (row.outcome, &row.why)
}

/// The real packs, when they are at hand.
pub fn real_packs() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/packs");
    if folder.is_dir() {
        Some(folder)
    } else {
        eprintln!("skipped: no ../shared/packs");
        None
    }
}
