//! `uncanny completions SHELL`: generated from the same description that parses the arguments.

use clap_complete::generate;

use crate::args::{self, CompletionsArgs};
use crate::error::Error;
use crate::output;

pub(crate) fn run(args: &CompletionsArgs) -> Result<u8, Error> {
    // The generator panics when it cannot write; into memory it always can.
    let mut script = Vec::new();
    generate(args.shell, &mut args::command(), "uncanny", &mut script);
    output::print(|out| out.write_all(&script))?;
    Ok(0)
}
