//! Explains what went wrong: the message, its causes, the place in a settings file, what to do.
//! The only file that knows miette.

use std::fmt;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode,
    SourceSpan,
};

use crate::error::Error;
use crate::{download, logging, models};

/// Tells on standard error why a command could not do its work.
pub(crate) fn show(error: &Error) {
    let theme = match (std::io::stderr().is_terminal(), logging::colours()) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, _) => plain(),
    };
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(theme)
        // A terminal wraps by itself, and then a path copied from it is still whole.
        .with_wrap_lines(false)
        .with_links(false);
    if handler
        .render_report(&mut text, &Explained::new(error))
        .is_err()
    {
        text = format!("error: {error}\n");
    }
    // When standard error is closed, the exit status still tells.
    let _ = std::io::stderr().write_all(text.trim_start_matches('\n').as_bytes());
}

/// The exit status of what is done when the output stands already: a report, a page, a contact sheet, standard output.
/// Tells on standard error why one of them could not be written.
pub(crate) fn after_output<E: Into<Error>>(result: Result<(), E>) -> u8 {
    let Err(error) = result else {
        return 0;
    };
    let error = error.into();
    show(&error);
    error.exit_status_after_output()
}

/// An error and its causes, one after the other.
pub(crate) fn one_line(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// ASCII, for files, pipes and logs.
fn plain() -> GraphicalTheme {
    let mut theme = GraphicalTheme::none();
    theme.characters.error = "error:".to_owned();
    theme
}

/// An error as miette wants to see it.
#[derive(Debug)]
struct Explained<'a> {
    error: &'a Error,
    help: Option<String>,
    place: Option<(NamedSource<String>, LabeledSpan)>,
}

impl<'a> Explained<'a> {
    fn new(error: &'a Error) -> Self {
        Self {
            error,
            help: help(error),
            place: place(error),
        }
    }
}

impl fmt::Display for Explained<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.error {
            // Where the label points says the rest.
            Error::Run(uncanny::Error::Config(error)) if self.place.is_some() => {
                write!(f, "failed to read the settings {}", error.path.display())
            }
            // The library's messages are fragments.
            Error::Run(error) if is_fragment(error) => write!(f, "failed to {error}"),
            error @ (Error::Device(_)
            | Error::Registry(uncanny_registry::Error::Network(_))
            | Error::Train(_)) => write!(f, "failed to {error}"),
            error => error.fmt(f),
        }
    }
}

impl std::error::Error for Explained<'_> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(self.error)
    }
}

impl Diagnostic for Explained<'_> {
    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place.as_ref().map(|(text, _)| text as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (_, label) = self.place.as_ref()?;
        Some(Box::new(std::iter::once(label.clone())))
    }
}

/// Whether the message completes "failed to".
fn is_fragment(error: &uncanny::Error) -> bool {
    use uncanny::Error as E;
    !matches!(error, E::Option { .. } | E::AtlasTooBig(_) | E::Interrupted)
}

fn place(error: &Error) -> Option<(NamedSource<String>, LabeledSpan)> {
    let Error::Run(uncanny::Error::Config(error)) = error else {
        return None;
    };
    let span = error.span.clone()?;
    // An error at the end of the text still needs something to point at.
    let end = span.end.min(error.text.len());
    let start = span.start.min(end);
    let label =
        LabeledSpan::new_with_span(Some(error.message.clone()), SourceSpan::from(start..end));
    Some((
        NamedSource::new(error.path.to_string_lossy(), error.text.clone()),
        label,
    ))
}

