//! Aseprite's own files. Every cel is a sprite, enhanced on its layer, and so is every tile of a tileset; linked cels
//! stay links. Layers, tags, durations, palettes, user data and whatever else there is stay byte for byte.
//!
//! The chunks are walked here, and only what is in pixels is written anew
//! (<https://github.com/aseprite/aseprite/blob/main/docs/ase-file-specs.md>): the libraries that are kept,
//! `aseprite-loader` and `asefile`, read and do not write. They read what is written here in the tests.

use std::io::{Read as _, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use uncanny_texture::{DecodeLimits, Edges, RgbaImage, Scale};

use super::load::{Body, Document, Loader, name};
use super::picture::{Frame, Picture};
use super::{SheetError, SheetPicture};

const HEADER: usize = 128;
const FRAME_HEADER: usize = 16;
const CHUNK_HEADER: usize = 6;
const MAGIC: u16 = 0xA5E0;

const LAYER: u16 = 0x2004;
const CEL: u16 = 0x2005;
const CEL_EXTRA: u16 = 0x2006;
const PALETTE: u16 = 0x2019;
const OLD_PALETTE: u16 = 0x0004;
const SLICE: u16 = 0x2022;
const TILESET: u16 = 0x2023;

const BACKGROUND_LAYER: u16 = 8;
const REFERENCE_LAYER: u16 = 64;

/// What the number of a pixel can tell apart.
const MAX_COLOURS: usize = 256;
/// Bytes of a name that are used.
const MAX_NAME: usize = 256;
/// Pixels in all cels and tilesets together: pixels of one colour are packed a thousand to a byte.
const MAX_PIXELS: u64 = 64 << 20;
/// Cels and tiles in all: a tile may be a single pixel.
const MAX_SPRITES: u64 = 1 << 18;

/// Whether the bytes begin as an Aseprite file does.
pub(super) fn is_aseprite(bytes: &[u8]) -> bool {
    bytes.len() >= HEADER && bytes[4..6] == MAGIC.to_le_bytes()
}

/// A file of Aseprite, waiting for its enhanced pictures.
#[derive(Debug)]
pub(super) struct Ase {
    header: Vec<u8>,
    depth: Depth,
    frames: Vec<AseFrame>,
}

#[derive(Debug)]
struct AseFrame {
    header: Vec<u8>,
    chunks: Vec<Chunk>,
}

#[derive(Debug)]
struct Chunk {
    kind: u16,
    /// What follows the header.
    data: Vec<u8>,
    /// Where the pixels begin in the data, when there are any that change.
    pixels: Option<usize>,
}

/// How a file stores pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    Rgba,
    Grey,
    /// Written as RGBA: an enhanced sprite has more colours than a palette.
    Indexed,
}

impl Depth {
    fn bytes(self) -> usize {
        match self {
            Self::Rgba => 4,
            Self::Grey => 2,
            Self::Indexed => 1,
        }
    }
}

