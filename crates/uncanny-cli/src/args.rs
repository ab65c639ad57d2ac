//! What can be typed: the one description that feeds the parser, `--help` and the completions.
//! Nothing here opens a file; `options.rs` makes sense of what was typed.

use std::path::PathBuf;

use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand, ValueEnum, ValueHint};
use uncanny_model::{DeviceChoice, Programs};
use uncanny_texture::{Reach, Scale};

use crate::commands::dream::DreamArgs;
use crate::commands::eval::EvalArgs;
use crate::commands::grid::GridArgs;
use crate::commands::image::ImageArgs;
use crate::commands::judge::JudgeArgs;
use crate::commands::serve::ServeArgs;
use crate::commands::sheet::{self, SheetArgs};
use crate::commands::video::VideoArgs;
use crate::commands::watch::WatchArgs;
use crate::commands::zoom::{self, ZoomArgs};

/// The groups of `uncanny --help`: a heading and the commands under it.
const GROUPS: [(&str, &[&str]); 4] = [
    (
        "Enhance",
        &[
            "convert", "plan", "image", "zoom", "video", "sheet", "watch", "dream", "grid", "serve",
        ],
    ),
    ("Models", &["models"]),
    ("Train and evaluate", &["train", "eval", "judge"]),
    ("Maintenance", &["doctor", "cache", "completions"]),
];

/// Turns 16x16 art into 128x128 art with a neural network: resource packs, sprite sheets, emoji.
#[derive(Debug, Parser)]
#[command(
    name = "uncanny",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  uncanny convert Faithful.zip                 makes Faithful-128x.zip beside it
  uncanny plan Faithful.zip                    shows what that would do, and why
  uncanny convert Faithful.zip --model lanczos resizes without a network, for comparison
  uncanny models                               lists the networks, and adds others
  uncanny doctor                               checks this machine and says what is missing

`uncanny COMMAND --help` explains a command."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    #[command(flatten)]
    pub(crate) log: LogArgs,
}

/// How much is said, by every command.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Messages")]
pub(crate) struct LogArgs {
    /// Print errors only
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Print more: -v one line per texture, -vv everything
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Convert(Box<ConvertArgs>),
    Plan(Box<PlanArgs>),
    Image(Box<ImageArgs>),
    Zoom(Box<ZoomArgs>),
    Video(Box<VideoArgs>),
    Sheet(Box<SheetArgs>),
    Watch(Box<WatchArgs>),
    Models(ModelsArgs),
    Train(Box<TrainArgs>),
    Eval(Box<EvalArgs>),
    Dream(Box<DreamArgs>),
    Judge(Box<JudgeArgs>),
    Grid(Box<GridArgs>),
    Serve(ServeArgs),
    Doctor(DoctorArgs),
    Cache(CacheArgs),
    Completions(CompletionsArgs),
}

/// Enhance resource packs
///
/// Writes a copy of each pack (zip file or folder) with its textures enhanced and everything else byte
/// for byte as it was. What no rule recognises is copied and listed. The output appears only when it is
/// complete; an input is never changed.
///
/// A jar, of a mod or of the game, becomes a pack to lay over it: its assets alone, with a pack.mcmeta.
/// A pack in a folder inside the input is taken out of it. What computers and editors leave behind
/// (__MACOSX, .DS_Store, Thumbs.db, .git, .xcf) is left out, and the summary says so.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  uncanny convert Faithful.zip
  uncanny convert Faithful.zip -o Uncanny.zip --force
  uncanny convert a.zip b.zip my-pack/ -o enhanced/
  uncanny convert Faithful.zip --only 'textures/entity/**' --fidelity 0
  uncanny convert Faithful.zip --scale 4 --html look.html --report report.json

Exit status: 0 done; 1 finished, but a texture could not be enhanced (it was copied), a pack could
not be read, or a report, page or contact sheet could not be written; 2 nothing was made;
130 interrupted.")]
pub(crate) struct ConvertArgs {
    /// The packs: zip files, folders, jars of mods or of the game
    #[arg(required = true, value_name = "IN", value_hint = ValueHint::AnyPath)]
    pub(crate) inputs: Vec<PathBuf>,

