//! `uncanny sheet SHEET -o DIR`: sprite sheets with their metadata.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum, ValueHint};
use uncanny::sheet::{Cut, Sheet, SheetReport, SheetRun};
use uncanny::{Cache, EdgeChoice, Event, Models as _};
use uncanny_pack::check_target;
use uncanny_registry::ModelRegistry;
use uncanny_texture::input::{MAX_PICTURE_FILE, read_regular};

use crate::args::{EnhanceArgs, MachineArgs};
use crate::diagnostics::after_output;
use crate::error::Error;
use crate::logging::Talk;
use crate::models::trusting;
use crate::progress::Progress;
use crate::{interrupt, machine, options, output};

/// Enhance a sprite sheet and its metadata
///
/// Cuts a sheet into its sprites, enhances each on its own, so that none bleeds into its neighbours, and
/// puts them back. Every coordinate in the metadata is scaled; names, durations, tags and all else stay byte
/// for byte. Repeated borders (extrusion) are found and made again.
///
/// SHEET is the file that says where the sprites are: Aseprite's own (.aseprite, .ase) or its export (.json),
/// TexturePacker's .json, Tiled's .tmx or .tsx, or LDtk's .ldtk. The images, tilesets, templates and levels that it
/// names are enhanced with it. A plain .png is cut by a grid.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  uncanny sheet hero.json -o enhanced/             an export and its image
  uncanny sheet hero.aseprite -o enhanced/         every cel, on its layer
  uncanny sheet level.tmx -o enhanced/             a map, its tilesets, their images
  uncanny sheet tiles.png --cell 16x16 -o enhanced/
  uncanny sheet tiles.png --cell 16x16 --spacing 1 --margin 1 --edges wrap -o enhanced/
  uncanny sheet atlas.json -o enhanced/ --only 'hero/*' --json

Exit status: 0 done; 1 the sheet was made, but its report could not be printed; 2 nothing was made;
130 interrupted.")]
pub(crate) struct SheetArgs {
    /// The metadata of a sheet, or a plain PNG
    #[arg(value_name = "SHEET", value_hint = ValueHint::FilePath)]
    input: PathBuf,

    /// The folder for the new files, which keep their names and subfolders
    #[arg(long, short, value_name = "DIR", help_heading = "Output", value_hint = ValueHint::DirPath)]
    output: PathBuf,

    /// Replace files that exist
    #[arg(long, short, help_heading = "Output")]
    force: bool,

    /// Print what was done as JSON: files, sprites and their positions
    #[arg(long, help_heading = "Output")]
    json: bool,

    /// The size of a plain image's cells [default: guessed, where the grid is plain to see]
    #[arg(long, value_name = "WxH", help_heading = "Sprites", value_parser = cell)]
    cell: Option<(u32, u32)>,

    /// Pixels between the cells of a plain image
    #[arg(
        long,
        value_name = "PIXELS",
        default_value_t = 0,
        help_heading = "Sprites",
        value_parser = clap::value_parser!(u32).range(..=65_536)
    )]
    spacing: u32,

    /// Pixels around all cells of a plain image
    #[arg(
        long,
        value_name = "PIXELS",
        default_value_t = 0,
        help_heading = "Sprites",
        value_parser = clap::value_parser!(u32).range(..=65_536)
    )]
    margin: u32,

    /// What lies beyond each sprite's sides [default: nothing; of tiles, their border]
    #[arg(long, value_name = "WHAT", help_heading = "Sprites")]
    edges: Option<EdgesArg>,

    #[command(flatten)]
    enhance: EnhanceArgs,

    #[command(flatten)]
    machine: MachineArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EdgesArg {
    /// The sprite again: tiles that repeat by themselves
    Wrap,
    /// Its border goes on: tiles that meet others
    Clamp,
    /// Nothing: figures and things
    Transparent,
}

/// What the shared options mean here.
pub(crate) fn own_words(command: clap::Command) -> clap::Command {
    let globs = "The glob is compared with the names of frames that --json lists: those of the metadata, \
                 TILESET/ID for tiles, LAYER/FRAME for cels, ROW/COLUMN for cells of a grid. \
                 `*` stops at a slash, `**` does not.";
    command
        .mut_arg("only", |arg| arg.long_help(format!("Enhance only what matches; may be repeated\n\n{globs}")))
        .mut_arg("max_size", |arg| {
            arg.help("Enlarge without the model whatever would come out wider or higher than this many pixels [default: 4096]")
                .long_help(None)
        })
        .mut_arg("skip", |arg| {
            arg.help("Enlarge without the model what matches; may be repeated, and wins over --only")
        })
        .mut_arg("dream", |arg| arg.hide(true))
        .mut_arg("preblur", |arg| {
            arg.help("Smooth each sprite a little before the network sees it: fewer blocks, softer faces")
        })
}

