//! Fetching a file over HTTP: where it comes from, how long it is, what went wrong on the way.
//! The only file that knows ureq.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use ureq::ResponseExt as _;
use ureq::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

/// Longer than this nobody waits for a server to answer, or to go on.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at whether somebody wants us to stop.
const TICK: Duration = Duration::from_millis(100);
/// Bytes that are read at a time, and how many such pieces may wait.
const PIECE: usize = 64 << 10;
const AHEAD: usize = 4;

/// Why a file could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// Neither http nor https.
    #[error("{url} cannot be fetched: only http and https addresses can")]
    Scheme {
        /// The address.
        url: String,
    },
    /// Nobody vouches for what comes from there.
    #[error("{url} is a plain http address: whoever is on the way can change what it gives")]
    Plain {
        /// The address.
        url: String,
    },
    /// The server has no such file, or does not give it.
    #[error("{url} was answered with {status}")]
    Status {
        /// The address.
        url: String,
        /// The status, with its name.
        status: ureq::http::StatusCode,
    },
    /// A page that shows a checkpoint instead of the checkpoint.
    #[error("{url} is a web page, not a checkpoint")]
    WebPage {
        /// The address.
        url: String,
    },
    /// Nobody could be asked.
    #[error("{url} cannot be reached")]
    Unreachable {
        /// The address.
        url: String,
        #[source]
        source: Box<ureq::Error>,
    },
    /// It broke off.
    #[error("{from} broke off after {received} bytes{}", of(*length))]
    BrokeOff {
        /// The file or address.
        from: String,
        /// What had arrived.
        received: u64,
        /// What should have.
        length: Option<u64>,
        #[source]
        source: Option<io::Error>,
    },
    /// More than any checkpoint has.
    #[error("{from} is larger than {limit} bytes: no network is")]
    TooLarge {
        /// The file or address.
        from: String,
        /// The bytes allowed.
        limit: u64,
    },
}

fn of(length: Option<u64>) -> String {
    length.map_or_else(String::new, |length| format!(" of {length}"))
}

/// A file on its way.
pub(crate) struct Incoming {
    /// Its bytes. A read that takes long fails now and then as interrupted, so that whoever reads can give up.
    pub(crate) body: Box<dyn Read>,
    /// How many there will be, where that is known.
    pub(crate) length: Option<u64>,
    /// What the server calls it.
    pub(crate) file_name: Option<String>,
}

/// Whether this is an address rather than a path.
pub(crate) fn is_url(text: &str) -> bool {
    text.contains("://")
}

/// What a server said before the first byte.
struct Head {
    length: Option<u64>,
    file_name: Option<String>,
}

/// Asks for a file, following redirects and `HTTPS_PROXY`, and returns when it begins to arrive. `known`: what the file
/// must be is known, so that it may come over a plain connection.
///
/// The network is waited for on another thread, since nothing else can end that wait before its time: `cancel` is heeded
/// at once.
pub(crate) fn open(
    url: &str,
    known: bool,
    cancel: &AtomicBool,
) -> Result<Incoming, crate::error::Error> {
    let scheme = url.split("://").next().unwrap_or_default();
    let is = |name| scheme.eq_ignore_ascii_case(name);
    let url = url.to_owned();
    match (is("https"), is("http")) {
        (false, false) => return Err(Error::Scheme { url }.into()),
        (false, true) if !known => return Err(Error::Plain { url }.into()),
        _ => {}
    }
    let from = url.clone();
    let (tell, told) = sync_channel(1);
    let (send, pieces) = sync_channel(AHEAD);
    let encrypted = is("https");
    thread::spawn(move || match ask(&url, encrypted) {
        // Whoever gave up listens no more.
        Err(error) => drop(tell.send(Err(error))),
        Ok((head, body)) => {
            if tell.send(Ok(head)).is_ok() {
                pass_on(body, &send);
            }
        }
    });
    loop {
        match told.recv_timeout(TICK) {
            Ok(answer) => {
                let Head { length, file_name } = answer?;
                return Ok(Incoming {
                    length,
                    file_name,
                    body: Box::new(Arriving {
                        pieces,
                        piece: io::Cursor::default(),
                    }),
                });
            }
            Err(RecvTimeoutError::Timeout) if cancel.load(Ordering::SeqCst) => {
                return Err(uncanny::Error::Interrupted.into());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::BrokeOff {
                    from,
                    received: 0,
                    length: None,
                    source: None,
                }
                .into());
            }
        }
    }
}

