//! Models by name: the classical ones, those that are shipped, checkpoints in the user's folder and
//! paths of others. Loaded when first asked for and kept, so that the rules of one run may use several.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use uncanny::{ModelError, Models};
use uncanny_model::{Device, DeviceChoice, FaceJudge, Network, Programs, SHIPPED, Shipped};
use uncanny_texture::{Judge, Lanczos, Nearest, Reach, Scale, Upscaler, Xbr, reach};

use crate::args::TrustArgs;

/// The models that need no network, and what `--help` says of them.
const CLASSICAL: [(&str, &str); 3] = [
    ("lanczos", "plain resizing, for comparison"),
    ("nearest", "every pixel a square"),
    ("xbr", "pixel art with smooth diagonals, by rules"),
];

/// Names the folder of the user's models.
pub(crate) const VARIABLE: &str = "UNCANNY_MODELS";

/// What checkpoints are called; other files in the user's folder are none.
const EXTENSIONS: [&str; 4] = ["safetensors", "pth", "pt", "ckpt"];

/// A name as alike as this to what was typed may have been meant.
const ALIKE: f64 = 0.8;

/// Why a name means no model, or a model cannot be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// Neither a name nor a file.
    #[error("no model is called {name:?}, nor is there such a file")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names that there are, and what is said of each.
        known: Vec<(String, String)>,
    },
    /// A folder where a checkpoint was expected.
    #[error("{} is a folder, not a checkpoint", path.display())]
    Folder {
        /// What was asked for.
        path: PathBuf,
    },
    /// Several files of one name.
    #[error("{name:?} may be any of {}", files.join(", "))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// The files of the folder that are called so.
        files: Vec<String>,
    },
    /// The system names no folder for data, and no one else did.
    #[error("no folder for models is known on this system")]
    NoFolder,
    /// The user's folder could not be read, made or written to.
    #[error("failed to {doing} {}", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// A name that the program has taken.
    #[error("{name:?} comes with the program")]
    BuiltIn {
        /// The name.
        name: String,
    },
    /// A name that is taken.
    #[error("there is a model called {name:?} already: {}", path.display())]
    Exists {
        /// The name.
        name: String,
        /// Its file.
        path: PathBuf,
    },
    /// A name that no file may have everywhere.
    #[error("{name:?} cannot be the name of a model: on Windows it {reason}")]
    Reserved {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An address that ends in no name.
    #[error("{from} does not say what the model is called")]
    NoName {
        /// The address.
        from: String,
    },
    /// Another file than the one that was meant.
    #[error("{from} is not the file that --sha256 means; its sha256 is {found}")]
    Sha256 {
        /// The file or address.
        from: String,
        /// What it has.
        found: String,
    },
    /// A checkpoint that nothing can be done with.
    #[error("{from} was not added: it cannot be used")]
    Unusable {
        /// The file or address.
        from: String,
        #[source]
        source: uncanny_model::Error,
    },
}

/// What a name means.
#[derive(Debug)]
pub(crate) enum Source {
    /// Plain resizing.
    Lanczos,
    /// Every pixel a square.
    Nearest,
    /// Pixel art with smooth diagonals.
    Xbr,
    /// A network that comes with the program.
    Shipped(&'static Shipped),
    /// A checkpoint, in the user's folder or elsewhere.
    File(PathBuf),
}

impl Source {
    /// The model of this name that comes with the program.
    fn built_in(name: &str) -> Option<Self> {
        match name {
            "lanczos" => Some(Self::Lanczos),
            "nearest" => Some(Self::Nearest),
            "xbr" => Some(Self::Xbr),
            name => Shipped::find(name).map(Self::Shipped),
        }
    }
}

/// The models that come with the program, networks first, and what is said of each.
pub(crate) fn built_in() -> impl Iterator<Item = (&'static str, &'static str)> {
    SHIPPED
        .iter()
        .map(|shipped| (shipped.name, shipped.summary))
        .chain(CLASSICAL)
}

/// The user's own checkpoints: a folder, where each file is a model called by its name without the
/// extension.
#[derive(Debug)]
pub(crate) struct Library {
    folder: Option<PathBuf>,
}

/// A checkpoint in the user's folder, usable or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

impl Library {
    /// The folder that `UNCANNY_MODELS` names, or where the system keeps such things.
    pub(crate) fn of_user() -> Self {
        use etcetera::BaseStrategy as _;
        let named = std::env::var_os(VARIABLE).filter(|folder| !folder.is_empty());
        let folder = named.map(PathBuf::from).or_else(|| {
            let folders = etcetera::choose_base_strategy().ok()?;
            Some(folders.data_dir().join("uncanny").join("models"))
        });
        Self { folder }
    }

