//! `uncanny models add FILE|URL`: nothing gets a model's name before it was loaded once.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek as _, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::HumanBytes;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use tracing_indicatif::span_ext::IndicatifSpanExt as _;
use uncanny_model::checkpoint::MAX_FILE;
use uncanny_model::{Device, Network};
use uncanny_pack::problem_on_windows;
use uncanny_registry::{Catalogue, has_extension, name_of};
use uncanny_texture::input::open_regular;

use super::about::{self, About, card_of, hex};
use crate::args::ModelsAddArgs;
use crate::diagnostics::after_output;
use crate::download::{self, Incoming};
use crate::error::Error;
use crate::logging::Talk;
use crate::models;
use crate::{interrupt, progress};

/// What is still being made; no name of a model begins with a dot.
const TEMPORARY: &str = ".uncanny-add-";
/// Between two lines of progress, on a terminal and elsewhere.
const EVERY: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(10)];

pub(super) fn run(
    catalogue: &Catalogue,
    args: &ModelsAddArgs,
    json: bool,
    talk: Talk,
) -> Result<u8, Error> {
    let folder = models::folder(catalogue)?;
    fs::create_dir_all(folder).map_err(failed("create the folder", folder))?;
    sweep(folder);
    let cancel = interrupt::listen();

    // What is known to be refused is refused before anything is fetched.
    let from = args.from.as_str();
    let known = file_name(from).filter(|file| has_extension(Path::new(file)));
    if let Some(called) = args.name.as_ref().or(known.as_ref()) {
        let name = name_for(called);
        keepable(&name)?;
        vacant(catalogue, &name, args.force)?;
    }

    let local = (!download::is_url(from)).then(|| Path::new(from));
    let incoming = match local {
        Some(path) => open(path)?,
        None => download::open(from, args.sha256.is_some(), &cancel)?,
    };
    let file = known.or_else(|| incoming.file_name.clone());
    let called = args.name.as_ref().or(file.as_ref());
    let name = name_for(called.ok_or_else(|| models::Error::NoName {
        from: from.to_owned(),
    })?);
    keepable(&name)?;
    vacant(catalogue, &name, args.force)?;

    let mut temporary = temporary(folder)?;
    let mut progress = Progress::new(talk, &name);
    let sha256 = receive(
        incoming,
        temporary.as_file_mut(),
        from,
        &cancel,
        &mut progress,
    )?;
    if args.sha256.is_some_and(|expected| expected != sha256) {
        return Err(models::Error::Sha256 {
            from: from.to_owned(),
            found: hex(&sha256),
        }
        .into());
    }
    let bytes = read_back(&mut temporary).map_err(failed("read", temporary.path()))?;
    if local.is_none() && bytes.trim_ascii_start().first() == Some(&b'<') {
        // From a server that does not say what it sends.
        return Err(download::Error::WebPage {
            url: from.to_owned(),
        }
        .into());
    }
    let shown = file.as_ref().unwrap_or(&name);
    let programs = args.trust.programs();
    let network = Network::from_bytes_with(shown, &bytes, Device::CPU, programs);
    let network = network.map_err(|source| models::Error::Unusable {
        from: from.to_owned(),
        source,
    })?;
    let extension = extension(file.as_deref().unwrap_or_default(), &bytes);
    let target = folder.join(format!("{name}.{extension}"));
    let card = local.and_then(about::read_card);
    let about = About::of_file(&name, &target, &network, &bytes, card.clone());

    if cancel.load(Ordering::SeqCst) {
        return Err(uncanny::Error::Interrupted.into());
    }
    keep(temporary, &target, args.force)?;
    let mut status = 0;
    if args.force {
        status = after_output(remove_others(catalogue, &name, &target));
    }
    if let Some(card) = card {
        let path = card_of(&target);
        let written = fs::write(&path, card).map_err(failed("write", &path));
        status = status.max(after_output(written));
    }
    if talk != Talk::Quiet {
        // The work is done, whether or not anybody can read of it.
        let _ = writeln!(io::stderr(), "added; use it with `--model {name}`");
    }
    let printed = super::print(json, &about, |out| about.write(out));
    Ok(status.max(after_output(printed)))
}

/// The same name with another extension would make it mean two things.
fn remove_others(catalogue: &Catalogue, name: &str, target: &Path) -> Result<(), Error> {
    for old in catalogue.called(name)? {
        if old.path != target {
            fs::remove_file(&old.path).map_err(failed("remove", &old.path))?;
        }
    }
    Ok(())
}

