//! What is known of one model: its network, its file, its card.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use indicatif::{HumanBytes, HumanCount};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use uncanny_model::checkpoint::{self, DType, StateDict};
use uncanny_model::{Device, Network, Programs};
use uncanny_registry::{Catalogue, NamedModel};
use uncanny_texture::Upscaler as _;
use uncanny_texture::input::open_regular;

use crate::error::Error;

/// Longer than any card is; what is beyond is not read.
const MAX_CARD: usize = 1 << 20;

/// What a network is.
#[derive(Debug, Serialize)]
pub(super) struct Facts {
    pub(super) architecture: String,
    pub(super) scale: u32,
    pub(super) parameters: u64,
    /// Billions of floating-point operations for 16x16 pixels.
    pub(super) gflop_per_tile: f64,
    tiling: Tiling,
}

/// How pictures are cut for it, in pixels of the input.
#[derive(Debug, Serialize)]
struct Tiling {
    /// Side of the square that it sees.
    tile: u32,
    /// From one square to the next; the rest is context.
    stride: u32,
    /// What the stride may grow to in large pictures.
    largest: u32,
    /// Pictures up to this side go through whole, their edges padded by the network itself; 0 for none.
    whole: u32,
}

impl Facts {
    pub(super) fn of(network: &Network) -> Self {
        let about = network.description();
        let tiling = network.tiling();
        Self {
            architecture: about.architecture.clone(),
            scale: about.scale.get(),
            parameters: about.parameters,
            gflop_per_tile: about.flops_per_tile as f64 / 1e9,
            tiling: Tiling {
                tile: tiling.tile,
                stride: tiling.stride,
                largest: tiling.largest.max(tiling.stride),
                whole: tiling.whole,
            },
        }
    }
}

/// Where the bytes of a network are, and what they are.
#[derive(Debug, Serialize)]
struct FileFacts {
    /// Nowhere, for what is part of the program.
    path: Option<PathBuf>,
    bytes: u64,
    sha256: String,
    /// The type of most of its numbers; TorchScript does not say.
    dtype: Option<String>,
    licence: Option<String>,
    metadata: BTreeMap<String, String>,
    /// Markdown.
    card: Option<String>,
}

/// What is known of one model.
#[derive(Debug, Serialize)]
pub(super) struct About {
    name: String,
    summary: Option<&'static str>,
    #[serde(flatten)]
    facts: Option<Facts>,
    #[serde(flatten)]
    file: Option<FileFacts>,
}

impl About {
    /// Reads and loads what `name` was found to mean.
    pub(super) fn new(name: &str, source: &NamedModel, programs: Programs) -> Result<Self, Error> {
        let summary = Catalogue::built_in()
            .find(|(built_in, _)| *built_in == name)
            .map(|(_, what)| what);
        let (facts, file) = match source {
            NamedModel::Classical(_) => (None, None),
            NamedModel::Shipped(shipped) => {
                let network = shipped.load(Device::CPU)?;
                let card = Some(shipped.card.to_owned());
                let file = FileFacts::new(None, shipped.bytes, card);
                (Some(Facts::of(&network)), Some(file))
            }
            NamedModel::File(path) => {
                let bytes = checkpoint::read_file(path).map_err(uncanny_model::Error::from)?;
                let shown = path.display().to_string();
                let network = Network::from_bytes_with(&shown, &bytes, Device::CPU, programs)?;
                return Ok(Self::of_file(name, path, &network, &bytes, read_card(path)));
            }
        };
        Ok(Self {
            name: name.to_owned(),
            summary,
            facts,
            file,
        })
    }

    /// Of a checkpoint that is, or will be, the file `path`.
    pub(super) fn of_file(
        name: &str,
        path: &Path,
        network: &Network,
        bytes: &[u8],
        card: Option<String>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            summary: None,
            facts: Some(Facts::of(network)),
            file: Some(FileFacts::new(Some(path), bytes, card)),
        }
    }

    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut line = |label: &str, value: &str| writeln!(out, "{label:<13} {value}");
        line("name", &self.name)?;
        if let Some(summary) = self.summary {
            line("what", summary)?;
        }
        match &self.facts {
            None => line("scale", "any")?,
            Some(facts) => {
                line("architecture", &facts.architecture)?;
                line("scale", &format!("{}x", facts.scale))?;
                line("parameters", &HumanCount(facts.parameters).to_string())?;
                let cost = gflop(facts.gflop_per_tile);
                line("cost", &format!("{cost} GFLOP for 16x16 pixels"))?;
                line("sees", &facts.tiling.to_string())?;
            }
        }
        let Some(file) = &self.file else {
            return Ok(());
        };
        let unknown = |text: &Option<String>, unknown: &str| {
            text.clone().unwrap_or_else(|| unknown.to_owned())
        };
        line("numbers", &unknown(&file.dtype, "unknown"))?;
        let path = file.path.as_deref().map(|path| path.display().to_string());
        line("file", &unknown(&path, "part of the program"))?;
        line("size", &HumanBytes(file.bytes).to_string())?;
        line("sha256", &file.sha256)?;
        let unstated = match &file.card {
            Some(_) => "see the card",
            None => "not stated",
        };
        line("licence", &unknown(&file.licence, unstated))?;
        for (key, value) in &file.metadata {
            line("metadata", &format!("{key}: {value}"))?;
        }
        match &file.card {
            Some(card) => writeln!(out, "\n{}", card.trim_end()),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Tiling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            tile,
            stride,
            largest,
            whole,
        } = self;
        let context = tile.saturating_sub(*stride) / 2;
        if *whole > 0 {
            return write!(
                f,
                "pictures up to {whole}x{whole} pixels whole, of larger ones {largest}x{largest} and {context} around them"
            );
        }
        write!(f, "{stride}x{stride} pixels at a time")?;
        if largest > stride {
            write!(f, ", {largest}x{largest} of a large picture")?;
        }
        write!(f, ", and {context} around them")
    }
}

