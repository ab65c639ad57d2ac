//! One file per architecture. Each owns its `Config`, how it is detected from the key names and
//! tensor shapes of a state dict, and its forward pass.

pub mod compact;
pub mod pfsr;
pub mod plksr;
pub mod relief;
pub mod rrdb;
pub mod script;
pub mod span;

mod layers;

pub use layers::Place;

use crate::checkpoint::StateDict;

/// The architectures that a checkpoint may have, as messages name them.
pub const SUPPORTED: &str =
    "PFSR, Relief, RRDB (ESRGAN), Compact, SPAN, RealPLKSR, or any as TorchScript";

/// Networks that people have files of and that are not supported: a key that only they have, and their name.
const FAMILIAR: [(&str, &str); 14] = [
    ("block_1.esa.conv_f.weight", "RLFN"),
    ("relative_position_index_SA", "HAT or ATD"),
    ("layers.0.residual_group.overlap_attn.qkv.weight", "HAT"),
    ("layers.0.swin1.attn.qkv.weight", "DRCT"),
    ("layers.0.blocks.0.gamma", "RGT"),
    ("layers.0.blocks.0.attn.attns.0.rpe_biases", "DAT"),
    ("patch_embed.proj.weight", "Swin2SR"),
    ("layers.0.residual_group.blocks.0.attn.qkv.weight", "SwinIR"),
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
