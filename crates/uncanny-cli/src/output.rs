//! What a command hands out: data on standard output, and small files, complete or not at all.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use uncanny_pack::{Unfinished, sweep};

use crate::error::Error;
use crate::naming;

/// Writes data to standard output through `write`. Whoever reads it may stop early
/// (`uncanny plan pack.zip | head`): a broken pipe is a success.
///
/// # Errors
///
/// Any other failure to write, such as a full disk.
pub(crate) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// A place beside `path` for what is to become it. What killed runs left there goes, before the first of a folder.
///
/// # Errors
///
/// When the folder cannot be written to.
pub(crate) fn unfinished(path: &Path) -> io::Result<Unfinished> {
    static SWEPT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let folder = naming::folder_of(path);
    let first = SWEPT
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(folder.clone());
    if first {
        sweep(&folder);
    }
    Unfinished::beside(path)
}

/// Writes a small file beside `path` and puts it there. What was there is replaced.
///
/// # Errors
///
/// When the folder cannot be written to.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_with(path, |file| file.write_all(bytes))
}

/// Writes a file through `fill` beside `path` and puts it there. What was there is replaced.
///
/// # Errors
///
/// When the folder cannot be written to, or `fill` fails.
pub(crate) fn write_with(
    path: &Path,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), Error> {
    let write = || -> io::Result<()> {
        let unfinished = unfinished(path)?;
        fill(&mut File::create_new(unfinished.path())?)?;
        unfinished.put()
    };
    write().map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })
}

/// Prints what was done, as JSON.
///
/// # Errors
///
/// As [`print`].
pub(crate) fn print_json(report: &impl serde::Serialize) -> io::Result<()> {
    let mut json =
        serde_json::to_vec_pretty(report).expect("a report holds nothing that JSON cannot");
    json.push(b'\n');
    print(|out| out.write_all(&json))
}

/// How many columns a table on standard output may take; `None` where nobody counts columns.
pub(crate) fn columns() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let (_, columns) = console::Term::stdout().size_checked()?;
    Some(usize::from(columns))
}

/// `text` cut to `width` characters with an ellipsis: at the front when the end says more, as in a
/// path.
pub(crate) fn fit(text: &str, width: usize, keep_end: bool) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let Some(kept) = width.checked_sub(1) else {
        return String::new();
    };
    if keep_end {
        std::iter::once('…')
            .chain(text.chars().skip(length - kept))
            .collect()
    } else {
        text.chars()
            .take(kept)
            .chain(std::iter::once('…'))
            .collect()
    }
}

/// "1 picture", "2 pictures": for nouns whose plural has an s.
pub(crate) fn counted<N: Display + From<u8> + PartialEq>(count: N, what: &str) -> String {
    let plural = if count == N::from(1) { "" } else { "s" };
    format!("{count} {what}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_have_plurals() {
        let said = [0, 1, 2].map(|count: u64| counted(count, "picture"));
        assert_eq!(said, ["0 pictures", "1 picture", "2 pictures"]);
    }

    #[test]
    fn text_fits_its_column() {
        assert_eq!(fit("block/stone", 20, true), "block/stone");
        assert_eq!(fit("block/stone", 6, true), "…stone");
        assert_eq!(fit("block/stone", 6, false), "block…");
        assert_eq!(fit("größer", 4, false), "grö…");
        assert_eq!(fit("stone", 0, true), "");
        assert_eq!(fit("stone", 1, true), "…");
    }
}