    /// Where to write [default: beside IN, named by its resolution: Faithful-128x.zip]
    ///
    /// A name that ends in .zip makes a zip, any other name makes a folder. A name that ends in / is a
    /// folder that receives the outputs; with several inputs OUT is always such a folder.
    #[arg(long, short, value_name = "OUT", help_heading = "Output", value_hint = ValueHint::AnyPath)]
    pub(crate) output: Option<PathBuf>,

    /// Replace an output that exists
    #[arg(long, short, help_heading = "Output")]
    pub(crate) force: bool,

    /// Write what was done with every texture, as JSON
    #[arg(long, value_name = "FILE", help_heading = "Output", value_hint = ValueHint::FilePath)]
    pub(crate) report: Option<PathBuf>,

    /// Draw a contact sheet, textures before and after, as a PNG
    #[arg(long, value_name = "FILE", help_heading = "Output", value_hint = ValueHint::FilePath)]
    pub(crate) grid: Option<PathBuf>,

    /// Write a page for a browser with every texture before and after
    ///
    /// It is one file that needs no network: each picture has a divider to drag, there are a search and filters
    /// by kind and outcome, and a closer look says why a texture was treated as it was.
    #[arg(long, value_name = "FILE", help_heading = "Output", value_hint = ValueHint::FilePath)]
    pub(crate) html: Option<PathBuf>,

    /// Print the report as JSON instead of the summary
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) enhance: EnhanceArgs,

    #[command(flatten)]
    pub(crate) machine: MachineArgs,
}

/// What is enhanced and how: shared by `convert`, `plan` and `sheet`.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "What and how")]
pub(crate) struct EnhanceArgs {
    /// The model: a name that `uncanny models` lists, or a checkpoint's path [default: textures]
    #[arg(long, short, value_name = "MODEL", value_hint = ValueHint::FilePath)]
    pub(crate) model: Option<String>,

    #[command(flatten)]
    pub(crate) trust: TrustArgs,

    /// Enlarge this many times [default: 8]
    #[arg(long, short, value_name = "N")]
    pub(crate) scale: Option<Scale>,

    /// How a checkpoint of a smaller scale reaches --scale: again, resize [default: resize]
    ///
    /// With `again`, a 4x network runs again on its own output, which makes 16x, and that is averaged to 8x. With `resize`
    /// it runs once and a Lanczos resize does the rest, which is several times as fast and nearer to the truth (`eval
    /// --reach` measures both). A checkpoint of 8x or more needs neither.
    #[arg(long, value_name = "HOW")]
    pub(crate) reach: Option<Reach>,

    /// Enhance only what matches; may be repeated
    ///
    /// The glob is compared with names in the pack, beginning at `textures/`, at `assets/` or at the start:
    /// 'textures/block/**', 'assets/mymod/**', '**/stone.png'. `*` stops at a slash, `**` does not.
    #[arg(long, value_name = "GLOB")]
    pub(crate) only: Vec<String>,

    /// Copy what matches as it is; may be repeated, and wins over --only
    #[arg(long, value_name = "GLOB")]
    pub(crate) skip: Vec<String>,

    /// Smooth each texture a little before the network sees it: fewer blocks, softer faces
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) preblur: Option<bool>,

    /// Run the network this many times, each time on its last output: stranger each time [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(uncanny::MAX_ITERATIONS)))]
    pub(crate) iterations: Option<u32>,

    /// Keep the original colours: 0 keeps none of them, 1 keeps each texel's average exactly [default: 1]
    #[arg(long, value_name = "F", value_parser = fidelity)]
    pub(crate) fidelity: Option<f32>,

    /// Search each block, item and mob for a face, with this many tries [default: 0]
    ///
    /// In each try a texture is moved, turned and recoloured a little and sent through the network ten times (or
    /// --iterations, above 1). What looks most like a face is moved, turned and recoloured back, and kept. The default model is
    /// `uncanny` then and the default fidelity 0.5. A try costs as much as ten textures; 8 to 32 are good numbers.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=i64::from(uncanny::dream::MAX_TRIES)))]
    pub(crate) dream: Option<u32>,

    /// Copy what would come out wider or higher than this many pixels as it is [default: 4096]
    ///
    /// Of an animation, and of anything in an atlas, each frame is measured by itself; all frames together
    /// may have as many pixels as two squares of this side.
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) max_size: Option<u32>,

    /// Settings and rules by glob [default: uncanny.toml in the current folder, if there is one]
    ///
    /// The command line wins over the file's settings, but not over its rules.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
}