/// What to do about it, where anything can be done.
fn help(error: &Error) -> Option<String> {
    let help = match error {
        Error::Run(error) => return run_help(error),
        Error::Pack(error) => return pack_help(error),
        Error::Device(error) => return network_help(error),
        Error::Registry(error) => return registry_help(error),
        Error::Models(error) => return models_help(error),
        Error::Download(error) => return download_help(error),
        Error::Train(uncanny_train::Error::NeedsVgg) => {
            "name their safetensors file with --vgg; `uncanny train --help` says what it must hold"
        }
        Error::ReadConfig { .. } => "leave out --config to use no settings, or ./uncanny.toml",
        Error::NoPictures { .. } => "pictures end in .png, .apng, .jpg, .webp, .gif, .bmp or .tga",
        Error::NoFolder { .. } => "name one, such as `-o enhanced/`",
        Error::OutputFormat { known, .. } => {
            return Some(format!("let its name end in {known}"));
        }
        Error::NoProgram { .. } => {
            "install ffmpeg (https://ffmpeg.org), or do without: GIF, APNG and animated WebP need nothing"
        }
        Error::OutputTwice { .. } => "rename one of the inputs, or convert them one by one",
        Error::OutputNotFolder { .. } => "name a folder, such as `-o enhanced/`",
        Error::Serve { .. } => "leave out --port to take one that is free",
        Error::NoCacheFolder => "name one with --cache-dir, or do without with --no-cache",
        _ => return None,
    };
    Some(help.to_owned())
}

fn run_help(error: &uncanny::Error) -> Option<String> {
    use uncanny::Error as E;
    let help = match error {
        E::Model { source, .. } => return registry_help(source.downcast_ref()?),
        E::Pack { source, .. } => return pack_help(source),
        E::Spool { .. } => {
            "free some disk space there, or choose an output on another disk with -o"
        }
        E::Cache { .. } => "name another folder with --cache-dir, or do without with --no-cache",
        _ => return None,
    };
    Some(help.to_owned())
}

/// Which of the other commands suits what was given to one that takes packs.
fn pack_help(error: &uncanny_pack::Error) -> Option<String> {
    use uncanny_pack::{Error as E, NotAPack};
    let (path, found) = match error {
        E::NoPack { path, found } => (path, found),
        E::NotAZip { path, looks_like } if looks_like.ends_with("image") => {
            let path = path.display();
            return Some(format!(
                "`uncanny image {path} -o OUT` enhances single pictures"
            ));
        }
        _ => return None,
    };
    // What is in a zip must be unpacked first: pictures are read from folders.
    let inside = |below: &str| {
        let folder = if path.is_dir() {
            path.join(below)
        } else {
            Path::new("FOLDER").join(below)
        };
        let unpack = if path.is_dir() {
            ""
        } else {
            "unpack it into FOLDER; "
        };
        (unpack, folder.display().to_string())
    };
    let pictures = |below: &Option<String>| {
        let (unpack, folder) = inside(below.as_deref().unwrap_or_default());
        format!("{unpack}`uncanny image {folder} -o OUT` enhances the pictures in a folder")
    };
    match found {
        NotAPack::Pictures { .. } => {
            let pictures = pictures(&None);
            let sheet = "`uncanny sheet` those that hold many sprites";
            Some(format!("{pictures}, {sheet}"))
        }
        NotAPack::Bedrock { textures, .. } | NotAPack::Luanti { textures, .. } => Some(format!(
            "{}, one by one, without the edges that tiles need",
            pictures(textures)
        )),
        NotAPack::OldTexturePack { sign } if sign.ends_with("terrain.png") => {
            let (unpack, sheet) = inside(sign);
            Some(format!(
                "{unpack}`uncanny sheet {sheet} --cell 16x16 -o OUT` enhances such a sheet, cell by cell"
            ))
        }
        NotAPack::OldTexturePack { .. } => Some(format!(
            "{}; to convert it as a pack, move its textures folder into assets/minecraft and write a pack.mcmeta",
            pictures(&None)
        )),
        NotAPack::Assets { .. } if path.is_dir() => {
            let above = path.canonicalize().ok()?;
            Some(format!("`uncanny convert {}`", above.parent()?.display()))
        }
        _ => None,
    }
}

