//! Real and hostile PNGs: what decodes gives the right pixels, what does not says why.

use png::{BitDepth, ColorType};
use proptest::prelude::*;
use uncanny_texture::{
    DecodeLimits, Error, RgbaImage, Texture, decode, encode, facts, is_whole, probe,
};

fn load(bytes: &[u8]) -> Result<Texture, Error> {
    decode(bytes, &DecodeLimits::default())
}

fn made(
    width: u32,
    height: u32,
    colour: ColorType,
    depth: BitDepth,
    data: &[u8],
    tables: Option<(&[u8], &[u8])>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    encoder.set_source_gamma(png::ScaledFloat::new(1.0));
    if let Some((palette, trns)) = tables {
        if !palette.is_empty() {
            encoder.set_palette(palette.to_vec());
        }
        encoder.set_trns(trns.to_vec());
    }
    let mut writer = encoder.write_header().expect("the header is valid");
    writer
        .write_image_data(data)
        .expect("the data fills the image");
    writer.finish().expect("a vector takes every byte");
    bytes
}

/// A chunk with a right checksum is never needed here: checksums are ignored.
fn chunk(bytes: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    bytes.extend((data.len() as u32).to_be_bytes());
    bytes.extend(name);
    bytes.extend(data);
    bytes.extend([0; 4]);
}

/// zlib without compression.
fn stored(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01, 0x01];
    out.extend((data.len() as u16).to_le_bytes());
    out.extend((!(data.len() as u16)).to_le_bytes());
    out.extend(data);
    out.extend([0; 4]);
    out
}

fn raw(
    width: u32,
    height: u32,
    depth: u8,
    colour: u8,
    interlaced: bool,
    scanlines: &[u8],
) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::new();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([depth, colour, 0, 0, u8::from(interlaced)]);
    chunk(&mut bytes, b"IHDR", &header);
    chunk(&mut bytes, b"IDAT", &stored(scanlines));
    chunk(&mut bytes, b"IEND", &[]);
    bytes
}

fn pixels(texture: &Texture) -> Vec<[u8; 4]> {
    texture.image.pixels().map(|pixel| pixel.0).collect()
}

#[test]
fn palette_with_transparency_at_every_depth() {
    let palette = [10, 20, 30, 200, 100, 50];
    for (depth, data) in [
        (BitDepth::One, vec![0b0100_0000]),
        (BitDepth::Two, vec![0b0001_0000]),
        (BitDepth::Four, vec![0x01, 0x00]),
        (BitDepth::Eight, vec![0, 1, 0]),
    ] {
        let bytes = made(
            3,
            1,
            ColorType::Indexed,
            depth,
            &data,
            Some((&palette, &[0])),
        );
        let texture = load(&bytes).unwrap();
        assert_eq!(
            pixels(&texture),
            [[10, 20, 30, 0], [200, 100, 50, 255], [10, 20, 30, 0]]
        );
        assert_eq!(texture.info.colour_type, ColorType::Indexed);
        assert_eq!(texture.info.bit_depth, depth as u8);
    }
}

#[test]
fn greys_of_every_depth_ignore_gamma() {
    for (depth, data, expected) in [
        (BitDepth::One, vec![0b0100_0000], [0, 255]),
        (BitDepth::Two, vec![0b0010_0000], [0, 170]),
        (BitDepth::Four, vec![0x0a], [0, 170]),
        (BitDepth::Eight, vec![7, 201], [7, 201]),
        (BitDepth::Sixteen, vec![7, 255, 201, 3], [7, 201]),
    ] {
        let texture = load(&made(2, 1, ColorType::Grayscale, depth, &data, None)).unwrap();
        assert_eq!(
            pixels(&texture),
            expected.map(|v| [v, v, v, 255]),
            "{depth:?}"
        );
    }
}

#[test]
fn colour_keys_and_sixteen_bits() {
    let keyed = made(
        2,
        1,
        ColorType::Rgb,
        BitDepth::Eight,
        &[1, 2, 3, 4, 5, 6],
        Some((&[], &[0, 1, 0, 2, 0, 3])),
    );
    assert_eq!(
        pixels(&load(&keyed).unwrap()),
        [[1, 2, 3, 0], [4, 5, 6, 255]]
    );
    let deep = made(
        1,
        1,
        ColorType::Rgba,
        BitDepth::Sixteen,
        &[9, 99, 8, 88, 7, 77, 128, 0],
        None,
    );
    assert_eq!(pixels(&load(&deep).unwrap()), [[9, 8, 7, 128]]);
    let pair = made(
        1,
        1,
        ColorType::GrayscaleAlpha,
        BitDepth::Eight,
        &[50, 60],
        None,
    );
    assert_eq!(pixels(&load(&pair).unwrap()), [[50, 50, 50, 60]]);
}

