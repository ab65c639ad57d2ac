//! What a name means: a model that comes with the library, a checkpoint in the user's folder, or a path. Nothing is loaded.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use uncanny::Classical;
use uncanny_model::{SHIPPED, Shipped};

use crate::Error;

/// The environment variable that names the folder of the user's models.
pub const FOLDER_VARIABLE: &str = "UNCANNY_MODELS";

/// What checkpoints are called; other files in the user's folder are none.
const EXTENSIONS: [&str; 4] = ["safetensors", "pth", "pt", "ckpt"];

/// What a name means.
#[derive(Debug)]
pub enum NamedModel {
    /// One that needs no network.
    Classical(Classical),
    /// A network that comes with the library.
    Shipped(&'static Shipped),
    /// A checkpoint, in the user's folder or elsewhere.
    File(PathBuf),
}

impl NamedModel {
    /// The model of this name that comes with the library.
    fn built_in(name: &str) -> Option<Self> {
        let classical = Classical::find(name).map(Self::Classical);
        classical.or_else(|| Shipped::find(name).map(Self::Shipped))
    }
}

/// All names that mean a model: those that come with the library, and the files of the user's folder, each called by its
/// name with or without its extension. Anything else is a path.
#[derive(Debug, Clone)]
pub struct Catalogue {
    folder: Option<PathBuf>,
}

/// A checkpoint in the user's folder, usable or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFile {
    /// What it is called: its file's name without the extension.
    pub name: String,
    /// The file.
    pub path: PathBuf,
}

impl Catalogue {
    /// With the folder that [`FOLDER_VARIABLE`] names, or the one where the system keeps such things.
    #[must_use]
    pub fn of_user() -> Self {
        use etcetera::BaseStrategy as _;
        let named = std::env::var_os(FOLDER_VARIABLE).filter(|folder| !folder.is_empty());
        let folder = named.map(PathBuf::from).or_else(|| {
            let folders = etcetera::choose_base_strategy().ok()?;
            Some(folders.data_dir().join("uncanny").join("models"))
        });
        Self { folder }
    }

    /// With this folder, whether or not it is there.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            folder: Some(folder.to_owned()),
        }
    }

    /// Where the user's folder is, or would be; `None` where neither the user nor the system names one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The models that come with the library, networks first, and what is said of each.
    pub fn built_in() -> impl Iterator<Item = (&'static str, &'static str)> {
        SHIPPED
            .iter()
            .map(|shipped| (shipped.name, shipped.summary))
            .chain(Classical::ALL.map(|classical| (classical.name(), classical.summary())))
    }

    /// Whether a model that comes with the library is called so.
    #[must_use]
    pub fn is_built_in(name: &str) -> bool {
        NamedModel::built_in(name).is_some()
    }

    /// What is in the user's folder, by name. A folder that is not there holds nothing.
    ///
    /// # Errors
    /// [`Error::ReadFolder`].
    pub fn files(&self) -> Result<Vec<ModelFile>, Error> {
        let Some(folder) = &self.folder else {
            return Ok(Vec::new());
        };
        let failed = |source| Error::ReadFolder {
            path: folder.clone(),
            source,
        };
        let listing = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            listing => listing.map_err(failed)?,
        };
        let mut files = Vec::new();
        for entry in listing {
            let path = entry.map_err(failed)?.path();
            let name = name_of(&path);
            // What begins with a dot is still being made.
            if has_extension(&path) && !name.starts_with('.') && !path.is_dir() {
                files.push(ModelFile { name, path });
            }
        }
        files.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
        Ok(files)
    }

    /// The files of the user's folder that `name` means: by their names, with the extension or without.
    ///
    /// # Errors
    /// [`Error::ReadFolder`].
    pub fn called(&self, name: &str) -> Result<Vec<ModelFile>, Error> {
        let mut files = self.files()?;
        files.retain(|file| file.name == name || file.file_name() == name);
        Ok(files)
    }

    /// The one file of the user's folder that `name` means, if there is one.
    ///
    /// # Errors
    /// [`Error::Ambiguous`] where there are several, and [`Error::ReadFolder`].
    pub fn file(&self, name: &str) -> Result<Option<ModelFile>, Error> {
        let mut files = self.called(name)?;
        if files.len() > 1 {
            return Err(Error::Ambiguous {
                name: name.to_owned(),
                files: files.iter().map(ModelFile::file_name).collect(),
            });
        }
        Ok(files.pop())
    }

    /// What `name` means: a model that comes with the library, one of the user's folder, or else a path.
    ///
    /// # Errors
    /// When it means nothing, a folder, or several files ([`Error::Network`] is none of these: nothing is loaded).
    pub fn find(&self, name: &str) -> Result<NamedModel, Error> {
        if let Some(built_in) = NamedModel::built_in(name) {
            return Ok(built_in);
        }
        if is_plain(name)
            && let Some(file) = self.file(name)?
        {
            return Ok(NamedModel::File(file.path));
        }
        let path = Path::new(name);
        if path.is_dir() {
            Err(Error::Folder {
                path: path.to_owned(),
            })
        } else if path.exists() {
            Ok(NamedModel::File(path.to_owned()))
        } else {
            Err(self.unknown(name))
        }
    }

    /// That nothing is called so, and what there is instead.
    #[must_use]
    pub fn unknown(&self, name: &str) -> Error {
        let ours = Self::built_in().map(|(name, what)| (name.to_owned(), what.to_owned()));
        // A folder that cannot be read has been complained of.
        let own = self.files().unwrap_or_default();
        let own = own
            .into_iter()
            .map(|file| (file.name, file.path.display().to_string()));
        Error::Unknown {
            name: name.to_owned(),
            known: ours.chain(own).collect(),
        }
    }

    /// What a settings file in `folder` means by `model`: a name stays one, a path is found from where the file is and
    /// not from where the user stands.
    #[must_use]
    pub fn seen_from(&self, folder: &Path, model: &str) -> String {
        let is_name = Self::is_built_in(model)
            || is_plain(model) && self.called(model).is_ok_and(|found| !found.is_empty());
        let path = folder.join(model);
        if is_name || is_plain(model) && !has_extension(Path::new(model)) && !path.exists() {
            model.to_owned()
        } else {
            path.to_string_lossy().into_owned()
        }
    }
}

impl ModelFile {
    /// The name of the file, with its extension.
    #[must_use]
    pub fn file_name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Whether a model that comes with the library has its name, so that it is found only by its file's name.
    #[must_use]
    pub fn hidden(&self) -> bool {
        Catalogue::is_built_in(&self.name)
    }
}

/// Whether a file is called as checkpoints are: `.safetensors`, `.pth`, `.pt` or `.ckpt`, in any case.
#[must_use]
pub fn has_extension(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        EXTENSIONS
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    })
}

/// What a model in the user's folder is called: its file's name without the extension.
#[must_use]
pub fn name_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// Whether this may be a name: no way through folders.
fn is_plain(name: &str) -> bool {
    !name.contains(std::path::is_separator)
}