    /// Where it is, or would be.
    pub(crate) fn folder(&self) -> Result<&Path, Error> {
        self.folder.as_deref().ok_or(Error::NoFolder)
    }

    /// What is in it, by name. A folder that is not there holds nothing.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>, Error> {
        let Some(folder) = &self.folder else {
            return Ok(Vec::new());
        };
        let failed = |source| Error::File {
            doing: "read the folder",
            path: folder.clone(),
            source,
        };
        let listing = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            listing => listing.map_err(failed)?,
        };
        let mut entries = Vec::new();
        for entry in listing {
            let path = entry.map_err(failed)?.path();
            let name = name_of(&path);
            // What begins with a dot is still being made.
            if has_extension(&path) && !name.starts_with('.') && !path.is_dir() {
                entries.push(Entry { name, path });
            }
        }
        entries.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
        Ok(entries)
    }

    /// The files of this folder that `name` means: by their names, with the extension or without.
    pub(crate) fn called(&self, name: &str) -> Result<Vec<Entry>, Error> {
        let mut entries = self.entries()?;
        entries.retain(|entry| entry.name == name || entry.file_name() == name);
        Ok(entries)
    }

    /// What `name` means: one of ours, one of the folder's, or else a path.
    pub(crate) fn find(&self, name: &str) -> Result<Source, Error> {
        if let Some(source) = Source::built_in(name) {
            return Ok(source);
        }
        let path = Path::new(name);
        if is_plain(name) {
            match self.called(name)?.as_slice() {
                [] => {}
                [entry] => return Ok(Source::File(entry.path.clone())),
                several => {
                    return Err(Error::Ambiguous {
                        name: name.to_owned(),
                        files: several.iter().map(Entry::file_name).collect(),
                    });
                }
            }
        }
        if path.is_dir() {
            Err(Error::Folder {
                path: path.to_owned(),
            })
        } else if path.exists() {
            Ok(Source::File(path.to_owned()))
        } else {
            Err(self.unknown(name))
        }
    }

    /// That nothing is called so, and what there is instead.
    pub(crate) fn unknown(&self, name: &str) -> Error {
        let ours = built_in().map(|(name, what)| (name.to_owned(), what.to_owned()));
        // A folder that cannot be read has been complained of.
        let own = self.entries().unwrap_or_default();
        let own = own
            .into_iter()
            .map(|entry| (entry.name, entry.path.display().to_string()));
        Error::Unknown {
            name: name.to_owned(),
            known: ours.chain(own).collect(),
        }
    }

    /// What a settings file in `folder` means by `model`: a name stays one, a path is found from
    /// where the file is and not from where the user stands.
    pub(crate) fn seen_from(&self, folder: &Path, model: &str) -> String {
        let is_name = Source::built_in(model).is_some()
            || is_plain(model) && self.called(model).is_ok_and(|found| !found.is_empty());
        let path = folder.join(model);
        if is_name || is_plain(model) && !has_extension(Path::new(model)) && !path.exists() {
            model.to_owned()
        } else {
            path.to_string_lossy().into_owned()
        }
    }
}

impl Entry {
    /// The name of the file.
    pub(crate) fn file_name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Whether one of ours has its name, so that it is found only by its file name.
    pub(crate) fn hidden(&self) -> bool {
        Source::built_in(&self.name).is_some()
    }
}

/// Whether a name that comes with the program is meant.
pub(crate) fn is_built_in(name: &str) -> bool {
    Source::built_in(name).is_some()
}

/// Whether a file is called as checkpoints are.
pub(crate) fn has_extension(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        EXTENSIONS
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    })
}

/// What a model in the user's folder is called.
pub(crate) fn name_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// Whether this may be a name: no way through folders.
fn is_plain(name: &str) -> bool {
    !name.contains(std::path::is_separator)
}