fn failed<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> models::Error + 'a {
    move |source| models::Error::File {
        doing,
        path: path.to_owned(),
        source,
    }
}

/// What a path or an address calls its file.
fn file_name(from: &str) -> Option<String> {
    if download::is_url(from) {
        return download::file_name(from);
    }
    let name = Path::new(from).file_name()?;
    Some(name.to_string_lossy().into_owned())
}

/// The name of a model whose file is called so, with nothing that a command line would trip over.
fn name_for(file: &str) -> String {
    let path = Path::new(file);
    let stem = match path.file_stem() {
        Some(stem) if has_extension(path) => stem.to_string_lossy(),
        _ => file.into(),
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = stem
        .trim_start_matches('.')
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    if name.is_empty() {
        "model".to_owned()
    } else {
        name
    }
}

/// The extension that the file has or, where it has none, that its contents ask for.
fn extension(file: &str, bytes: &[u8]) -> String {
    let path = Path::new(file);
    match path.extension() {
        Some(extension) if has_extension(path) => extension.to_string_lossy().to_lowercase(),
        _ if bytes.get(8) == Some(&b'{') => "safetensors".to_owned(),
        _ => "pth".to_owned(),
    }
}

/// Refuses a name that some system keeps for itself: a folder of models may move to another one.
fn keepable(name: &str) -> Result<(), models::Error> {
    match problem_on_windows(name) {
        Some(reason) => Err(models::Error::Reserved {
            name: name.to_owned(),
            reason,
        }),
        None => Ok(()),
    }
}

/// Refuses a name that something else has. Some file systems do not tell `a` from `A`, nor do we.
fn vacant(catalogue: &Catalogue, name: &str, force: bool) -> Result<(), Error> {
    let taken = |other: &str| other.eq_ignore_ascii_case(name);
    if Catalogue::built_in().any(|(built_in, _)| taken(built_in)) {
        return Err(models::Error::BuiltIn {
            name: name.to_owned(),
        }
        .into());
    }
    let mut files = catalogue.files()?.into_iter();
    match files.find(|file| taken(&file.name)) {
        Some(file) if !force => Err(models::Error::Exists {
            name: name.to_owned(),
            path: file.path,
        }
        .into()),
        _ => Ok(()),
    }
}

/// A file of this computer, as if it came from afar.
fn open(path: &Path) -> Result<Incoming, Error> {
    if path.is_dir() {
        return Err(uncanny_registry::Error::Folder {
            path: path.to_owned(),
        }
        .into());
    }
    let file = open_regular(path).map_err(failed("read", path))?;
    let length = file.metadata().ok().map(|meta| meta.len());
    Ok(Incoming {
        body: Box::new(file),
        length,
        file_name: file_name(&path.to_string_lossy()),
    })
}

/// A file in the folder that is locked for as long as somebody works on it.
fn temporary(folder: &Path) -> Result<NamedTempFile, models::Error> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY).suffix(".partial");
    #[cfg(unix)]
    {
        // Temporary files are private; a checkpoint is not.
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let file = builder
        .tempfile_in(folder)
        .map_err(failed("write into", folder))?;
    if let Err(error) = file.as_file().lock() {
        tracing::debug!(%error, "files cannot be locked here");
    }
    Ok(file)
}

/// Removes what others left who were killed. What is locked is still being worked on.
fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            continue;
        }
        let path = entry.path();
        let stale = File::open(&path).and_then(|file| match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        });
        if stale.is_ok_and(|stale| stale) && fs::remove_file(&path).is_ok() {
            tracing::debug!(
                "removed {}, left by an interrupted download",
                path.display()
            );
        }
    }
}