/// Little-endian numbers of a chunk; 0 beyond its end.
fn word(data: &[u8], at: usize) -> u16 {
    data.get(at..at + 2)
        .map_or(0, |bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
}

fn long(data: &[u8], at: usize) -> u32 {
    u32::from(word(data, at)) | u32::from(word(data, at + 2)) << 16
}

/// What a sprite's pixels are stored in and what their numbers mean.
struct Colours {
    depth: Depth,
    palette: Vec<[u8; 4]>,
    transparent: u8,
}

impl Colours {
    fn image(&self, width: u32, height: u32, raw: &[u8], background: bool) -> Option<RgbaImage> {
        let pixel = |bytes: &[u8]| match self.depth {
            Depth::Rgba => [bytes[0], bytes[1], bytes[2], bytes[3]],
            Depth::Grey => [bytes[0], bytes[0], bytes[0], bytes[1]],
            Depth::Indexed if bytes[0] == self.transparent && !background => [0; 4],
            Depth::Indexed => self
                .palette
                .get(usize::from(bytes[0]))
                .copied()
                .unwrap_or([0, 0, 0, 255]),
        };
        let area = width as usize * height as usize;
        let raw = raw.get(..area * self.depth.bytes())?;
        let samples = raw
            .chunks_exact(self.depth.bytes())
            .flat_map(pixel)
            .collect();
        RgbaImage::from_raw(width, height, samples)
    }
}

/// Reads a file: its cels and tiles become pictures.
pub(super) fn read(loader: &mut Loader<'_>, path: &Path, bytes: &[u8]) -> Result<(), SheetError> {
    let wrong = |message: String| SheetError::Syntax {
        path: path.to_owned(),
        message,
    };
    let depth = match word(bytes, 12) {
        32 => Depth::Rgba,
        16 => Depth::Grey,
        8 => Depth::Indexed,
        other => return Err(wrong(format!("its pixels have {other} bits"))),
    };
    let frames = split(bytes).ok_or_else(|| wrong("it is cut short".to_owned()))?;
    let mut ase = Ase {
        header: bytes[..HEADER].to_vec(),
        depth,
        frames,
    };
    let colours = Colours {
        depth,
        palette: palette(&ase),
        transparent: bytes[28],
    };
    let mut layers: Vec<(String, u16)> = Vec::new();
    for chunk in ase.frames.iter().flat_map(|frame| &frame.chunks) {
        if chunk.kind == LAYER {
            layers.push((string(&chunk.data, 16), word(&chunk.data, 0)));
        }
    }
    let mut room = Room::default();
    for (number, frame) in ase.frames.iter_mut().enumerate() {
        for chunk in &mut frame.chunks {
            let read = match chunk.kind {
                CEL => cel(chunk, number, &layers, &colours, &mut room, loader),
                TILESET => tileset(chunk, &colours, &mut room, loader),
                _ => Ok(()),
            };
            read.map_err(|what| wrong(format!("frame {number}: {what}")))?;
        }
    }
    if depth == Depth::Indexed {
        loader.warnings.push(format!(
            "{}: it has a palette; the enhanced file is RGB, since its colours are more",
            name(path)
        ));
    }
    loader.documents.push(Document {
        path: path.to_owned(),
        body: Body::Aseprite(ase),
    });
    Ok(())
}

/// Frames and their chunks.
fn split(bytes: &[u8]) -> Option<Vec<AseFrame>> {
    let mut rest = bytes.get(HEADER..)?;
    let mut frames = Vec::new();
    for _ in 0..word(bytes, 6) {
        let size = long(rest, 0) as usize;
        let frame = rest.get(..size)?;
        let header = frame.get(..FRAME_HEADER)?.to_vec();
        // The old field counts up to 65534; a larger number is in the new one.
        let count = match long(&header, 12) {
            0 => u32::from(word(&header, 6)),
            count => count,
        };
        let mut inside = &frame[FRAME_HEADER..];
        let mut chunks = Vec::new();
        for _ in 0..count {
            let size = long(inside, 0) as usize;
            let chunk = inside.get(..size)?;
            chunks.push(Chunk {
                kind: word(chunk, 4),
                data: chunk.get(CHUNK_HEADER..)?.to_vec(),
                pixels: None,
            });
            inside = &inside[size..];
        }
        frames.push(AseFrame { header, chunks });
        rest = &rest[size..];
    }
    Some(frames)
}

/// The colours of an indexed file: of the new chunks where there are any, otherwise of the old ones.
fn palette(ase: &Ase) -> Vec<[u8; 4]> {
    let chunks = || ase.frames.iter().flat_map(|frame| &frame.chunks);
    let mut colours: Vec<[u8; 4]> = Vec::new();
    let mut set = |at: usize, colour: [u8; 4]| {
        colours.resize(colours.len().max(at + 1), [0, 0, 0, 255]);
        colours[at] = colour;
    };
    let new = chunks().any(|chunk| chunk.kind == PALETTE);
    for Chunk { kind, data, .. } in chunks() {
        // Numbers may promise more than the data holds: it ends where the data does, and so does the work.
        if *kind == PALETTE {
            let (first, last) = (long(data, 4) as usize, long(data, 8) as usize);
            let mut at = 20;
            for index in first..=last.min(MAX_COLOURS - 1) {
                let Some(&[red, green, blue, alpha]) =
                    data.get(at + 2..).and_then(<[u8]>::first_chunk)
                else {
                    break;
                };
                set(index, [red, green, blue, alpha]);
                let named = word(data, at) & 1 == 1;
                at += 6 + if named {
                    2 + usize::from(word(data, at + 6))
                } else {
                    0
                };
            }
        } else if *kind == OLD_PALETTE && !new {
            let (mut at, mut index) = (2, 0);
            for _ in 0..word(data, 0) {
                let Some(&[skipped, count]) = data.get(at..).and_then(<[u8]>::first_chunk) else {
                    break;
                };
                at += 2;
                index += usize::from(skipped);
                let count = if count == 0 {
                    MAX_COLOURS
                } else {
                    usize::from(count)
                };
                for _ in 0..count {
                    let Some(&[red, green, blue]) = data.get(at..).and_then(<[u8]>::first_chunk)
                    else {
                        break;
                    };
                    if index < MAX_COLOURS {
                        set(index, [red, green, blue, 255]);
                    }
                    (at, index) = (at + 3, index + 1);
                }
            }
        }
    }
    colours
}

/// A name, cut short where it is endless: every cel and tile is called after its layer or tileset.
fn string(data: &[u8], at: usize) -> String {
    let length = usize::from(word(data, at));
    let bytes = data.get(at + 2..at + 2 + length).unwrap_or_default();
    String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_NAME)]).into_owned()
}