/// More threads than any machine has cores; each takes memory.
pub(crate) const MAX_THREADS: usize = 1024;

/// More tiles than keep any device busy, all in its memory at once.
pub(crate) const MAX_BATCH: usize = 4096;

/// Whether a TorchScript program that is typed on the command line may do anything.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct TrustArgs {
    /// Run a TorchScript program without restrictions: only for a file that you made or trust
    ///
    /// A TorchScript file is a program. Without this option uncanny runs it itself, and refuses any operator that networks
    /// for pictures are not made of. With it libtorch runs the program, which can then write to your files. The option
    /// applies to the model typed here only, never to one that a settings file names.
    #[arg(long)]
    pub(crate) trust_torchscript: bool,
}

impl TrustArgs {
    /// What programs may do.
    pub(crate) fn programs(self) -> Programs {
        if self.trust_torchscript {
            Programs::Trusted
        } else {
            Programs::Checked
        }
    }
}

/// What it runs on.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Machine")]
pub(crate) struct MachineArgs {
    /// The device that networks run on: auto, cpu, cuda or cuda:N [default: auto]
    #[arg(long, value_name = "DEVICE")]
    pub(crate) device: Option<DeviceChoice>,

    /// The number of threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = up_to::<MAX_THREADS>)]
    pub(crate) threads: Option<usize>,

    /// How many tiles go through the network at once [default: what suits the device]
    #[arg(long, value_name = "N", value_parser = up_to::<MAX_BATCH>)]
    pub(crate) batch: Option<usize>,

    /// Do not use the cache of finished textures
    #[arg(long)]
    pub(crate) no_cache: bool,

    #[command(flatten)]
    pub(crate) cache: CacheDirArgs,
}

/// Where finished textures are kept.
#[derive(Debug, Default, Args)]
pub(crate) struct CacheDirArgs {
    /// The folder of the cache [default: the one that `uncanny cache dir` prints]
    #[arg(long, value_name = "DIR", env = "UNCANNY_CACHE_DIR", value_hint = ValueHint::DirPath)]
    pub(crate) cache_dir: Option<PathBuf>,
}

/// Show what `convert` would do, and why
///
/// Decides everything that `convert` decides, and writes nothing. Prints a row for each texture: its path, its
/// kind, what would be done and why, its size before and after. Then it prints the totals, whether the
/// game's atlas would still fit, and what would make the pack better. For several packs it also says
/// how large the atlases become when the game lays them over each other.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  uncanny plan Faithful.zip
  uncanny plan Faithful.zip --skip 'textures/gui/**' | less
  uncanny plan Faithful.zip Mekanism.jar
  uncanny plan Faithful.zip --json | jq '.rows[] | select(.action == \"copy\") | .why'")]
pub(crate) struct PlanArgs {
    /// The packs: zip files, folders, jars of mods or of the game
    #[arg(required = true, value_name = "IN", value_hint = ValueHint::AnyPath)]
    pub(crate) inputs: Vec<PathBuf>,

    /// Print JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) enhance: EnhanceArgs,
}

