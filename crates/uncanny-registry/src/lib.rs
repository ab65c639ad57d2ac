//! Models by name, for every front end: the networks that come with the library, the classical models, checkpoints in the
//! user's folder, and paths of others; with them the judge of faces.
//!
//! `uncanny` plans and runs with whatever implements [`Models`](uncanny::Models) and links no libtorch. This crate is the
//! implementation with networks: [`Catalogue`] knows what a name means, [`ModelRegistry`] loads what is asked for.
//!
//! A whole pack, as the command line makes it:
//!
//! ```no_run
//! use uncanny::{Options, convert};
//! use uncanny_registry::{DeviceChoice, ModelRegistry};
//!
//! let options = Options::default();
//! let mut models = ModelRegistry::new(DeviceChoice::Auto).for_options(&options);
//! let report = convert("pack.zip".as_ref(), "pack-128x.zip".as_ref(), &options, &mut models, None)?;
//! println!("{} textures enhanced", report.counts.enhanced);
//! # Ok::<(), uncanny::Error>(())
//! ```
//!
//! A single texture that repeats:
//!
//! ```
//! use uncanny_registry::{DeviceChoice, ModelRegistry};
//! use uncanny_texture::{Cell, Edges, Recipe, RgbaImage, Scale, enhance};
//!
//! let stone = RgbaImage::from_fn(16, 16, |x, y| [90 + (x * y % 7) as u8, 90, 100, 255].into());
//! let recipe = Recipe::new(vec![Cell::whole(16, 16, Edges::WRAP)], Scale::new(8)?);
//! let mut models = ModelRegistry::new(DeviceChoice::Auto);
//! let enhanced = enhance(&stone, &recipe, models.model("textures")?)?;
//! assert_eq!(enhanced.dimensions(), (128, 128));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A program that uses this crate links libtorch; `build.rs` of this crate shows how it finds it when it runs.

mod catalogue;
mod error;
mod registry;

pub use catalogue::{Catalogue, FOLDER_VARIABLE, ModelFile, NamedModel, has_extension, name_of};
pub use error::Error;
pub use registry::ModelRegistry;
pub use uncanny_model::DeviceChoice;

// The README's program must compile: this makes a documentation test of it.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
