//! From what was typed to what is meant: settings files, the folder of the cache, names of models.
//! Everything is resolved once, here, before the work starts.

use std::io;
use std::path::{Path, PathBuf};

use uncanny::{Cache, Config, Options};
use uncanny_registry::Catalogue;
use uncanny_texture::input::{MAX_TEXT_FILE, read_regular_text};

use crate::args::EnhanceArgs;
use crate::error::Error;

/// The settings file that is found without being named.
const CONFIG: &str = "uncanny.toml";

/// Lays the flags over the settings file over the defaults.
///
/// # Errors
///
/// When a settings file was named and cannot be read, or when one is refused.
pub(crate) fn resolve(args: &EnhanceArgs) -> Result<Options, Error> {
    let flags = Config {
        model: args.model.clone(),
        scale: args.scale,
        reach: args.reach,
        fidelity: args.fidelity,
        preblur: args.preblur,
        iterations: args.iterations,
        dream: args.dream,
        max_size: args.max_size,
        only: args.only.clone(),
        skip: args.skip.clone(),
        rules: Vec::new(),
    };
    let file = match &args.config {
        Some(path) => read(path)?,
        None => match read(Path::new(CONFIG)) {
            Err(Error::ReadConfig { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Config::default()
            }
            found => found?,
        },
    };
    Ok(Options::new(flags, file)?)
}

/// The settings file that is used when none is named, if it is there.
pub(crate) fn found_config() -> Option<PathBuf> {
    Path::new(CONFIG).is_file().then(|| PathBuf::from(CONFIG))
}

/// The settings file that counts, whether or not it is there, its folder's links resolved; `None` where the folder
/// is not there either.
pub(crate) fn settings_file(args: &EnhanceArgs) -> Option<PathBuf> {
    let path = args.config.as_deref().unwrap_or(Path::new(CONFIG));
    let folder = crate::naming::folder_of(path).canonicalize().ok()?;
    Some(folder.join(path.file_name()?))
}

fn read(path: &Path) -> Result<Config, Error> {
    let text = read_regular_text(path, MAX_TEXT_FILE).map_err(|source| Error::ReadConfig {
        path: path.to_owned(),
        source,
    })?;
    let mut config = Config::parse(&text, path).map_err(uncanny::Error::from)?;
    tracing::info!("settings from {}", path.display());
    // Checkpoints named in a file are found from where the file is, not from where the user stands.
    let folder = path.parent().unwrap_or(Path::new(""));
    let named = config
        .rules
        .iter_mut()
        .map(|rule| &mut rule.model)
        .chain([&mut config.model]);
    let catalogue = Catalogue::of_user();
    for model in named.flatten() {
        *model = catalogue.seen_from(folder, model);
    }
    Ok(config)
}

/// The folder of the cache: as given, or where the system keeps such things.
pub(crate) fn cache_folder(given: Option<&PathBuf>) -> Option<PathBuf> {
    match given {
        Some(folder) => Some(folder.clone()),
        None => Cache::folder_of_user(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn checkpoints_named_in_a_file_are_found_from_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.toml");
        let text = "model = 'faces'\n[[rule]]\nmatch = '**'\nmodel = 'nets/rrdb.pth'\n";
        fs::write(&path, text).unwrap();
        let config = read(&path).unwrap();
        assert_eq!(config.model.as_deref(), Some("faces"));
        let expected = folder.path().join("nets/rrdb.pth");
        assert_eq!(
            config.rules[0].model.as_deref().map(Path::new),
            Some(expected.as_path())
        );
    }

    #[test]
    fn a_settings_file_that_was_named_must_be_there() {
        let args = EnhanceArgs {
            config: Some(PathBuf::from("no/such.toml")),
            ..EnhanceArgs::default()
        };
        assert!(matches!(resolve(&args), Err(Error::ReadConfig { .. })));
    }
}