/// List models, show one, add and remove your own
///
/// Models are the networks that come with the program, classical resizing, and the checkpoints in a folder of
/// your own. `--model` and uncanny.toml take any of them by name. UNCANNY_MODELS names the folder; without it
/// the system's folder for data is used. A file there is called by its name without the extension. Nothing in a
/// checkpoint is executed. A TorchScript program is run, but an operator that networks for pictures are not
/// made of is refused by name.
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
Examples:
  uncanny models
  uncanny models show faces
  uncanny models add generator_checkpoint_singleGPU.ckpt --name pfsr
  uncanny models add \\
      https://github.com/xinntao/Real-ESRGAN/releases/download/v0.1.0/RealESRGAN_x4plus.pth
  uncanny convert Faithful.zip --model RealESRGAN_x4plus
  uncanny models remove RealESRGAN_x4plus"
)]
pub(crate) struct ModelsArgs {
    #[command(subcommand)]
    pub(crate) action: Option<ModelsAction>,

    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsAction {
    /// List all models, as `uncanny models` alone does
    ///
    /// A line for each has its architecture, enlargement, number of parameters, billions of operations for 16x16
    /// pixels, and where it is from. A file that cannot be used is listed with the reason.
    List,

    /// Print all that is known about a model, with its card
    Show {
        /// The model's name, or a checkpoint's path
        #[arg(value_name = "NAME|FILE", value_hint = ValueHint::FilePath)]
        model: String,

        #[command(flatten)]
        trust: TrustArgs,
    },

    Add(ModelsAddArgs),

    /// Remove a model of your own, with its card
    Remove {
        /// The model's name, or that of its file
        name: String,
    },
}

/// Add a checkpoint, from a file or an address
///
/// Takes whatever `--model FILE` takes. The file is fetched or copied, checked, and loaded once; what cannot
/// be used is refused. A card beside FILE, with the same name and .md, is copied too. A plain http address
/// needs --sha256, since anybody on the way could change the file. HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY
/// are honoured.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  uncanny models add runs/portraits/portraits.safetensors
  uncanny models add downloads/generator_checkpoint_singleGPU.ckpt --name pfsr
  uncanny models add \\
      https://github.com/xinntao/Real-ESRGAN/releases/download/v0.1.0/RealESRGAN_x4plus.pth \\
      --sha256 4fa0d38905f75ac06eb49a7951b426670021be3018265fd191d2125df9d682f1

Exit status: 0 added; 1 added, but its card or report could not be written; 2 nothing was added;
130 interrupted.")]
pub(crate) struct ModelsAddArgs {
    /// A checkpoint's path, or its http or https address
    #[arg(value_name = "FILE|URL", value_hint = ValueHint::FilePath)]
    pub(crate) from: String,

    /// The checksum that the file must have, as sha256sum prints it
    #[arg(long, value_name = "HEX", value_parser = sha256)]
    pub(crate) sha256: Option<[u8; 32]>,

    /// The model's name [default: the file's name without its extension]
    #[arg(long, value_name = "NAME", value_parser = plain_name)]
    pub(crate) name: Option<String>,

    /// Replace a model of this name
    #[arg(long, short)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) trust: TrustArgs,
}

/// Train a network on pictures of your own
///
/// Follows a recipe: a TOML file that says what is trained, on what, in which stages, with which losses. The folder of --out
/// receives NAME.safetensors for `--model`, and, while it trains, sample grids, measurements, their curves, and what
/// is needed to continue after an interruption.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  uncanny train portraits/ --out runs/portraits --name portraits
  uncanny train faces.tar more/ --test held-out.tar --out runs/more --iterations 20000
  uncanny train faces.tar --out runs/more --resume
  uncanny train --recipe textures --root data/ --out runs/textures
  uncanny train --recipe mine.toml --out runs/mine

Recipes that come with the program:
  plain      a face network by plain differences: the default
  textures, uncanny, faces, faces-512
             those of the networks that come with the program; faces-512 wants a GPU
  polish     the last touches to faces-512
  pfsr       the paper's own, with an adversary; wants a GPU
  judge      the network that scores how face-like a picture is; it cannot be resumed

The recipe that was followed is kept as recipe.toml in the folder of --out. Ctrl-C saves and stops;
--resume continues.")]
pub(crate) struct TrainArgs {
    /// Folders, tars and zips of pictures of at least 128x128 pixels [default: what the recipe names]
    ///
    /// NAME_lo.png of 16x16 and NAME_hi.png of 128x128 make a pair: NAME_lo.png is the input then, instead of the picture
    /// reduced.
    #[arg(value_name = "DATA", value_hint = ValueHint::AnyPath)]
    pub(crate) data: Vec<PathBuf>,

