//! Pixels: decoding, frames and sprites, alpha, edges, tiles, seams, classical baselines.
//!
//! Owns every operation on pixels and no I/O: it takes bytes and images and gives images and bytes back.
//! Images are straight (not premultiplied) 8-bit RGBA in sRGB, as the game stores them; a network sees planar RGB
//! floats in 0..1 with the colour bled under the transparent texels.
//!
//! ```
//! use uncanny_texture::{Cell, Edges, Lanczos, Recipe, RgbaImage, Scale, enhance};
//!
//! let scale = Scale::new(8)?;
//! let texture = RgbaImage::from_pixel(16, 16, [120, 90, 60, 255].into());
//! let recipe = Recipe::new(vec![Cell::whole(16, 16, Edges::WRAP)], scale);
//! let enhanced = enhance(&texture, &recipe, &mut Lanczos::new(scale))?;
//! assert_eq!(enhanced.dimensions(), (128, 128));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod guard;

mod cell;
mod facts;
mod scale;

mod animation;
mod codec;
pub mod input;

mod bleed;
mod padding;
mod resample;
mod resize;
mod tile;

mod baseline;
mod judge;
mod reach;
mod upscaler;

mod fidelity;
mod hint;
mod nudge;
mod pbr;
mod silhouette;

mod batch;
mod work;
mod xbr;

pub mod metric;
pub mod sheet;

/// Names this version of the pixel code: another one may make other pixels of the same input.
pub const REVISION: &str = env!("UNCANNY_TEXTURE_REVISION");

pub use image::RgbaImage;

pub use animation::{Animation, AnimationReader, AnimationWriter, Frame, Loops, PictureFormat};
pub use baseline::{Lanczos, Nearest};
pub use batch::{BatchEvent, Batcher, upscale_all};
pub use bleed::bled;
pub use cell::{Cell, Channels, Edge, Edges, Rect};
pub use codec::{DecodeLimits, PngInfo, Texture, decode, encode, encode_rgba, is_whole, probe};
pub use error::Error;
pub use facts::{AlphaClass, Facts, facts};
pub use guard::is_guarded;
pub use hint::face_light;
pub use judge::Judge;
pub use nudge::{MOST_HINT, Nudge};
pub use padding::{Padding, TileEdges};
pub use reach::{Reach, reach};
pub use resample::downscale;
pub use resize::{Filter, resize};
pub use scale::Scale;
pub use silhouette::silhouette;
pub use tile::{RgbPlanes, TileBlend, TileGrid, Tiling};
pub use upscaler::{UpscaleError, Upscaler};
pub use work::{AlphaRule, Method, Recipe, Work, enhance, run};
pub use xbr::Xbr;