pub(crate) fn run(args: &SheetArgs, talk: Talk) -> Result<u8, Error> {
    let cancel = interrupt::listen();
    let options = options::resolve(&args.enhance)?;
    if options.dream > 0 {
        tracing::warn!("sheets are not searched for faces: dream is for packs and pictures");
    }
    machine::use_threads(args.machine.threads)?;
    let cut = Cut {
        cell: args.cell,
        spacing: args.spacing,
        margin: args.margin,
    };
    // What a sheet names may lie above it.
    let input = std::path::absolute(&args.input).map_err(|source| {
        uncanny::Error::from(uncanny::sheet::SheetError::Read {
            path: args.input.clone(),
            source,
        })
    })?;
    let mut read_file = |path: &Path| read_regular(path, MAX_PICTURE_FILE);
    let sheet = Sheet::read(&input, &cut, &mut read_file).map_err(uncanny::Error::from)?;
    let read: Vec<PathBuf> = sheet.files().into_iter().map(Path::to_owned).collect();
    let inputs: Vec<&Path> = read.iter().map(PathBuf::as_path).collect();
    for file in sheet.outputs() {
        let path = args.output.join(file);
        let folder = path.parent().unwrap_or(&args.output);
        fs::create_dir_all(folder).map_err(|source| Error::CreateFolder {
            path: folder.to_owned(),
            source,
        })?;
        check_target(&path, &inputs, args.force)?;
    }

    let cache = match (args.machine.no_cache, &args.machine.cache.cache_dir) {
        (true, _) => None,
        (false, given) => options::cache_folder(given.as_ref())
            .map(|folder| Cache::new(&folder, uncanny::DEFAULT_CACHE_BYTES)),
    };
    let models = ModelRegistry::new(args.machine.device.unwrap_or_default())
        .with_batch(args.machine.batch)
        .for_options(&options);
    let mut models = trusting(models, args.enhance.trust, &args.enhance.model);
    let upscaler = models
        .resolve(&options.model)
        .map_err(|source| uncanny::Error::Model {
            name: options.model.clone(),
            source,
        })?;
    let progress = Progress::new(talk);
    let events = |event: Event| progress.handle(&event);
    let made = sheet.enhance(SheetRun {
        options: &options,
        edges: args.edges.map(EdgeChoice::from),
        upscaler,
        cache: cache.as_ref(),
        cancel: &cancel,
        events: &events,
    })?;
    for warning in &made.report.warnings {
        tracing::warn!("{warning}");
    }
    for file in &made.files {
        output::write_file(&args.output.join(&file.path), &file.bytes)?;
    }
    if args.json {
        return Ok(after_output(output::print_json(&made.report)));
    }
    if talk != Talk::Quiet {
        // The work is done, whether or not anybody can read of it.
        let _ = std::io::stderr().write_all(summary(&made.report, &args.output).as_bytes());
    }
    Ok(0)
}

/// What was done, on a few lines.
fn summary(report: &SheetReport, folder: &Path) -> String {
    let mut text = String::new();
    for file in &report.files {
        text.push_str(&folder.join(&file.output).display().to_string());
        if let Some((width, height)) = file.size {
            text.push_str(&format!("  {width}x{height}"));
        }
        text.push('\n');
    }
    let mut line = |count: usize, what: &str, how: &str| {
        if count > 0 {
            text.push_str(format!("{count:>7} {what:<12} {how}").trim_end());
            text.push('\n');
        }
    };
    line(report.frames, "frames", "");
    let cached = match report.cached {
        0 => String::new(),
        cached => format!(", {cached} of them from the cache"),
    };
    let how = format!("{}x by {}{cached}", report.scale, report.model.name);
    line(report.enhanced, "enhanced", &how);
    line(
        report.nearest,
        "enlarged",
        "every pixel a square: one colour, or asked for",
    );
    text.push_str(&format!("{:>7.1} seconds\n", report.seconds));
    text
}

impl From<EdgesArg> for EdgeChoice {
    fn from(edges: EdgesArg) -> Self {
        match edges {
            EdgesArg::Wrap => Self::Wrap,
            EdgesArg::Clamp => Self::Clamp,
            EdgesArg::Transparent => Self::Transparent,
        }
    }
}

/// "16x24", or "16" for squares.
pub(crate) fn cell(text: &str) -> Result<(u32, u32), String> {
    let (width, height) = text.split_once(['x', 'X']).unwrap_or((text, text));
    match (width.trim().parse(), height.trim().parse()) {
        (Ok(width), Ok(height)) if width > 0 && height > 0 => Ok((width, height)),
        _ => Err("expected a width and a height such as 16x16".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_two_sides() {
        assert_eq!(cell("16x24"), Ok((16, 24)));
        assert_eq!(cell("16"), Ok((16, 16)));
        for bad in ["", "x", "16x", "0x16", "-1x2", "16x16x16"] {
            assert!(cell(bad).is_err(), "{bad}");
        }
    }
}
