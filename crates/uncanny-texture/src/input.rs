//! Files that somebody named: the one place that opens them for reading.
//!
//! A name may mean anything: a pipe that nobody writes into, a device without an end, a file that grows while it is read.
//! Only a regular file is opened, and only so much of it is read as was agreed on.

use std::fs::{self, File, FileType, Metadata};
use std::io::{self, Read as _};
use std::path::Path;

/// Bytes of a picture, a film that is read whole, or a sheet: 1 GiB.
pub const MAX_PICTURE_FILE: u64 = 1 << 30;

/// Bytes of a text that people write: settings, recipes, cards: 16 MiB.
pub const MAX_TEXT_FILE: u64 = 16 << 20;

/// Opens a regular file.
///
/// # Errors
/// When it is a folder, a pipe, a device or a socket, which the error says with what to do instead, or cannot be opened.
/// Nothing but a regular file is ever opened, so that nothing waits for a pipe's other end.
pub fn open_regular(path: &Path) -> io::Result<File> {
    regular(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    // Somebody may have put something else in its place.
    regular(&file.metadata()?)?;
    Ok(file)
}

/// All bytes of a regular file of at most `limit` bytes.
///
/// # Errors
/// As [`open_regular`], and when it has more. A file that says it has fewer, or that grows, is read to the limit at most.
pub fn read_regular(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = open_regular(path)?;
    let size = file.metadata()?.len();
    let too_large = |found: &str| {
        let why = format!("it has {found} bytes; at most {limit} are read of such a file");
        io::Error::new(io::ErrorKind::FileTooLarge, why)
    };
    if size > limit {
        return Err(too_large(&size.to_string()));
    }
    let mut bytes = Vec::new();
    // What a file says of its size need not be true, but it is mostly.
    bytes.try_reserve_exact(
        usize::try_from(size)
            .unwrap_or(usize::MAX)
            .saturating_add(1),
    )?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(too_large("grown to more"));
    }
    Ok(bytes)
}

/// The same as text.
///
/// # Errors
/// As [`read_regular`], and when it is not UTF-8.
pub fn read_regular_text(path: &Path, limit: u64) -> io::Result<String> {
    String::from_utf8(read_regular(path, limit)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not text in UTF-8"))
}

fn regular(about: &Metadata) -> io::Result<()> {
    if about.is_file() {
        return Ok(());
    }
    if about.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::IsADirectory,
            "it is a folder, where a file is wanted",
        ));
    }
    let what = special(about.file_type());
    let why = format!("it is {what}, not a file; save what it gives into a file, and name that");
    Err(io::Error::new(io::ErrorKind::InvalidInput, why))
}

#[cfg(unix)]
fn special(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    if kind.is_fifo() {
        "a pipe"
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "something else"
    }
}

#[cfg(not(unix))]
fn special(_kind: FileType) -> &'static str {
    "something else"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_much_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read_regular(&path, 5).unwrap(), b"12345");
        let error = read_regular(&path, 4).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert!(error.to_string().contains("5 bytes; at most 4"), "{error}");
        fs::write(&path, [0xff]).unwrap();
        assert!(read_regular_text(&path, 5).is_err());
        assert!(read_regular(&folder.path().join("none"), 5).is_err());
    }

    #[test]
    fn a_folder_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let error = read_regular(folder.path(), 5).unwrap_err();
        assert!(error.to_string().contains("it is a folder"), "{error}");
    }

    /// The kernel says that these have no bytes at all.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_says_it_is_empty_is_read_to_the_limit() {
        let status = Path::new("/proc/self/status");
        assert!(!read_regular(status, 1 << 20).unwrap().is_empty());
        let error = read_regular(status, 10).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }

    #[cfg(unix)]
    #[test]
    fn a_device_or_a_socket_is_never_opened() {
        let error = read_regular(Path::new("/dev/zero"), 5).unwrap_err();
        assert!(error.to_string().contains("it is a device"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let error = read_regular(&path, 5).unwrap_err();
        assert!(error.to_string().contains("it is a socket"), "{error}");
    }
}