fn ask(url: &str, encrypted: bool) -> Result<(Head, impl Read + use<>), Error> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .user_agent(concat!("uncanny/", env!("CARGO_PKG_VERSION")))
        .http_status_as_error(false)
        // Who asked for an encrypted address is not sent to a plain one.
        .https_only(encrypted)
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_per_read(Some(PATIENCE))
        .build()
        .into();
    let response = agent.get(url).call().map_err(|source| Error::Unreachable {
        url: url.to_owned(),
        source: Box::new(source),
    })?;
    if !response.status().is_success() {
        return Err(Error::Status {
            url: response.get_uri().to_string(),
            status: response.status(),
        });
    }
    let header = |name| response.headers().get(name)?.to_str().ok();
    if header(CONTENT_TYPE).is_some_and(|kind| kind.trim_start().starts_with("text/html")) {
        return Err(Error::WebPage {
            url: url.to_owned(),
        });
    }
    let file_name = header(CONTENT_DISPOSITION).and_then(disposition);
    let body = response.into_body();
    let head = Head {
        length: body.content_length(),
        file_name,
    };
    Ok((head, body.into_reader()))
}

/// Sends what arrives, and an empty piece after the last.
fn pass_on(mut body: impl Read, pieces: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut piece = vec![0; PIECE];
        let read = match body.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read,
        };
        let last = !matches!(read, Ok(1..));
        let sent = pieces.send(read.map(|count| {
            piece.truncate(count);
            piece
        }));
        if last || sent.is_err() {
            return;
        }
    }
}

/// The pieces that another thread sends.
struct Arriving {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: io::Cursor<Vec<u8>>,
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.piece.read(buffer)?;
        if count > 0 {
            return Ok(count);
        }
        self.piece = io::Cursor::new(match self.pieces.recv_timeout(TICK) {
            Ok(piece) => piece?,
            Err(RecvTimeoutError::Timeout) => return Err(io::ErrorKind::Interrupted.into()),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        });
        self.piece.read(buffer)
    }
}

/// The file name in `attachment; filename="x4.pth"`. The form for other alphabets is left aside:
/// whoever sends it sends this one too.
fn disposition(header: &str) -> Option<String> {
    let name = header.split(';').find_map(|part| {
        let (key, value) = part.split_once('=')?;
        (key.trim().eq_ignore_ascii_case("filename")).then_some(value.trim())
    })?;
    Some(name.trim_matches('"').to_owned())
}

/// What an address calls its file: its last part, without what was asked of it.
pub(crate) fn file_name(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let path = rest.split(['?', '#']).next()?;
    let (_, name) = path.split_once('/')?;
    let name = name.rsplit('/').next()?;
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    (!name.is_empty()).then(|| name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_end_in_the_name_of_their_file() {
        for (url, expected) in [
            ("https://a.b/c/x4.pth", Some("x4.pth")),
            ("https://a.b/x4.pth?download=true#top", Some("x4.pth")),
            ("http://a.b/4x%20%C3%9Cber.pth", Some("4x Über.pth")),
            ("https://a.b/uc?id=12", Some("uc")),
            ("https://a.b/", None),
            ("https://a.b", None),
            ("https://a.b/c/", None),
        ] {
            assert_eq!(file_name(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn servers_may_name_the_file() {
        for (header, expected) in [
            ("attachment; filename=x4.pth", Some("x4.pth")),
            ("attachment; filename=\"x 4.pth\"; size=3", Some("x 4.pth")),
            ("attachment; FileName = \"x4.pth\"", Some("x4.pth")),
            ("inline", None),
        ] {
            assert_eq!(disposition(header).as_deref(), expected, "{header}");
        }
    }

    #[test]
    fn other_addresses_are_refused_before_anything_is_sent() {
        use crate::error::Error as E;
        let refused = |url: &str| {
            assert!(is_url(url));
            open(url, false, &AtomicBool::new(false)).err().unwrap()
        };
        for url in ["ftp://a.b/x4.pth", "file:///x4.pth", "://x"] {
            let error = refused(url);
            assert!(matches!(error, E::Download(Error::Scheme { .. })), "{url}");
        }
        for url in ["http://a.invalid/x4.pth", "HTTP://a.invalid/x4.pth"] {
            let error = refused(url);
            assert!(matches!(error, E::Download(Error::Plain { .. })), "{url}");
        }
        assert!(!is_url("C:\\models\\x4.pth") && !is_url("nets/x4.pth"));
    }
}
