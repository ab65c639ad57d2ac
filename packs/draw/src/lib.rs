//! Draws the starter pack: original CC0 art in data and code, the same bytes on every machine.
//!
//! One file for each family of textures; [`starter`] puts them together.

pub mod canvas;
pub mod palette;

mod blocks;
mod extras;
mod font;
mod gui;
mod items;
mod mobs;
mod plants;

pub mod pack;
pub mod sheet;
pub mod sheets;

use pack::Pack;

/// The whole pack.
pub fn starter() -> Pack {
    let mut pack = Pack::default();
    blocks::draw(&mut pack);
    plants::draw(&mut pack);
    items::draw(&mut pack);
    mobs::draw(&mut pack);
    gui::draw(&mut pack);
    font::draw(&mut pack);
    extras::draw(&mut pack);
    pack
}
