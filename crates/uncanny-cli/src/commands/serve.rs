//! `uncanny serve`: a page to play with, on this machine only. What it does is in `crate::serve`.

use std::io::Write as _;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use clap::{Args, ValueHint};
use uncanny::Models as _;
use uncanny_registry::{Catalogue, ModelRegistry};

use crate::diagnostics::after_output;
use crate::enhancer::default_hint;
use crate::error::Error;
use crate::logging::Talk;
use crate::machine::{self, DeviceArgs};
use crate::serve::{Model, Patience, Server, USUAL_PORT};
use crate::{interrupt, output};

/// Try networks in the browser
///
/// Serves a page on this machine only, and prints its address. Drop, paste, type or draw an emoji, an emote or a sprite there,
/// and see what a network makes of it, ten iterations side by side. Nothing is written to disk or sent anywhere.
///
/// Ctrl-C ends it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  uncanny serve --open
  uncanny serve --model textures --port 8000
  uncanny serve --model mine.safetensors --device cuda

For a phone, or a machine without a screen, forward the port: `ssh -L 16128:127.0.0.1:16128 machine`.")]
pub(crate) struct ServeArgs {
    /// The model to begin with: a name that `uncanny models` lists, or a checkpoint's path
    #[arg(long, short, value_name = "MODEL", default_value = uncanny::DREAM_MODEL, value_hint = ValueHint::FilePath)]
    model: String,

    /// The port to listen at, 0 for any free one [default: 16128, or any free one if that is taken]
    #[arg(long, short, value_name = "PORT")]
    port: Option<u16>,

    /// Open the page in the browser
    #[arg(long)]
    open: bool,

    #[command(flatten)]
    machine: DeviceArgs,
}

pub(crate) fn run(args: &ServeArgs, talk: Talk) -> Result<u8, Error> {
    machine::use_threads(args.machine.threads)?;
    let mut models = ModelRegistry::new(args.machine.device);
    // What is wrong with the model is better said here than on the page.
    models
        .info(&args.model)
        .map_err(|source| uncanny::Error::Model {
            name: args.model.clone(),
            source,
        })?;
    let interrupted = interrupt::listen();
    let offered = offered(models.catalogue(), &args.model)?;
    let server = Server::start(
        args.port,
        models,
        offered,
        args.model.clone(),
        Patience::default(),
    )
    .map_err(|source| Error::Serve {
        port: args.port.unwrap_or(USUAL_PORT),
        source,
    })?;
    let url = server.url();
    // The page is there, whether or not anybody can read where.
    let status = after_output(output::print(|out| writeln!(out, "{url}")));
    if talk != Talk::Quiet {
        // A page is served whether or not anybody can read this.
        let _ = writeln!(std::io::stderr(), "the page is at {url}; Ctrl-C ends it");
    }
    if args.open
        && let Err(error) = open::that_detached(&url)
    {
        tracing::warn!("no browser could be started ({error}); open {url}");
    }
    while !interrupted.load(Ordering::SeqCst) {
        thread::sleep(Duration::from_millis(100));
    }
    server.stop();
    Ok(status)
}

/// What the page lets choose from: what `uncanny models` lists, and `first`.
fn offered(catalogue: &Catalogue, first: &str) -> Result<Vec<Model>, Error> {
    let model = |name: &str, about: &str| Model {
        name: name.to_owned(),
        about: about.to_owned(),
        hint: default_hint(name),
    };
    let mut models: Vec<Model> = Catalogue::built_in()
        .map(|(name, about)| model(name, about))
        .collect();
    for file in catalogue.files()? {
        // By the file's name where the other is ours, or not its alone.
        let taken = file.hidden() || models.iter().any(|model| model.name == file.name);
        let name = if taken { file.file_name() } else { file.name };
        models.push(model(&name, "yours"));
    }
    if !models.iter().any(|model| model.name == first) {
        models.push(model(first, "yours"));
    }
    Ok(models)
}
