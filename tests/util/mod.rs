//! What every end-to-end test needs: a folder of its own, the real binary, packs to feed it and a
//! way to look inside what came out.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses its own part of this"
)]

use std::fs;
use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use image::{Rgba, RgbaImage};
use uncanny_model::checkpoint;

/// A temporary folder in which the binary runs, with a cache and settings of its own.
pub struct Scene {
    folder: tempfile::TempDir,
}

/// What a finished process left behind.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Scene {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("uncanny-test-")
            .tempdir()
            .expect("a temporary folder");
        Self { folder }
    }

    /// A path in the scene.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, with the folders it needs, and returns its path.
    pub fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// The command, ready to be given arguments. Nothing of the caller's own settings leaks in.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_uncanny"));
        command
            .current_dir(self.folder.path())
            .env("UNCANNY_CACHE_DIR", self.path("cache"))
            .env("UNCANNY_MODELS", self.path("models"))
            .env_remove("UNCANNY_LOG")
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .env_remove("FORCE_COLOR")
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end. `arguments` are separated by blanks.
    pub fn run(&self, arguments: &str) -> Outcome {
        self.run_with(&arguments.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs the binary to its end with arguments that may hold blanks.
    pub fn run_with(&self, arguments: &[&str]) -> Outcome {
        Outcome::from(
            self.command()
                .args(arguments)
                .output()
                .expect("the binary starts"),
        )
    }

    /// The names in a folder of the scene (`""` is the scene itself), sorted.
    pub fn listing(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.path(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }
}

impl Outcome {
    /// Asserts the exit status and hands the outcome on.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "unexpected exit status\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Asserts that standard error holds each of `parts`.
    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Self {
        // Long messages are wrapped for reading; what they say is the same.
        let said = self.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in parts {
            assert!(
                said.contains(part),
                "no {part:?} in standard error:\n{}",
                self.stderr
            );
        }
        self
    }

    /// Asserts that nothing was written to standard output.
    #[track_caller]
    pub fn prints_nothing(self) -> Self {
        assert_eq!(self.stdout, "", "standard output is for data");
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("standard output is not JSON ({error}):\n{}", self.stdout),
        }
    }
}

/// The workspace's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// A pack as a list of names and bytes, in order.
pub type Files = Vec<(String, Vec<u8>)>;

/// A zip of `files`, in their order. A name that ends in `/` is a folder.
pub fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, bytes) in files {
        if name.ends_with('/') {
            writer.add_directory(name.as_str(), options).unwrap();
        } else {
            writer.start_file(name.as_str(), options).unwrap();
            writer.write_all(bytes).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

/// What a zip holds, in its order.
#[track_caller]
pub fn unzip(path: &Path) -> Files {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (file.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

/// The bytes of one file of a pack.
#[track_caller]
pub fn file<'a>(files: &'a Files, name: &str) -> &'a [u8] {
    match files.iter().find(|(each, _)| each == name) {
        Some((_, bytes)) => bytes,
        None => panic!("no {name} among {:?}", names(files)),
    }
}

/// The names of a pack's files, in order.
pub fn names(files: &Files) -> Vec<&str> {
    files.iter().map(|(name, _)| name.as_str()).collect()
}

/// A PNG of `width` x `height` pixels given by `pixel`.
pub fn png(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 4]) -> Vec<u8> {
    let image = RgbaImage::from_fn(width, height, |x, y| Rgba(pixel(x, y)));
    let mut bytes = Vec::new();
    image
        .write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Png)
        .unwrap();
    bytes
}

/// A 16x16 block texture, different for each `seed`, with no flat area to make it easy.
pub fn noise(seed: u32) -> Vec<u8> {
    png(16, 16, |x, y| {
        let mut hash =
            (seed ^ 0x9e37_79b9).wrapping_mul(0x85eb_ca6b) ^ (y * 16 + x).wrapping_mul(0xc2b2_ae35);
        hash ^= hash >> 13;
        hash = hash.wrapping_mul(0x27d4_eb2f);
        hash ^= hash >> 15;
        let [r, g, b, _] = hash.to_le_bytes();
        [r, g, b, 255]
    })
}

/// Width and height of a PNG.
#[track_caller]
pub fn size(png: &[u8]) -> (u32, u32) {
    let image =
        image::load_from_memory_with_format(png, image::ImageFormat::Png).expect("a valid PNG");
    (image.width(), image.height())
}

