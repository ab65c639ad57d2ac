//! One file per architecture. Each owns its `Config`, how it is detected from the key names and
//! tensor shapes of a state dict, how pictures are cut for it, and its forward pass.

use std::fmt::Debug;

use tch::{TchError, Tensor};
use uncanny_texture::{Scale, TileEdges, Tiling};

use crate::Result;
use crate::checkpoint::{Checkpoint, StateDict};

pub mod compact;
pub mod dat;
pub mod pfsr;
pub mod plksr;
pub mod relief;
pub mod rrdb;
pub mod script;
pub mod span;
pub mod swinir;

mod grain;
pub(crate) mod layers;
mod transformer;
mod upsampler;

pub use layers::Place;
pub use transformer::{Group, Window};
pub use upsampler::Upsampler;

/// What the hyperparameters of an architecture tell of a network.
pub trait Architecture: Debug {
    /// Recognises a checkpoint by its key names; `None` when it is something else.
    ///
    /// # Errors
    /// When the keys are this architecture's but the shapes make no sense for it.
    fn detect(checkpoint: &Checkpoint) -> Result<Option<Self>>
    where
        Self: Sized;

    /// Its name and size for people, as in "SPAN, 48 channels".
    fn describe(&self) -> String;

    /// The enlargement.
    fn scale(&self) -> Scale;

    /// Floating-point operations for one input of `width` x `height`, two per multiply-add.
    fn flops(&self, width: u64, height: u64) -> u64;

    /// Whether f16 will do.
    fn half(&self) -> bool;

    /// How pictures are cut for it.
    fn tiling(&self) -> Tiling;

    /// Takes the weights.
    ///
    /// # Errors
    /// Missing or surplus keys, or a tensor of another shape: each named.
    fn load(&self, state: &StateDict, place: Place) -> Result<Box<dyn Forward>>;
}

/// A network on one device.
pub trait Forward: Debug + Send + Share {
    /// N x 3 x h x w in 0..1 to N x 3 x kh x kw, about 0..1 (not clamped). What lies beyond `edges` is padded within;
    /// one whose [`Tiling`] has nothing go whole need not heed them.
    ///
    /// # Errors
    /// What libtorch reports, such as memory running out.
    fn forward(&self, x: &Tensor, edges: TileEdges) -> Result<Tensor, TchError>;
}

/// What can work in several threads at once.
pub trait Share {
    /// The same network for another thread, its weights in the same memory.
    fn share(&self) -> Box<dyn Forward>;
}

impl<F: Forward + Clone + 'static> Share for F {
    fn share(&self) -> Box<dyn Forward> {
        Box::new(self.clone())
    }
}

/// Recognises one architecture.
type Detect = fn(&Checkpoint) -> Result<Option<Box<dyn Architecture>>>;

/// Every architecture that is recognised by its keys, by the name of its file here. None takes another's checkpoint for
/// its own, so that their order decides nothing.
pub const KNOWN: [(&str, Detect); 8] = [
    ("pfsr", detect::<pfsr::Trained>),
    ("relief", detect::<relief::Config>),
    ("rrdb", detect::<rrdb::Config>),
    ("compact", detect::<compact::Config>),
    ("span", detect::<span::Config>),
    ("plksr", detect::<plksr::Config>),
    ("dat", detect::<dat::Config>),
    ("swinir", detect::<swinir::Config>),
];

fn detect<A: Architecture + 'static>(
    checkpoint: &Checkpoint,
) -> Result<Option<Box<dyn Architecture>>> {
    let found = A::detect(checkpoint)?;
    Ok(found.map(|config| Box::new(config) as Box<dyn Architecture>))
}

/// A convolutional network gets textures up to this side whole, its padding being what lies beyond them: there are no
/// joints then. More would take memory that not everybody has.
const WHOLE: u32 = 128;

/// [`tiling_with`] for a network that pads by its edges.
fn padding_with(context: u32, scale: Scale) -> Tiling {
    Tiling {
        whole: WHOLE,
        ..tiling_with(context, scale)
    }
}

/// A texture's 16 pixels with `context` on each side, cropped away; more of a larger texture with as much around it,
/// up to about 512 pixels of what comes out: beyond that a tile is hardly context any more, and takes memory.
fn tiling_with(context: u32, scale: Scale) -> Tiling {
    Tiling {
        tile: 16 + 2 * context,
        stride: 16,
        feather: 0,
        largest: (512 / scale.get()).clamp(16, 128),
        whole: 0,
    }
}

/// The architectures that a checkpoint may have, as messages name them.
pub const SUPPORTED: &str =
    "PFSR, Relief, RRDB (ESRGAN), Compact, SPAN, RealPLKSR, DAT, SwinIR, or any as TorchScript";

/// Networks that people have files of and that are not supported: a key that only they have, and their name.
const FAMILIAR: [(&str, &str); 13] = [
    ("block_1.esa.conv_f.weight", "RLFN"),
    ("relative_position_index_SA", "HAT or ATD"),
    ("layers.0.residual_group.overlap_attn.qkv.weight", "HAT"),
    ("layers.0.swin1.attn.qkv.weight", "DRCT"),
    ("layers.0.blocks.0.gamma", "RGT"),
    ("patch_embed.proj.weight", "Swin2SR"),
    (
        "layers.0.residual_group.blocks.0.attn.aligned_relative_position_index",
        "SRFormer",
    ),
    (
        "residual_layer.0.residual_layer.0.layer.0.fn.0.weight",
        "OmniSR",
    ),
    ("unet1.conv1.conv.0.weight", "Real-CUGAN"),
    ("gblocks.0.weight", "MoSR"),
    ("feats.0.safm.mfr.0.weight", "SAFMN"),
    ("feats.1.lk.conv.weight", "PLKSR"),
    ("UFONE.0.ITLs.0.attn.temperature", "DITN"),
];

/// What a network is that no architecture here wants, if it is a well-known one.
pub(crate) fn familiar(state: &StateDict) -> Option<&'static str> {
    FAMILIAR
        .iter()
        .find(|(key, _)| state.contains(key))
        .map(|(_, name)| *name)
}