/// Unpacks `count` bytes, refusing to hold more.
fn inflate(packed: &[u8], count: usize) -> Result<Vec<u8>, String> {
    let mut raw = Vec::new();
    ZlibDecoder::new(packed)
        .take(count as u64)
        .read_to_end(&mut raw)
        .map_err(|error| format!("its pixels cannot be unpacked: {error}"))?;
    if raw.len() < count {
        return Err(format!("it has {} of {count} bytes of pixels", raw.len()));
    }
    Ok(raw)
}

/// One cel's picture.
fn cel(
    chunk: &mut Chunk,
    number: usize,
    layers: &[(String, u16)],
    colours: &Colours,
    room: &mut Room,
    loader: &mut Loader<'_>,
) -> Result<(), String> {
    let data = &chunk.data;
    let kind = word(data, 7);
    if !matches!(kind, 0 | 2) {
        return Ok(());
    }
    let (layer, flags) = match layers.get(usize::from(word(data, 0))) {
        Some((layer, flags)) => (layer.clone(), *flags),
        None => {
            return Err(format!(
                "a cel lies on layer {}, which is not there",
                word(data, 0)
            ));
        }
    };
    let (width, height) = (u32::from(word(data, 16)), u32::from(word(data, 18)));
    let label = format!("{layer}/{number}");
    if width == 0 || height == 0 {
        loader
            .warnings
            .push(format!("the cel {label:?} of {width}x{height} has no size"));
        return Ok(());
    }
    room.take(width, height, 1, &label)?;
    let packed = data.get(20..).unwrap_or_default();
    let count = width as usize * height as usize * colours.depth.bytes();
    let raw = match kind {
        0 => packed.to_vec(),
        _ => inflate(packed, count).map_err(|what| format!("the cel {label:?}: {what}"))?,
    };
    let background = flags & BACKGROUND_LAYER != 0;
    let image = colours
        .image(width, height, &raw, background)
        .ok_or_else(|| format!("the cel {label:?} has too few pixels"))?;
    if flags & REFERENCE_LAYER != 0 && colours.depth != Depth::Indexed {
        // What is only there to be drawn after is scaled by its bounds.
        return Ok(());
    }
    let edges = if background {
        Edges::CLAMP
    } else {
        Edges::TRANSPARENT
    };
    chunk.pixels = Some(16);
    loader.pictures.push(SheetPicture {
        file: None,
        picture: Picture::whole(label, image, edges),
    });
    Ok(())
}

/// What a file's cels and tilesets have taken up so far.
#[derive(Default)]
struct Room {
    pixels: u64,
    sprites: u64,
}

