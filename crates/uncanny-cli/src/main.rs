//! The `uncanny` command line. This file only dispatches: `args.rs` says what can be typed,
//! `commands/` does it, `diagnostics.rs` explains what went wrong.

mod args;
mod commands;
mod diagnostics;
mod download;
mod enhancer;
mod error;
mod film;
mod gallery;
mod grid;
mod inputs;
mod interrupt;
mod logging;
mod machine;
mod models;
mod naming;
mod options;
mod output;
mod pairs;
mod progress;
mod serve;
mod summary;

use std::process::ExitCode;

use clap::FromArgMatches as _;

use crate::args::{Cli, Command};
use crate::commands::{
    cache, completions, convert, doctor, dream, eval, grid as grid_command, image, judge,
    models as models_command, plan, serve as serve_command, sheet, train, video, watch, zoom,
};

fn main() -> ExitCode {
    let matches = args::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let talk = logging::init(cli.log);
    // A training takes the same large blocks again and again.
    if !matches!(cli.command, Command::Train(_)) {
        machine::give_large_blocks_back();
    }
    let result = match &cli.command {
        Command::Convert(args) => convert::run(args, talk),
        Command::Plan(args) => plan::run(args, talk),
        Command::Image(args) => image::run(args, talk),
        Command::Zoom(args) => zoom::run(args, talk),
        Command::Video(args) => video::run(args, talk),
        Command::Sheet(args) => sheet::run(args, talk),
        Command::Watch(args) => watch::run(args, talk),
        Command::Train(args) => train::run(args, talk),
        Command::Models(args) => models_command::run(args, talk),
        Command::Eval(args) => eval::run(args, talk),
        Command::Dream(args) => dream::run(args, talk),
        Command::Judge(args) => judge::run(args, talk),
        Command::Grid(args) => grid_command::run(args, talk),
        Command::Serve(args) => serve_command::run(args, talk),
        Command::Doctor(args) => doctor::run(args),
        Command::Cache(args) => cache::run(args),
        Command::Completions(args) => completions::run(args),
    };
    match result {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            diagnostics::show(&error);
            ExitCode::from(error.exit_status())
        }
    }
}
