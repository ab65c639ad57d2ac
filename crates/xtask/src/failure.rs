//! What went wrong and what to do about it: xtask's one error type.

use std::fmt;
use std::io;
use std::path::Path;

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// A message for a person, with a remedy where there is one.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) what: String,
    pub(crate) help: String,
}

impl Failure {
    pub(crate) fn new(what: impl Into<String>, help: impl Into<String>) -> Failure {
        let (what, help) = (what.into(), help.into());
        Failure { what, help }
    }

    /// A file operation that the operating system refused.
    pub(crate) fn io(doing: &str, path: &Path, error: &io::Error) -> Failure {
        let help = match error.kind() {
            io::ErrorKind::StorageFull => "make room there and run the same command again",
            io::ErrorKind::PermissionDenied if cfg!(windows) => {
                "close the programs that use it and run the same command again"
            }
            io::ErrorKind::PermissionDenied => {
                "check who owns it; another folder can be named with UNCANNY_LIBTORCH"
            }
            _ => "",
        };
        Failure::new(format!("cannot {doing} {}: {error}", path.display()), help)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        if !self.help.is_empty() {
            write!(f, "\nhelp: {}", self.help)?;
        }
        Ok(())
    }
}