impl Room {
    /// Makes room for a picture of so many sprites, before it is unpacked.
    fn take(&mut self, width: u32, height: u32, sprites: u32, label: &str) -> Result<(), String> {
        if !DecodeLimits::default().allow((width, height)) {
            return Err(format!("{label:?} is too large at {width}x{height}"));
        }
        self.pixels += u64::from(width) * u64::from(height);
        self.sprites += u64::from(sprites);
        let limits = [
            ("pixels", self.pixels, MAX_PIXELS),
            ("cels and tiles", self.sprites, MAX_SPRITES),
        ];
        match limits.into_iter().find(|(_, taken, most)| taken > most) {
            Some((what, _, most)) => Err(format!(
                "with {label:?} it has more than {most} {what}; split it into several files"
            )),
            None => Ok(()),
        }
    }
}

/// The tiles of a tileset, one below the other.
fn tileset(
    chunk: &mut Chunk,
    colours: &Colours,
    room: &mut Room,
    loader: &mut Loader<'_>,
) -> Result<(), String> {
    let data = &chunk.data;
    let flags = long(data, 4);
    let count = long(data, 8);
    let (width, height) = (u32::from(word(data, 12)), u32::from(word(data, 14)));
    let name = string(data, 32);
    let label = if name.is_empty() {
        format!("tileset {}", long(data, 0))
    } else {
        name
    };
    if flags & 2 == 0 {
        loader.warnings.push(format!(
            "the tiles of {label:?} are in another file: enhance that one too"
        ));
        return Ok(());
    }
    let tall = height
        .checked_mul(count)
        .ok_or_else(|| format!("{label:?} has {count} tiles"))?;
    if width == 0 || tall == 0 {
        return Ok(());
    }
    room.take(width, tall, count, &label)?;
    let pixels = 34 + usize::from(word(data, 32)) + if flags & 1 == 1 { 8 } else { 0 };
    let packed = data.get(pixels + 4..).unwrap_or_default();
    let size = width as usize * tall as usize * colours.depth.bytes();
    let raw = inflate(packed, size).map_err(|what| format!("{label:?}: {what}"))?;
    let image = colours
        .image(width, tall, &raw, false)
        .ok_or_else(|| format!("{label:?} has too few pixels"))?;
    let mut picture = Picture::new(label.clone(), image);
    for tile in 0..count {
        let frame = Frame {
            name: format!("{label}/{tile}"),
            place: [
                0.0,
                f64::from(tile * height),
                f64::from(width),
                f64::from(height),
            ],
            turned: false,
        };
        picture.frame(frame, Edges::CLAMP, &mut loader.warnings);
    }
    chunk.pixels = Some(pixels);
    loader.pictures.push(SheetPicture {
        file: None,
        picture,
    });
    Ok(())
}

/// What cannot be larger in this format.
type TooLarge = String;

/// Numbers of a chunk, multiplied where they stand.
struct Numbers<'a> {
    data: &'a mut [u8],
    scale: u32,
}

impl Numbers<'_> {
    /// 16 bits without a sign.
    fn word(&mut self, at: usize, what: &str) -> Result<(), TooLarge> {
        let grown = u32::from(word(self.data, at)) * self.scale;
        let grown = u16::try_from(grown).map_err(|_| {
            format!(
                "{what} would be {grown}, and the format ends at 65535; a smaller --scale helps"
            )
        })?;
        self.put(at, &grown.to_le_bytes());
        Ok(())
    }

    /// 16 bits with a sign.
    fn short(&mut self, at: usize, what: &str) -> Result<(), TooLarge> {
        let grown = i32::from(word(self.data, at) as i16) * self.scale as i32;
        let grown = i16::try_from(grown).map_err(|_| {
            format!(
                "{what} would be {grown}, and the format ends at 32767; a smaller --scale helps"
            )
        })?;
        self.put(at, &grown.to_le_bytes());
        Ok(())
    }

    /// 32 bits with a sign, or a fixed point: both grow alike.
    fn long(&mut self, at: usize) {
        let grown = (long(self.data, at) as i32).saturating_mul(self.scale as i32);
        self.put(at, &grown.to_le_bytes());
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.data.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }
}