/// The smallest pack that has everything the tests talk about: blocks, an animated one, a plant, an
/// item, text, a sound that is none, and a picture that no rule may touch.
pub fn small_pack() -> Files {
    let opaque = |r: u8, g: u8, b: u8| {
        png(16, 16, move |x, y| {
            let shade = (x * 5 + y * 3) as u8;
            [
                r.saturating_add(shade),
                g.saturating_add(shade),
                b.saturating_add(shade),
                255,
            ]
        })
    };
    let plant = png(16, 16, |x, y| {
        if (x + y) % 3 == 0 && y > 2 {
            [30, 160, 40, 255]
        } else {
            [0, 0, 0, 0]
        }
    });
    let strip = png(16, 64, |x, y| {
        [40, (y * 3) as u8, 200_u8.saturating_sub((x * 4) as u8), 255]
    });
    let textures = "assets/minecraft/textures";
    vec![
        (
            "pack.mcmeta".into(),
            br#"{"pack":{"pack_format":15,"description":"A test"}}"#.to_vec(),
        ),
        ("LICENSE.txt".into(), b"Made for a test; CC0.\n".to_vec()),
        (format!("{textures}/block/stone.png"), opaque(90, 90, 95)),
        (format!("{textures}/block/dirt.png"), opaque(120, 80, 50)),
        (format!("{textures}/block/fern.png"), plant),
        (format!("{textures}/block/magma.png"), strip),
        (
            format!("{textures}/block/magma.png.mcmeta"),
            br#"{ "animation": { "frametime": 8, "width": 16, "height": 16 } }"#.to_vec(),
        ),
        (format!("{textures}/item/apple.png"), opaque(180, 30, 30)),
        (
            format!("{textures}/colormap/grass.png"),
            png(256, 256, |x, y| [x as u8, y as u8, 40, 255]),
        ),
        (
            "assets/minecraft/lang/en_us.json".into(),
            br#"{"block.minecraft.stone":"Stone"}"#.to_vec(),
        ),
        (
            "assets/minecraft/sounds/pop.ogg".into(),
            vec![0x4f, 0x67, 0x67, 0x53, 0, 1, 2, 3],
        ),
        ("notes/".into(), Vec::new()),
        ("notes/unknown.bin".into(), (0..=255).collect()),
    ]
}

/// A pack that keeps a processor busy for a while: `count` different blocks.
pub fn large_pack(count: u32) -> Files {
    let mut files = vec![(
        "pack.mcmeta".to_owned(),
        br#"{"pack":{"pack_format":15,"description":"Many blocks"}}"#.to_vec(),
    )];
    files.extend((0..count).map(|seed| {
        (
            format!("assets/minecraft/textures/block/block_{seed:05}.png"),
            noise(seed),
        )
    }));
    files
}

/// A safetensors file of tensors whose values look random, from -reach to reach.
pub fn weights(tensors: &[(String, Vec<usize>, f32)]) -> Vec<u8> {
    let mut state = checkpoint::StateDict::new();
    for (name, shape, reach) in tensors {
        let share = |i: u32| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32;
        let count = shape.iter().product::<usize>() as u32;
        let values: Vec<f32> = (0..count).map(|i| reach * (2.0 * share(i) - 1.0)).collect();
        let data = checkpoint::TensorData::from_f32(shape.clone(), &values);
        state.insert(name.clone(), data.expect("as many values as the shape has"));
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("weights.safetensors");
    checkpoint::write_safetensors(&path, &state, &Default::default(), None).expect("to write it");
    fs::read(path).expect("to read it again")
}

/// VGG16's first ten convolutions, as a file.
pub fn vgg() -> Vec<u8> {
    let convolutions = [
        (0, 3, 64),
        (2, 64, 64),
        (5, 64, 128),
        (7, 128, 128),
        (10, 128, 256),
        (12, 256, 256),
        (14, 256, 256),
        (17, 256, 512),
        (19, 512, 512),
        (21, 512, 512),
    ];
    let tensors = convolutions.iter().flat_map(|&(place, input, out)| {
        let reach = (6.0 / (9 * input) as f32).sqrt();
        [
            (
                format!("features.{place}.weight"),
                vec![out, input, 3, 3],
                reach,
            ),
            (format!("features.{place}.bias"), vec![out], 0.0),
        ]
    });
    weights(&tensors.collect::<Vec<_>>())
}