fn network_help(error: &uncanny_model::Error) -> Option<String> {
    let help = match error {
        uncanny_model::Error::NoDevice { .. } => {
            "`--device auto` takes what is there; `uncanny doctor` says what that is"
        }
        uncanny_model::Error::UnknownArchitecture { .. } => {
            "only networks that enlarge RGB pictures can be used; discriminators, optimisers and others cannot"
        }
        uncanny_model::Error::ScriptRefused { .. } => {
            "convert it to safetensors; or, if you made it or trust its author with a program on this machine, use --trust-torchscript"
        }
        uncanny_model::Error::Checkpoint(_) => {
            "checkpoints are .safetensors files, or PyTorch's .pth and .ckpt; download it again if it was cut short"
        }
        _ => return None,
    };
    Some(help.to_owned())
}

fn registry_help(error: &uncanny_registry::Error) -> Option<String> {
    use uncanny_registry::Error as E;
    let help = match error {
        E::Unknown { name, known } => {
            let close = models::closest(name, known.iter().map(|(name, _)| name.as_str()));
            let close = match close.as_slice() {
                [] => String::new(),
                close => format!("did you mean {}? ", close.join(" or ")),
            };
            let list: Vec<String> = known
                .iter()
                .map(|(name, what)| format!("  {name}: {what}"))
                .collect();
            return Some(format!(
                "{close}the models are\n{}\n  or the path of a checkpoint; `uncanny models add` adds more",
                list.join("\n")
            ));
        }
        E::Network(error) => return network_help(error),
        E::Ambiguous { .. } => "name the file with its extension, or remove one of them",
        E::ReadFolder { .. } => "the variable UNCANNY_MODELS can name another folder",
        _ => return None,
    };
    Some(help.to_owned())
}

fn models_help(error: &models::Error) -> Option<String> {
    use models::Error as E;
    let help = match error {
        E::Unusable { source, .. } => return network_help(source),
        E::NoFolder => "name one with the variable UNCANNY_MODELS",
        E::File { .. } => "the variable UNCANNY_MODELS can name another folder",
        E::BuiltIn { .. } => {
            "`--name` can give yours another name; what comes with the program stays"
        }
        E::Exists { .. } => "replace it with --force, or choose another name with --name",
        E::NoName { .. } => "give it a name with --name",
        E::Reserved { .. } => "give it another with --name",
        E::Sha256 { .. } => {
            "nothing was added: the file was changed or cut short, or the checksum is of another file"
        }
    };
    Some(help.to_owned())
}

fn download_help(error: &download::Error) -> Option<String> {
    use download::Error as E;
    let help = match error {
        E::Scheme { .. } | E::TooLarge { .. } => {
            "`uncanny models add FILE` takes a file that was fetched by other means"
        }
        E::Plain { .. } => {
            "use its https address or, where there is none, give the file's checksum with --sha256"
        }
        E::Status { status, .. } if matches!(status.as_u16(), 404 | 410) => {
            "check that the address is complete and the file still there"
        }
        E::Status { status, .. } if matches!(status.as_u16(), 401 | 403) => {
            "the server wants to know who asks: fetch it with a browser, then `uncanny models add FILE`"
        }
        E::Status { .. } => {
            "try again later, or fetch it with a browser and `uncanny models add FILE`"
        }
        E::WebPage { url } => return Some(page_help(url)),
        E::Unreachable { .. } => {
            "check the address and the network (HTTPS_PROXY names a proxy), or fetch it elsewhere and `uncanny models add FILE`"
        }
        E::BrokeOff { .. } => "nothing was added: try again",
    };
    Some(help.to_owned())
}

/// Where the file itself is, of a page that shows it.
fn page_help(url: &str) -> String {
    let direct = [
        ("://huggingface.co/", "/resolve/"),
        ("://github.com/", "/raw/"),
    ];
    let found = direct
        .iter()
        .find(|(host, _)| url.contains(host) && url.contains("/blob/"));
    match found {
        Some((_, part)) => format!("the file itself is at {}", url.replacen("/blob/", part, 1)),
        None => "take the address of the page's download button, or fetch it with a browser and `uncanny models add FILE`".to_owned(),
    }
}