    /// The recipe: a name from the list below, or a TOML file
    #[arg(long, value_name = "RECIPE", default_value = "plain", help_heading = "Training", value_hint = ValueHint::FilePath)]
    pub(crate) recipe: String,

    /// The folder that data named by the recipe lies in
    #[arg(long, value_name = "DIR", default_value = ".", help_heading = "Training", value_hint = ValueHint::DirPath)]
    pub(crate) root: PathBuf,

    /// The folder that receives everything the training makes
    #[arg(long, short, value_name = "DIR", help_heading = "Output", value_hint = ValueHint::DirPath)]
    pub(crate) out: PathBuf,

    /// The checkpoint's name [default: as in the recipe]
    #[arg(long, value_name = "NAME", help_heading = "Output", value_parser = plain_name)]
    pub(crate) name: Option<String>,

    /// Continue the training in --out, or start one if there is none
    #[arg(long, help_heading = "Output")]
    pub(crate) resume: bool,

    /// Measure and draw samples every N iterations
    #[arg(long, value_name = "N", default_value_t = 500, help_heading = "Output",
        value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) sample_every: u64,

    /// Save what --resume needs every SECONDS seconds
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60,
        help_heading = "Output"
    )]
    pub(crate) save_every: u64,

    /// Begin with the weights of this checkpoint, which must have the recipe's architecture and size, instead of random ones
    #[arg(long, value_name = "FILE", help_heading = "Training", value_hint = ValueHint::FilePath)]
    pub(crate) start: Option<PathBuf>,

    /// The teacher, for stages that learn from one: a model's name or a checkpoint's path [default: as in the recipe]
    #[arg(long, value_name = "MODEL", help_heading = "Training")]
    pub(crate) teacher: Option<String>,

    /// Pictures to measure on, never trained on; may be repeated [default: the recipe's, or DATA]
    #[arg(long, value_name = "DATA", help_heading = "Training", value_hint = ValueHint::AnyPath)]
    pub(crate) test: Vec<PathBuf>,

    /// PFSR's compressed landmark network, as safetensors, for recipes with landmark losses
    #[arg(long, value_name = "FILE", help_heading = "Training", value_hint = ValueHint::FilePath)]
    pub(crate) landmarks: Option<PathBuf>,

    /// The first ten convolutions of VGG16, as safetensors, for recipes with a perceptual loss
    ///
    /// The tensors have torchvision's names, features.0.weight to features.21.bias. The input is RGB in 0..1 minus
    /// 0.485020, 0.457957 and 0.407604.
    #[arg(long, value_name = "FILE", help_heading = "Training", value_hint = ValueHint::FilePath)]
    pub(crate) vgg: Option<PathBuf>,

    /// The number of iterations in all; the recipe's stages keep their proportions [default: as in the recipe]
    #[arg(long, value_name = "N", help_heading = "Training", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) iterations: Option<u64>,

    /// The network's channels, a multiple of 8: more are better and slower [default: as in the recipe]
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub(crate) width: Option<u32>,

    /// The number of pictures in an iteration [default: as in the recipe]
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub(crate) batch: Option<usize>,

    /// The seed: the same seed, data and recipe train the same network [default: as in the recipe]
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub(crate) seed: Option<u64>,

    /// The device to train on: auto, cpu, cuda or cuda:N
    #[arg(
        long,
        value_name = "DEVICE",
        default_value = "auto",
        help_heading = "Machine"
    )]
    pub(crate) device: DeviceChoice,

    /// The number of threads [default: one per core]
    #[arg(long, value_name = "N", help_heading = "Machine", value_parser = up_to::<MAX_THREADS>)]
    pub(crate) threads: Option<usize>,

    /// Print the result as JSON
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