/// Writes all that comes into `out` and returns its SHA-256.
fn receive(
    mut incoming: Incoming,
    out: &mut File,
    from: &str,
    cancel: &AtomicBool,
    progress: &mut Progress,
) -> Result<[u8; 32], Error> {
    let too_large = || download::Error::TooLarge {
        from: from.to_owned(),
        limit: MAX_FILE,
    };
    let length = incoming.length;
    if length.is_some_and(|length| length > MAX_FILE) {
        return Err(too_large().into());
    }
    let mut hash = Sha256::new();
    let mut received = 0;
    let mut buffer = vec![0; 64 << 10];
    progress.start(length);
    loop {
        if cancel.load(Ordering::SeqCst) {
            return Err(uncanny::Error::Interrupted.into());
        }
        let broke_off = |source| download::Error::BrokeOff {
            from: from.to_owned(),
            received,
            length,
            source,
        };
        let count = match incoming.body.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // The numbers say it all.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(broke_off(None).into());
            }
            read => read.map_err(|error| broke_off(Some(error)))?,
        };
        if count == 0 {
            if length.is_some_and(|length| length != received) {
                return Err(broke_off(None).into());
            }
            return Ok(hash.finalize().into());
        }
        received += count as u64;
        if received > MAX_FILE {
            return Err(too_large().into());
        }
        hash.update(&buffer[..count]);
        out.write_all(&buffer[..count])
            .map_err(|source| models::Error::File {
                doing: "write what came from",
                path: PathBuf::from(from),
                source,
            })?;
        progress.tell(received);
    }
}

fn read_back(temporary: &mut NamedTempFile) -> io::Result<Vec<u8>> {
    // Through the handle that has the lock: others may not read it on Windows.
    let file = temporary.as_file_mut();
    file.sync_all()?;
    file.rewind()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Gives it its name, complete, at once.
fn keep(temporary: NamedTempFile, target: &Path, force: bool) -> Result<(), models::Error> {
    let kept = if force {
        temporary.persist(target)
    } else {
        temporary.persist_noclobber(target)
    };
    match kept {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(models::Error::Exists {
                name: name_of(target),
                path: target.to_owned(),
            })
        }
        Err(error) => Err(failed("write", target)(error.error)),
    }
}

/// How much has come, for people.
struct Progress {
    talk: Talk,
    what: String,
    length: Option<u64>,
    bar: Option<tracing::Span>,
    begun: Instant,
    told: Instant,
}

impl Progress {
    fn new(talk: Talk, what: &str) -> Self {
        let now = Instant::now();
        Self {
            talk,
            what: what.to_owned(),
            length: None,
            bar: None,
            begun: now,
            told: now,
        }
    }

    fn start(&mut self, length: Option<u64>) {
        self.length = length;
        if self.talk == Talk::Bar {
            // Of unknown length, the bar stays empty.
            self.bar = Some(progress::bar(length.unwrap_or(u64::MAX)));
        }
    }

    fn tell(&mut self, received: u64) {
        let [often, seldom] = EVERY;
        let every = if self.bar.is_some() { often } else { seldom };
        if self.talk == Talk::Quiet || self.told.elapsed() < every {
            return;
        }
        self.told = Instant::now();
        let speed = received as f64 / self.begun.elapsed().as_secs_f64().max(1e-3);
        let of = self
            .length
            .map_or_else(String::new, |length| format!(" of {}", HumanBytes(length)));
        let text = format!(
            "{}: {}{of}, {}/s",
            self.what,
            HumanBytes(received),
            HumanBytes(speed as u64)
        );
        match &self.bar {
            Some(bar) => {
                bar.pb_set_position(received);
                bar.pb_set_message(&text);
            }
            None => {
                let _ = writeln!(io::stderr(), "{text}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_named_for_their_files() {
        for (file, expected) in [
            ("RealESRGAN_x4plus.pth", "RealESRGAN_x4plus"),
            ("4x Über (1).safetensors", "4x_Über__1_"),
            ("net.v2", "net.v2"),
            ("..pth", "model"),
            ("../../x.pth", "x"),
            (".hidden.pth", "hidden"),
        ] {
            assert_eq!(name_for(file), expected, "{file}");
        }
    }

    #[test]
    fn files_without_an_extension_get_one() {
        assert_eq!(extension("a.CKPT", b""), "ckpt");
        assert_eq!(extension("a", b"\x10\0\0\0\0\0\0\0{}"), "safetensors");
        assert_eq!(extension("a.bin", b"PK\x03\x04"), "pth");
    }

    #[test]
    fn only_what_nobody_works_on_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let working = temporary(folder.path()).unwrap();
        let stale = folder.path().join(format!("{TEMPORARY}old.partial"));
        fs::write(&stale, "half").unwrap();
        fs::write(folder.path().join("model.pth"), "whole").unwrap();
        sweep(folder.path());
        assert!(working.path().exists() && !stale.exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