/// The names among `known` that may have been meant by `name`, the likeliest first.
pub(crate) fn closest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let name = name.to_lowercase();
    let mut found: Vec<(f64, &str)> = known
        .map(|known| (strsim::jaro_winkler(&name, &known.to_lowercase()), known))
        .filter(|(alike, _)| *alike >= ALIKE)
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().map(|(_, known)| known).take(3).collect()
}

/// The models of one run.
pub(crate) struct Loaded {
    device: DeviceChoice,
    batch: Option<usize>,
    /// What the classical models enlarge by; they have no scale of their own.
    scale: Scale,
    /// How networks of a smaller scale get there; they do not when `None`.
    reach: Option<Reach>,
    /// Names that were typed, together with that their programs may do anything.
    trusted: Vec<String>,
    library: Library,
    found: Option<Device>,
    models: BTreeMap<String, Box<dyn Upscaler>>,
    judge: Option<FaceJudge>,
}

impl Loaded {
    /// Nothing is loaded yet. `scale` is the run's own, if it has one; `reach` is how smaller networks get there.
    pub(crate) fn new(
        device: DeviceChoice,
        batch: Option<usize>,
        scale: Option<Scale>,
        reach: Option<Reach>,
    ) -> Self {
        let scale = scale.unwrap_or_else(|| Scale::new(8).expect("8 is within a scale's limits"));
        Self {
            device,
            batch,
            scale,
            reach,
            trusted: Vec::new(),
            library: Library::of_user(),
            found: None,
            models: BTreeMap::new(),
            judge: None,
        }
    }

    /// Of the models that were typed, programs may do anything, if that was typed too.
    pub(crate) fn trusting<'a>(
        mut self,
        trust: &TrustArgs,
        typed: impl IntoIterator<Item = &'a String>,
    ) -> Self {
        if trust.trust_torchscript {
            self.trusted.extend(typed.into_iter().cloned());
            if self.trusted.is_empty() {
                tracing::warn!(
                    "--trust-torchscript changes nothing: it is about a --model typed beside it"
                );
            }
        }
        self
    }

    /// What the networks run on; `None` while none was asked for.
    pub(crate) fn device(&self) -> Option<Device> {
        self.found
    }

    fn load(&mut self, name: &str) -> Result<Box<dyn Upscaler>, ModelError> {
        let source = self.library.find(name)?;
        let network = match source {
            Source::Lanczos => return Ok(Box::new(Lanczos::new(self.scale))),
            Source::Nearest => return Ok(Box::new(Nearest::new(self.scale))),
            Source::Xbr => return Ok(Box::new(Xbr::new(self.scale))),
            Source::Shipped(shipped) => shipped.load(self.find_device()?)?,
            Source::File(path) => {
                let trusted = self.trusted.iter().any(|typed| typed == name);
                let programs = if trusted {
                    Programs::Trusted
                } else {
                    Programs::Checked
                };
                Network::load_with(&path, self.find_device()?, programs)?
            }
        };
        tracing::debug!(device = %self.find_device()?, network = network.description().architecture, "loaded the model {name:?}");
        let network = match self.batch {
            Some(batch) => network.with_batch(batch),
            None => network,
        };
        Ok(match self.reach {
            Some(how) => reach(Box::new(network), self.scale, how),
            None => Box::new(network),
        })
    }

    fn find_device(&mut self) -> Result<Device, uncanny_model::Error> {
        match self.found {
            Some(device) => Ok(device),
            None => Ok(*self.found.insert(Device::find(self.device)?)),
        }
    }
}

impl Models for Loaded {
    fn resolve(&mut self, name: &str) -> Result<&mut dyn Upscaler, ModelError> {
        if !self.models.contains_key(name) {
            let model = self.load(name)?;
            self.models.insert(name.to_owned(), model);
        }
        Ok(self
            .models
            .get_mut(name)
            .expect("it was inserted above")
            .as_mut())
    }

