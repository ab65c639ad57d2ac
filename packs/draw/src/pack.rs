//! The pack as files: names and bytes in order, PNG and zip writing, the folder on disk.
//!
//! Decides nothing about what is drawn. The same drawings give the same bytes on every machine:
//! files sorted by name, PNGs through a pure-Rust deflate, zip entries stored with a fixed date.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::Path;

use serde_json::Value;
use zip::write::SimpleFileOptions;

use crate::canvas::Canvas;
use crate::palette::Rgba;

/// A resource pack in memory: entry names with `/` and their bytes, sorted by name.
#[derive(Clone, Debug, Default)]
pub struct Pack {
    /// The files.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What each PNG holds, for looking at.
    pub pictures: BTreeMap<String, Canvas>,
}

impl Pack {
    /// Adds a file.
    pub fn file(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        let before = self.files.insert(name.to_owned(), bytes.into());
        assert!(before.is_none(), "{name} is drawn twice");
    }

    /// Adds a JSON file, indented, with a final newline.
    pub fn json(&mut self, name: &str, value: &Value) {
        self.file(name, format!("{value:#}\n"));
    }

    /// Adds a picture under its full name; transparent pixels take the mean colour of the others.
    pub fn png(&mut self, name: &str, canvas: &Canvas) {
        let mut canvas = canvas.clone();
        canvas.bleed();
        self.file(name, encode(&canvas));
        self.pictures.insert(name.to_owned(), canvas);
    }

    /// Adds one of the game's own textures, `block/stone` for example.
    pub fn texture(&mut self, path: &str, canvas: &Canvas) {
        self.png(&format!("assets/minecraft/textures/{path}.png"), canvas);
    }

    /// Adds an animation strip and its sidecar.
    pub fn animation(&mut self, path: &str, frames: &[Canvas], animation: &Value) {
        self.texture(path, &Canvas::strip(frames));
        let name = format!("assets/minecraft/textures/{path}.png.mcmeta");
        self.json(&name, &serde_json::json!({ "animation": animation }));
    }

    /// Adds a texture of this pack's own namespace.
    pub fn extra(&mut self, path: &str, canvas: &Canvas) {
        self.png(&format!("assets/uncanny/textures/{path}.png"), canvas);
    }

    /// The pack as a zip archive.
    ///
    /// # Errors
    /// When the archive can't be written, which in memory means that it is too large.
    pub fn zip(&self) -> std::io::Result<Vec<u8>> {
        // Stored: PNGs don't shrink, and no deflate implementation can then change the bytes.
        let options = SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored)
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(0o644);
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in &self.files {
            archive.start_file(name.as_str(), options)?;
            archive.write_all(bytes)?;
        }
        Ok(archive.finish()?.into_inner())
    }

    /// Makes `folder` hold exactly this pack, whatever it held before.
    ///
    /// # Errors
    /// When a file or folder can't be removed or written.
    pub fn write(&self, folder: &Path) -> std::io::Result<()> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        for (name, bytes) in &self.files {
            let path = folder.join(name);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(path, bytes)?;
        }
        Ok(())
    }
}

/// A PNG: indexed with as few bits as will do, or RGBA above 256 colours.
pub fn encode(canvas: &Canvas) -> Vec<u8> {
    let mut colours: Vec<Rgba> = canvas.pixels().to_vec();
    // Translucent colours first, so that the tRNS chunk is short.
    colours.sort_by_key(|colour| (colour[3], *colour));
    colours.dedup();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, canvas.width as u32, canvas.height as u32);
    encoder.set_deflate_compression(png::DeflateCompression::FdeflateUltraFast);
    // Rows of the few large pictures repeat; of the small ones they do not.
    let repeats = canvas.width > 64;
    encoder.set_filter(if repeats {
        png::Filter::Up
    } else {
        png::Filter::NoFilter
    });
    let data = if colours.len() <= 256 {
        let bits = match colours.len() {
            0..=2 => 1,
            3..=4 => 2,
            5..=16 => 4,
            _ => 8,
        };
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(match bits {
            1 => png::BitDepth::One,
            2 => png::BitDepth::Two,
            4 => png::BitDepth::Four,
            _ => png::BitDepth::Eight,
        });
        encoder.set_palette(
            colours
                .iter()
                .flat_map(|c| [c[0], c[1], c[2]])
                .collect::<Vec<u8>>(),
        );
        let alpha: Vec<u8> = colours
            .iter()
            .map(|c| c[3])
            .take_while(|a| *a < 255)
            .collect();
        if !alpha.is_empty() {
            encoder.set_trns(alpha);
        }
        let mut data = Vec::new();
        for row in canvas.pixels().chunks(canvas.width as usize) {
            for group in row.chunks(8 / bits) {
                let mut byte = 0u8;
                for (i, pixel) in group.iter().enumerate() {
                    let index = colours.binary_search_by_key(&(pixel[3], *pixel), |c| (c[3], *c));
                    let index = index.expect("the palette holds every pixel's colour") as u8;
                    byte |= index << (8 - bits * (i + 1));
                }
                data.push(byte);
            }
        }
        data
    } else {
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        canvas.pixels().concat()
    };
    let mut writer = encoder.write_header().expect("a header fits into memory");
    writer
        .write_image_data(&data)
        .expect("the data has the header's size");
    writer.finish().expect("memory takes every byte");
    bytes
}
