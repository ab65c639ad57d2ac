//! What the command line says.

use std::path::PathBuf;
use std::str::FromStr;

use bevy_uncanny::DeviceChoice;
use clap::{Parser, ValueEnum};

/// Walk around in a small world made of a resource pack, before and after a neural network enhanced it.
///
/// Examples:
///   uncanny-demo                                    the starter pack, in a window
///   uncanny-demo --pack Faithful.zip                any other, a zip or a folder
///   uncanny-demo --headless --shot out.png --after enhanced --slider 0.5 --camera house
///   uncanny-demo --bench --size 1920x1080           how long frames take, and while the network is at work
#[derive(Clone, Debug, Parser)]
#[command(version, verbatim_doc_comment)]
pub(crate) struct Args {
    /// The resource pack, a zip or a folder. Change a texture in it, and the world changes.
    #[arg(long, value_name = "PACK", default_value_os_t = starter())]
    pub pack: PathBuf,
    /// The model: nearest, lanczos, textures, faces, faces-512, or a checkpoint's path.
    #[arg(long, default_value = "textures")]
    pub model: String,
    /// What the model runs on: auto, cpu, cuda or cuda:N.
    #[arg(long, default_value_t = DeviceChoice::Auto)]
    pub device: DeviceChoice,
    /// Draws without a window.
    #[arg(long)]
    pub headless: bool,
    /// Writes a picture (PNG) and ends.
    #[arg(long, value_name = "FILE")]
    pub shot: Option<PathBuf>,
    /// What a picture, and counting frames, waits for: `loaded` (all textures as painted), `enhanced`, or that many
    /// seconds after `loaded`.
    #[arg(long, value_name = "WHEN", default_value = "loaded")]
    pub after: After,
    /// Flies a fixed path without a window, as fast as it goes, with nothing to enhance; then again, until the model has
    /// enhanced every texture; and prints how long frames took. Takes no texture from the cache, unless --cache says so.
    #[arg(long, conflicts_with_all = ["shot", "frame_times", "remote", "camera"])]
    pub bench: bool,
    /// Prints what --bench measured as JSON.
    #[arg(long, requires = "bench")]
    pub json: bool,
    /// Ends after that many frames; of --bench, the frames of one round (600).
    #[arg(long, value_name = "N")]
    pub frames: Option<u32>,
    /// The picture's or window's size in pixels.
    #[arg(long, value_name = "WxH", default_value = "1280x720")]
    pub size: Size,
    /// Where to stand: overview, house, farm, pond, quarry, gallery, mobs, or x,y,z,yaw,pitch in blocks and degrees
    /// (yaw 0 looks north, 90 east; pitch looks up). Without it, at the house, or in a picture, from above.
    #[arg(long, value_name = "WHERE", allow_hyphen_values = true)]
    pub camera: Option<View>,
    /// The originals' share of the screen: 0 shows the enhanced textures alone, 1 the originals.
    #[arg(long, value_name = "0..1", default_value_t = 0.0, value_parser = share)]
    pub slider: f32,
    /// Writes how long each frame took, in milliseconds: JSON, or CSV by the file's ending.
    #[arg(long, value_name = "FILE")]
    pub frame_times: Option<PathBuf>,
    /// Shadows, bloom and smooth edges, or none of them.
    #[arg(long, value_enum, default_value_t = Quality::High)]
    pub quality: Quality,
    /// What stands on the screen.
    #[arg(long, value_enum, default_value_t = Hud::All)]
    pub hud: Hud,
    /// Stops time: animations, mobs, water.
    #[arg(long)]
    pub still: bool,
    /// Keeps finished textures in this folder, not in the user's cache.
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// Obeys commands on the standard input, a JSON object a line; answers on the standard output. See `remote.rs`.
    #[arg(long)]
    pub remote: bool,
}

impl Args {
    /// Where to stand.
    pub(crate) fn view(&self) -> View {
        let usual = VIEWS[usize::from(!self.headless)].1;
        self.camera.unwrap_or(View {
            eyes: [usual[0], usual[1], usual[2]],
            yaw: usual[3],
            pitch: usual[4],
        })
    }
}

/// How much is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Quality {
    /// For machines without a GPU.
    Low,
    /// Everything.
    High,
}