    fn dreamer(&mut self, name: &str) -> Result<(&mut dyn Upscaler, &mut dyn Judge), ModelError> {
        self.resolve(name)?;
        if self.judge.is_none() {
            self.judge = Some(FaceJudge::shipped(self.find_device()?)?);
        }
        let model = self.models.get_mut(name).expect("it was resolved above");
        let judge = self.judge.as_mut().expect("it was loaded above");
        Ok((model.as_mut(), judge))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library(files: &[&str]) -> (tempfile::TempDir, Library) {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            fs::write(folder.path().join(file), "").unwrap();
        }
        let path = folder.path().to_owned();
        (folder, Library { folder: Some(path) })
    }

    #[test]
    fn the_classical_models_need_no_device() {
        let mut models = Loaded::new(DeviceChoice::Cuda(99), None, Scale::new(4).ok(), None);
        assert_eq!(models.info("lanczos").unwrap().scale.get(), 4);
        assert_eq!(models.info("nearest").unwrap().scale.get(), 4);
        assert_eq!(models.info("xbr").unwrap().scale.get(), 4);
        assert_eq!(models.device(), None);
    }

    #[test]
    fn names_that_mean_nothing_say_so() {
        let mut models = Loaded::new(DeviceChoice::Cpu, None, None, None);
        let error = models.info("facez").unwrap_err();
        assert!(
            matches!(error.downcast_ref(), Some(Error::Unknown { name, .. }) if name == "facez")
        );
        let error = models.info(env!("CARGO_MANIFEST_DIR")).unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(Error::Folder { .. })));
    }

    #[test]
    fn every_built_in_name_is_found() {
        let (_folder, library) = library(&["faces.pth", "nearest.ckpt"]);
        assert!(built_in().count() >= 3);
        for (name, _) in built_in() {
            assert!(!matches!(library.find(name).unwrap(), Source::File(_)));
        }
    }

    #[test]
    fn the_folders_models_are_called_by_their_files() {
        let (folder, library) = library(&[
            "x4.v2.PTH",
            "twice.pth",
            "twice.safetensors",
            "faces.pth",
            "x4.v2.md",
            ".new.pth",
        ]);
        let names: Vec<String> = library
            .entries()
            .unwrap()
            .into_iter()
            .map(|entry| entry.name)
            .collect();
        assert_eq!(names, ["faces", "twice", "twice", "x4.v2"]);
        for name in ["x4.v2", "x4.v2.PTH"] {
            let found = library.find(name).unwrap();
            assert!(
                matches!(found, Source::File(path) if path == folder.path().join("x4.v2.PTH")),
                "{name}"
            );
        }
        assert!(matches!(library.find("faces").unwrap(), Source::Shipped(_)));
        assert!(matches!(
            library.find("faces.pth").unwrap(),
            Source::File(_)
        ));
        let error = library.find("twice").unwrap_err();
        assert!(matches!(error, Error::Ambiguous { files, .. } if files.len() == 2));
        for nothing in ["x4", "v2", "md", "./x4.v2", ".new", ""] {
            assert!(
                matches!(library.find(nothing), Err(Error::Unknown { .. })),
                "{nothing:?}"
            );
        }
        let nowhere = Library {
            folder: Some(folder.path().join("not there")),
        };
        assert_eq!(nowhere.entries().unwrap(), []);
    }

    #[test]
    fn settings_name_models_or_paths_from_where_they_are() {
        let (folder, library) = library(&["mine.pth"]);
        let there = Path::new("settings");
        for name in ["faces", "nearest", "mine", "mine.pth", "no-such-name"] {
            assert_eq!(library.seen_from(there, name), name);
        }
        for path in ["net.pth", "nets/net.pth", "nets/net"] {
            let expected = there.join(path).to_string_lossy().into_owned();
            assert_eq!(library.seen_from(there, path), expected);
        }
        fs::write(folder.path().join("extensionless"), "").unwrap();
        let found = library.seen_from(folder.path(), "extensionless");
        assert_eq!(Path::new(&found), folder.path().join("extensionless"));
    }

    #[test]
    fn the_closest_names_come_first() {
        let known = ["faces", "lanczos", "nearest", "RealESRGAN_x4plus"];
        let closest = |name| closest(name, known.into_iter());
        assert_eq!(closest("facez"), ["faces"]);
        assert_eq!(closest("realesrgan"), ["RealESRGAN_x4plus"]);
        assert_eq!(closest("lanzcos"), ["lanczos"]);
        assert!(closest("ultrasharp").is_empty());
    }
}