impl Ase {
    /// The file with its pictures enhanced, given in the order in which they were read.
    pub(super) fn finish(
        mut self,
        pictures: &mut impl Iterator<Item = RgbaImage>,
        scale: Scale,
    ) -> Result<Vec<u8>, TooLarge> {
        let k = scale.get();
        let mut header = Numbers {
            data: &mut self.header,
            scale: k,
        };
        header.word(8, "the width")?;
        header.word(10, "the height")?;
        header.short(36, "the grid's place")?;
        header.short(38, "the grid's place")?;
        header.word(40, "the grid's width")?;
        header.word(42, "the grid's height")?;
        if self.depth == Depth::Indexed {
            header.put(12, &32u16.to_le_bytes());
        }
        let depth = self.depth;
        let mut body = Vec::new();
        for AseFrame { header, chunks } in &mut self.frames {
            let mut frame = std::mem::take(header);
            for chunk in chunks {
                chunk.finish(pictures, depth, k)?;
                let size = (chunk.data.len() + CHUNK_HEADER) as u32;
                frame.extend(size.to_le_bytes());
                frame.extend(chunk.kind.to_le_bytes());
                frame.append(&mut chunk.data);
            }
            let size =
                u32::try_from(frame.len()).map_err(|_| "a frame would have 4 GiB".to_owned())?;
            frame[..4].copy_from_slice(&size.to_le_bytes());
            body.append(&mut frame);
        }
        let size = u32::try_from(HEADER + body.len())
            .map_err(|_| "the file would have 4 GiB".to_owned())?;
        self.header[..4].copy_from_slice(&size.to_le_bytes());
        let mut out = self.header;
        out.append(&mut body);
        Ok(out)
    }
}

impl Chunk {
    fn finish(
        &mut self,
        pictures: &mut impl Iterator<Item = RgbaImage>,
        depth: Depth,
        k: u32,
    ) -> Result<(), TooLarge> {
        let mut numbers = Numbers {
            data: &mut self.data,
            scale: k,
        };
        match self.kind {
            CEL => {
                numbers.short(2, "a cel's place")?;
                numbers.short(4, "a cel's place")?;
            }
            // Precise bounds, when the flag says that they are set.
            CEL_EXTRA => (4..20).step_by(4).for_each(|at| numbers.long(at)),
            SLICE => slice(&mut numbers),
            TILESET => {
                numbers.word(12, "a tile's width")?;
                numbers.word(14, "a tile's height")?;
            }
            _ => {}
        }
        let Some(at) = self.pixels else {
            return Ok(());
        };
        let picture = pictures
            .next()
            .expect("every chunk with pixels gave a picture");
        let packed = pack(&picture, depth);
        self.data.truncate(at);
        if self.kind == CEL {
            let side = |side: u32| {
                u16::try_from(side).map_err(|_| {
                    format!("a cel's side would be {side}, and the format ends at 65535; a smaller --scale helps")
                })
            };
            self.data.extend(side(picture.width())?.to_le_bytes());
            self.data.extend(side(picture.height())?.to_le_bytes());
            // Packed from now on.
            self.data[7..9].copy_from_slice(&2u16.to_le_bytes());
        } else {
            self.data.extend((packed.len() as u32).to_le_bytes());
        }
        self.data.extend(packed);
        Ok(())
    }
}

/// A slice's keys: its bounds, and where they are its centre and its pivot.
fn slice(numbers: &mut Numbers<'_>) {
    let (keys, flags) = (long(numbers.data, 0), long(numbers.data, 4));
    let mut at = 14 + usize::from(word(numbers.data, 12));
    let count = 4 + if flags & 1 == 1 { 4 } else { 0 } + if flags & 2 == 2 { 2 } else { 0 };
    for _ in 0..keys {
        // A key's first number is its frame.
        (1..=count).for_each(|number| numbers.long(at + 4 * number));
        at += 4 * (count + 1);
        if at >= numbers.data.len() {
            break;
        }
    }
}

fn pack(image: &RgbaImage, depth: Depth) -> Vec<u8> {
    let raw: Vec<u8> = match depth {
        Depth::Rgba | Depth::Indexed => image.as_raw().clone(),
        Depth::Grey => image
            .pixels()
            .flat_map(|pixel| [pixel.0[0], pixel.0[3]])
            .collect(),
    };
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(&raw)
        .and_then(|()| encoder.finish())
        .expect("a vector can always be written to")
}
