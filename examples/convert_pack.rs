//! Converts a resource pack by a network: `convert_pack IN OUT [MODEL]`. OUT is a zip when it ends so, else a folder;
//! MODEL is a shipped network, a classical model or a checkpoint's path, `textures` unless it is given.
#![allow(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use std::path::PathBuf;

use uncanny::{Config, Options, Outcome, convert};
use uncanny_registry::{DeviceChoice, ModelRegistry};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(input), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("usage: convert_pack IN OUT [MODEL]".into());
    };
    let flags = Config {
        model: arguments.next().map(|model| model.display().to_string()),
        ..Config::default()
    };
    // What an uncanny.toml would say.
    let config = Config::parse(
        "fidelity = 0.5\n[[rule]]\nmatch = 'textures/entity/**'\nmodel = 'nearest'\n",
        "uncanny.toml".as_ref(),
    )?;
    let options = Options::new(flags, config)?;
    let mut models = ModelRegistry::new(DeviceChoice::Auto).for_options(&options);

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
