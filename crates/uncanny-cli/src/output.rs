//! What a command hands out: data on standard output, and small files, complete or not at all.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::Error;

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

/// A temporary file beside `path`. It becomes `path` when it is persisted, and goes when it is dropped.
///
/// # Errors
///
/// When the folder cannot be written to.
pub(crate) fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    // As any program makes files; the user's umask takes away what it takes away.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder.unwrap_or(Path::new(".")))
}

/// Writes a small file by renaming a temporary one beside it. What was there is replaced.
///
/// # Errors
///
/// When the folder cannot be written to.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_with(path, |file| file.write_all(bytes))
}

/// Writes a file through `fill` by renaming a temporary one beside it. What was there is replaced.
///
/// # Errors
///
/// When the folder cannot be written to, or `fill` fails.
pub(crate) fn write_with(
    path: &Path,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), Error> {
    let write = || -> io::Result<()> {
        let mut file = temporary(path)?;
        fill(file.as_file_mut())?;
        file.persist(path)?;
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

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