/// What stands on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Hud {
    /// Figures, and the slider's line.
    All,
    /// The slider's line.
    Slider,
    /// Nothing but the world.
    None,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum After {
    /// Pictures as painted.
    Loaded,
    /// Pictures as enhanced.
    Enhanced,
    /// Seconds.
    Seconds(f32),
}

impl FromStr for After {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "loaded" => Ok(Self::Loaded),
            "enhanced" => Ok(Self::Enhanced),
            _ => match text.parse() {
                Ok(seconds) if (0.0..=86_400.0).contains(&seconds) => Ok(Self::Seconds(seconds)),
                _ => Err("neither `loaded` nor `enhanced` nor a number of seconds".to_owned()),
            },
        }
    }
}

/// Pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// Across.
    pub width: u32,
    /// Down.
    pub height: u32,
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (width, height) = text.split_once('x')?;
            Some((width.parse().ok()?, height.parse().ok()?))
        };
        match parse() {
            Some((width, height))
                if (16..=8192).contains(&width) && (16..=8192).contains(&height) =>
            {
                Ok(Self { width, height })
            }
            _ => Err("not a size such as 1280x720, from 16 to 8192 each".to_owned()),
        }
    }
}

/// Eyes, and where they look, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct View {
    /// The eyes.
    pub eyes: [f32; 3],
    /// 0 is north, 90 east.
    pub yaw: f32,
    /// Up.
    pub pitch: f32,
}

/// Places worth standing at.
pub(crate) const VIEWS: [(&str, [f32; 5]); 7] = [
    ("overview", [60.0, 27.0, 63.0, -35.0, -20.0]),
    ("house", [34.5, 14.2, 40.5, 22.0, -4.0]),
    ("farm", [55.0, 14.6, 37.5, -38.0, -17.0]),
    ("pond", [26.5, 15.4, 51.0, -16.0, -24.0]),
    ("quarry", [29.5, 14.6, 28.0, -14.0, -16.0]),
    ("gallery", [76.0, 16.5, 50.5, 14.0, 2.0]),
    ("mobs", [42.0, 13.8, 43.5, -5.0, -13.0]),
];

impl FromStr for View {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = match VIEWS.iter().find(|(name, _)| *name == text) {
            Some((_, numbers)) => Some(numbers.to_vec()),
            None => text
                .split(',')
                .map(|part| part.trim().parse::<f32>().ok())
                .collect(),
        };
        match numbers.as_deref() {
            Some(&[x, y, z, yaw, pitch])
                if [x, y, z, yaw, pitch].iter().all(|it| it.is_finite()) =>
            {
                Ok(Self {
                    eyes: [x, y, z],
                    yaw,
                    pitch: pitch.clamp(-89.0, 89.0),
                })
            }
            _ => {
                let names: Vec<&str> = VIEWS.iter().map(|(name, _)| *name).collect();
                Err(format!(
                    "neither x,y,z,yaw,pitch nor one of {}",
                    names.join(", ")
                ))
            }
        }
    }
}

fn share(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("not a number from 0 to 1".to_owned()),
    }
}

/// Beside the program, or where it was built.
fn starter() -> PathBuf {
    let beside = std::env::current_exe()
        .ok()
        .and_then(|program| Some(program.parent()?.join("starter")));
    match beside {
        Some(folder) if folder.join("pack.mcmeta").is_file() => folder,
        _ => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/starter")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_checked() {
        use clap::CommandFactory as _;
        Args::command().debug_assert();
        assert_eq!(
            "640x360".parse(),
            Ok(Size {
                width: 640,
                height: 360
            })
        );
        assert!("0x9".parse::<Size>().is_err());
        assert_eq!("2.5".parse(), Ok(After::Seconds(2.5)));
        assert!("soon".parse::<After>().is_err());
        assert_eq!(
            "1,2,3,-90,-95"
                .parse::<View>()
                .map(|view| (view.yaw, view.pitch)),
            Ok((-90.0, -89.0))
        );
        assert!("house".parse::<View>().is_ok());
        assert!("1,2,3".parse::<View>().is_err());
        assert!(share("1.1").is_err());
    }
}
