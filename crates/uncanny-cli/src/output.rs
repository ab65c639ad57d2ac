//! Standard output, which carries data only: tables, JSON, summaries asked for.

use std::io::{self, IsTerminal as _, Write};

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