/// Check this machine: what is here, what is missing, what to do about it
///
/// Checks versions, processor, devices, folders, models and free disk space. Exit status: 0 all is well; 1
/// something needs doing.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  uncanny doctor
  uncanny doctor --json > for-the-bug-report.json")]
pub(crate) struct DoctorArgs {
    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) cache: CacheDirArgs,
}

/// Show or empty the cache of finished textures
///
/// `convert` keeps every texture it has enhanced, so that a second run only enhances what changed.
/// Emptying the cache costs nothing but time.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  uncanny cache size
  uncanny cache clear")]
pub(crate) struct CacheArgs {
    /// What to do with the cache
    #[arg(value_enum, value_name = "ACTION")]
    pub(crate) action: CacheAction,

    #[command(flatten)]
    pub(crate) cache: CacheDirArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CacheAction {
    /// Print the cache's folder
    Dir,
    /// Print how many textures and how many bytes it holds
    Size,
    /// Delete all of them
    Clear,
}

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  uncanny completions bash > ~/.local/share/bash-completion/completions/uncanny
  uncanny completions zsh > ~/.zfunc/_uncanny
  uncanny completions fish > ~/.config/fish/completions/uncanny.fish
  uncanny completions powershell >> $PROFILE")]
pub(crate) struct CompletionsArgs {
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// The whole command, with the groups of [`GROUPS`] in its help.
pub(crate) fn command() -> clap::Command {
    let command = Cli::command()
        .mut_subcommand("sheet", sheet::own_words)
        .mut_subcommand("zoom", zoom::own_words);
    let mut groups = String::new();
    for (heading, names) in GROUPS {
        groups.push_str(&format!("{heading}:\n"));
        for name in names {
            let about = command
                .find_subcommand(name)
                .and_then(clap::Command::get_about)
                .map(ToString::to_string)
                .unwrap_or_default();
            groups.push_str(&format!("  {name:<12} {about}\n"));
        }
        groups.push('\n');
    }
    command.help_template(format!(
        "{{about}}\n\nUsage: uncanny <COMMAND>\n\n{groups}{{options}}\n\n{{after-help}}\n"
    ))
}

pub(crate) fn fidelity(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}

/// A number from 1 to `MOST`.
pub(crate) fn up_to<const MOST: usize>(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(value) if (1..=MOST).contains(&value) => Ok(value),
        _ => Err(format!("expected a number from 1 to {MOST}")),
    }
}

fn sha256(text: &str) -> Result<[u8; 32], String> {
    let expected = || "expected 64 digits from 0 to f".to_owned();
    let digits = text.trim();
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(expected());
    }
    let mut bytes = [0; 32];
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| expected())?;
    }
    Ok(bytes)
}

fn plain_name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !text.is_empty() && !text.starts_with('.') && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("expected letters, digits, -, _ and .".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_holds_together() {
        command().debug_assert();
    }

    #[test]
    fn every_command_is_in_one_group_of_the_help() {
        let command = command();
        let mut grouped: Vec<&str> = GROUPS
            .iter()
            .flat_map(|(_, names)| *names)
            .copied()
            .collect();
        let mut commands: Vec<&str> = command
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        grouped.sort_unstable();
        commands.sort_unstable();
        assert_eq!(grouped, commands);
    }

    #[test]
    fn a_sha256_is_64_digits() {
        assert_eq!(sha256(&"0F".repeat(32)), Ok([15; 32]));
        for bad in [
            "",
            "0f",
            &"0g".repeat(32),
            &"+1".repeat(32),
            &"é".repeat(32),
        ] {
            assert!(sha256(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn fidelity_is_a_share() {
        assert_eq!(fidelity("0.5"), Ok(0.5));
        for bad in ["-0.1", "1.1", "NaN", "much", ""] {
            assert!(fidelity(bad).is_err(), "{bad}");
        }
    }
}