#[test]
fn interlaced_and_with_wrong_checksums() {
    // 2x2 in seven passes: (0,0), then (1,0), then the row below.
    let bytes = raw(2, 2, 8, 0, true, &[0, 10, 0, 20, 0, 30, 40]);
    let texture = load(&bytes).unwrap();
    assert_eq!(pixels(&texture), [10, 20, 30, 40].map(|v| [v, v, v, 255]));
    assert!(texture.info.interlaced);
}

#[test]
fn every_cut_is_an_error_that_says_so() {
    let image = RgbaImage::from_fn(16, 16, |x, y| {
        [(x * 16) as u8, (y * 16) as u8, (x * y) as u8, 255].into()
    });
    let bytes = encode(&image).unwrap();
    // The end chunk may be missing: every pixel is there.
    let mut refused = 0;
    for length in 0..bytes.len() - 16 - 4 {
        let error = load(&bytes[..length]).expect_err("a cut PNG");
        assert!(
            matches!(error, Error::CutShort { .. } | Error::NotPng { .. }),
            "{length}: {error}"
        );
        refused += 1;
    }
    assert_eq!(refused, bytes.len() - 20);
}

#[test]
fn only_a_whole_png_goes_on_to_its_end() {
    let whole = encode(&RgbaImage::from_fn(9, 5, |x, y| {
        [x as u8, y as u8, 3, 255].into()
    }))
    .unwrap();
    assert!(is_whole(&whole));
    for end in 0..whole.len() {
        assert!(!is_whole(&whole[..end]), "{end} bytes of {}", whole.len());
    }
}

#[test]
fn sizes_are_checked_before_anything_is_allocated() {
    let sized = |width, height| raw(width, height, 8, 6, false, &[0; 5]);
    assert!(matches!(
        load(&sized(60000, 60000)),
        Err(Error::TooLarge { width: 60000, .. })
    ));
    assert!(matches!(load(&sized(0, 16)), Err(Error::ZeroSide { .. })));
    assert!(matches!(load(&sized(16, 0)), Err(Error::ZeroSide { .. })));
    assert!(matches!(
        load(&sized(u32::MAX, u32::MAX)),
        Err(Error::TooLarge { .. })
    ));
    // Within the limits, but its bytes could not inflate to that.
    let error = load(&sized(8000, 8000)).unwrap_err();
    assert!(error.to_string().contains("8000x8000"), "{error}");
    assert!(load(&sized(16, 16)).is_err());
    assert_eq!(probe(&sized(60000, 3)).unwrap(), (60000, 3));
    let limits = DecodeLimits {
        max_pixels: 100,
        max_side: 100,
    };
    assert!(matches!(
        decode(&sized(11, 10), &limits),
        Err(Error::TooLarge { .. })
    ));
}

#[test]
fn what_is_no_png_says_what_it_is() {
    assert_eq!(
        load(b"").unwrap_err().to_string(),
        "not a PNG: it begins with nothing"
    );
    assert!(
        load(b"GIF89a")
            .unwrap_err()
            .to_string()
            .contains("47 49 46")
    );
    assert!(matches!(
        load(b"\x89PNG\r\n\x1a\n"),
        Err(Error::CutShort { .. })
    ));
    assert!(matches!(
        load(&raw(2, 2, 3, 6, false, &[0; 20])),
        Err(Error::Broken { .. })
    ));
}

#[test]
fn opaque_is_written_without_alpha() {
    let opaque = encode(&RgbaImage::from_pixel(4, 4, [1, 2, 3, 255].into())).unwrap();
    assert_eq!(load(&opaque).unwrap().info.colour_type, ColorType::Rgb);
    let clear = encode(&RgbaImage::from_pixel(4, 4, [1, 2, 3, 254].into())).unwrap();
    assert_eq!(load(&clear).unwrap().info.colour_type, ColorType::Rgba);
    assert!(encode(&RgbaImage::new(0, 3)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(width in 1u32..20, height in 1u32..20, seed in any::<u32>(), opaque in any::<bool>()) {
        let mut state = seed;
        let image = RgbaImage::from_fn(width, height, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [r, g, b, a] = state.to_be_bytes();
            [r, g, b, if opaque { 255 } else { a }].into()
        });
        let bytes = encode(&image).unwrap();
        prop_assert_eq!(&encode(&image).unwrap(), &bytes);
        prop_assert_eq!(load(&bytes).unwrap().image, image.clone());
        prop_assert_eq!(facts(&image).width, width);
    }

    #[test]
    fn no_bytes_make_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), header in any::<bool>()) {
        if header {
            let start = raw(4, 4, 8, 6, false, &[]);
            bytes.splice(0..0, start[..33].iter().copied());
        }
        let _ = load(&bytes);
    }
}