impl FileFacts {
    fn new(path: Option<&Path>, bytes: &[u8], card: Option<String>) -> Self {
        let read = checkpoint::read_bytes("", bytes).ok();
        let dtype = read
            .as_ref()
            .and_then(|checkpoint| most(&checkpoint.state))
            .map(|dtype| dtype.to_string());
        let metadata = read.map(|read| read.metadata).unwrap_or_default();
        let licence = ["license", "licence", "modelspec.license"]
            .iter()
            .find_map(|key| metadata.get(*key).cloned())
            .or_else(|| licence(card.as_deref()?));
        Self {
            path: path.map(Path::to_owned),
            bytes: bytes.len() as u64,
            sha256: hex(&Sha256::digest(bytes)),
            dtype,
            licence,
            metadata,
            card,
        }
    }
}

/// The type of most of the numbers.
fn most(state: &StateDict) -> Option<DType> {
    let mut counts: Vec<(DType, usize)> = Vec::new();
    for (_, tensor) in state.iter() {
        match counts.iter_mut().find(|(dtype, _)| *dtype == tensor.dtype) {
            Some((_, count)) => *count += tensor.numel(),
            None => counts.push((tensor.dtype, tensor.numel())),
        }
    }
    counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map(|(dtype, _)| dtype)
}

/// The card of a checkpoint: the Markdown file of its name beside it.
pub(super) fn card_of(checkpoint: &Path) -> PathBuf {
    checkpoint.with_extension("md")
}

/// The text of a checkpoint's card, if it has one.
pub(super) fn read_card(checkpoint: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    let card = open_regular(&card_of(checkpoint)).ok()?;
    card.take(MAX_CARD as u64).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The licence that a card states: in a row of its table, or in the head that model hubs ask for.
fn licence(card: &str) -> Option<String> {
    card.lines().find_map(|line| {
        let line = line.trim().trim_matches('|');
        let (key, value) = line.split_once(['|', ':'])?;
        let key = key.trim().to_lowercase();
        let value = value.trim().trim_matches(['"', '\'']);
        (matches!(&*key, "licence" | "license") && !value.is_empty()).then(|| value.to_owned())
    })
}

/// `0.56 M`, short enough for a table.
pub(super) fn count(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        1_000..100_000 => format!("{:.1} k", number as f64 / 1e3),
        _ => format!("{:.2} M", number as f64 / 1e6),
    }
}

/// Billions of operations, with as many digits as say something.
pub(super) fn gflop(number: f64) -> String {
    let digits = match number {
        ..0.1 => 4,
        ..10.0 => 2,
        _ => 1,
    };
    format!("{number:.digits$}")
}

/// As `sha256sum` writes it.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes any text");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_state_licences_in_their_own_ways() {
        for (card, expected) in [
            ("# x4\n\n| | |\n|---|---|\n| licence | CC0 |\n", Some("CC0")),
            (
                "---\nlicense: cc-by-4.0\ntags:\n---\n# x4",
                Some("cc-by-4.0"),
            ),
            ("---\nlicense: \"mit\"\n---", Some("mit")),
            ("# x4\nlicense:\n", None),
            ("# x4\nFree as in freedom.", None),
        ] {
            assert_eq!(licence(card).as_deref(), expected, "{card}");
        }
    }

    #[test]
    fn numbers_fit_their_columns() {
        assert_eq!(count(999), "999");
        assert_eq!(count(12_345), "12.3 k");
        assert_eq!(count(16_697_987), "16.70 M");
        assert_eq!(gflop(0.00123), "0.0012");
        assert_eq!(gflop(0.6701), "0.67");
        assert_eq!(gflop(10.48), "10.5");
        assert_eq!(hex(&[0, 0xab, 0xff]), "00abff");
    }
}
