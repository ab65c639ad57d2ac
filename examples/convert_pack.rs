//! Converts a resource pack with Lanczos: `convert_pack IN OUT`. OUT is a zip when it ends so, else a folder.
#![allow(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use std::path::PathBuf;

use uncanny::{Baselines, Config, Options, Outcome, convert};
use uncanny_texture::Scale;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(input), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("usage: convert_pack IN OUT".into());
    };
    // What an uncanny.toml would say.
    let config = Config::parse(
        "model = 'lanczos'\nfidelity = 0.5\n[[rule]]\nmatch = 'textures/entity/**'\nmodel = 'nearest'\n",
        "uncanny.toml".as_ref(),
    )?;
    let options = Options::new(Config::default(), config)?;
    let mut models = Baselines::new(Scale::new(8)?);

    let report = convert(&input, &output, &options, &mut models, None)?;

    let counts = report.counts;
    println!(
        "{} enhanced, {} enlarged, {} copied, {} failed",
        counts.enhanced, counts.nearest, counts.copied, counts.failed
    );
    for row in report
        .rows
        .iter()
        .filter(|row| row.outcome == Outcome::Failed)
    {
        println!("{}: {}", row.name, row.why);
    }
    Ok(())
}
