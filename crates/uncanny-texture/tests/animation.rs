//! Pictures of every format, still and moving, there and back.

use std::io::Cursor;
use std::time::Duration;

use image::ImageFormat;
use uncanny_texture::{
    Animation, AnimationReader, DecodeLimits, Error, Frame, Loops, PictureFormat, RgbaImage,
};

#[path = "../../../tests/bad/pictures.rs"]
#[allow(unreachable_pub, reason = "other packages use it, too")]
mod bad;

const MOVING: [PictureFormat; 3] = [PictureFormat::Png, PictureFormat::Gif, PictureFormat::WebP];

/// Few colours and whole transparency: what every format keeps.
fn frame(number: u32, milliseconds: u64) -> Frame {
    Frame {
        image: RgbaImage::from_fn(21, 13, |x, y| {
            if (x + y + number).is_multiple_of(5) {
                [0; 4].into()
            } else {
                [(x * 11) as u8, (number * 40) as u8, 77, 255].into()
            }
        }),
        delay: Duration::from_millis(milliseconds),
    }
}

fn walk(loops: u32) -> Animation {
    let delays = [40, 100, 0, 1230, 70];
    Animation {
        frames: (0..)
            .zip(delays)
            .map(|(n, delay)| frame(n, delay))
            .collect(),
        loops: Loops::times(loops),
    }
}

fn decode(bytes: &[u8]) -> Result<Animation, Error> {
    Animation::decode(bytes, None, &DecodeLimits::default())
}

#[test]
fn moving_pictures_come_back_with_their_timing_and_loops() {
    for format in MOVING {
        for loops in [0, 1, 5] {
            let bytes = walk(loops).encode(format).unwrap();
            assert_eq!(PictureFormat::of_bytes(&bytes), Some(format));
            assert_eq!(decode(&bytes).unwrap(), walk(loops), "{format}, {loops}");
        }
    }
}

#[test]
fn stills_come_back_and_stand_still() {
    for format in MOVING {
        let still = Animation::still(frame(3, 0).image);
        let back = decode(&still.encode(format).unwrap()).unwrap();
        assert_eq!(back.frames, still.frames, "{format}");
        assert!(!back.moves());
    }
}

#[test]
fn a_delay_between_two_units_is_made_up_for() {
    let frames = (0..30).map(|n| Frame {
        delay: Duration::from_nanos(1_000_000_000 / 30),
        ..frame(n, 0)
    });
    let film = Animation {
        frames: frames.collect(),
        loops: Loops::Forever,
    };
    for format in MOVING {
        let back = decode(&film.encode(format).unwrap()).unwrap();
        let lasts: Duration = back.frames.iter().map(|frame| frame.delay).sum();
        assert_eq!(lasts, Duration::from_secs(1), "{format}");
    }
}

#[test]
fn translucency_is_kept_but_by_gif() {
    let soft = RgbaImage::from_fn(64, 64, |x, y| [y as u8 * 3, 40, 200, x as u8 * 4].into());
    let moving = Animation {
        frames: vec![
            Frame {
                image: soft,
                delay: Duration::from_millis(20)
            };
            2
        ],
        loops: Loops::Forever,
    };
    for format in [PictureFormat::Png, PictureFormat::WebP] {
        assert_eq!(
            decode(&moving.encode(format).unwrap()).unwrap(),
            moving,
            "{format}"
        );
    }
    let gif = decode(&moving.encode(PictureFormat::Gif).unwrap()).unwrap();
    for (x, _, pixel) in gif.frames[1].image.enumerate_pixels() {
        assert_eq!(pixel.0[3], if x < 32 { 0 } else { 255 });
    }
}

#[test]
fn other_formats_are_known_by_their_bytes_and_tga_by_its_name() {
    let image = RgbaImage::from_pixel(9, 5, [200, 100, 50, 255].into());
    let file = |format: ImageFormat| {
        let mut bytes = Cursor::new(Vec::new());
        let rgb = image::DynamicImage::from(image.clone()).into_rgb8();
        rgb.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
    let limits = DecodeLimits::default();
    for (format, ours) in [
        (ImageFormat::Jpeg, PictureFormat::Jpeg),
        (ImageFormat::Bmp, PictureFormat::Bmp),
        (ImageFormat::Tga, PictureFormat::Tga),
    ] {
        let reader = AnimationReader::new(file(format), Some(PictureFormat::Tga), &limits).unwrap();
        assert_eq!((reader.format(), reader.size()), (ours, (9, 5)));
        let frames: Vec<Frame> = reader.map(Result::unwrap).collect();
        let pixel = frames[0].image.get_pixel(4, 2).0;
        assert!(
            pixel[0].abs_diff(200) < 4 && pixel[2].abs_diff(50) < 4,
            "{ours}: {pixel:?}"
        );
    }
    assert!(matches!(
        decode(&file(ImageFormat::Tga)),
        Err(Error::NotPicture { .. })
    ));
}

#[test]
fn what_is_too_large_or_broken_is_refused() {
    let small = DecodeLimits {
        max_pixels: 21 * 13,
        max_side: 30,
    };
    for format in MOVING {
        let bytes = walk(0).encode(format).unwrap();
        let tight = DecodeLimits {
            max_pixels: 21 * 13 - 1,
            max_side: 30,
        };
        let refused = Animation::decode(&bytes, None, &tight);
        assert!(matches!(refused, Err(Error::TooLarge { .. })), "{format}");
        // One frame fits, five do not.
        let refused = Animation::decode(&bytes, None, &small);
        assert!(
            matches!(refused, Err(Error::TooManyFrames { .. })),
            "{format}"
        );
        for cut in [12, bytes.len() / 3, bytes.len() / 2] {
            assert!(decode(&bytes[..cut]).is_err(), "{format} cut at {cut}");
        }
    }
    assert!(matches!(decode(b"<html>"), Err(Error::NotPicture { .. })));
    let nothing = Animation {
        frames: Vec::new(),
        loops: Loops::Forever,
    };
    for format in MOVING {
        assert!(matches!(nothing.encode(format), Err(Error::Write { .. })));
    }
    let jpeg = walk(0).encode(PictureFormat::Jpeg);
    assert!(matches!(jpeg, Err(Error::Write { .. })));
}

#[test]
fn a_decoder_that_panics_costs_its_picture_alone() {
    let mut seen = 0;
    for bad in bad::webps() {
        // It is a picture until the frame that lies.
        let mut frames = AnimationReader::new(bad.bytes, None, &DecodeLimits::default()).unwrap();
        assert_eq!(frames.size(), (8, 8));
        assert!(frames.next().unwrap().is_ok(), "{}", bad.defect);
        let error = frames.next().unwrap().unwrap_err();
        let said = error.to_string();
        assert!(
            matches!(
                error,
                Error::Decoder {
                    format: PictureFormat::WebP,
                    ..
                }
            ),
            "{}: {said}",
            bad.defect
        );
        assert!(
            said.contains("WebP") && said.contains("save it again"),
            "{said}"
        );
        assert!(frames.next().is_none(), "after an error nothing comes");
        seen += 1;
    }
    assert_eq!(seen, 4);
    assert!(!uncanny_texture::is_guarded());
    // Nothing else is wrong with them.
    assert_eq!(decode(&bad::webp(&[(8, 8); 3])).unwrap().frames.len(), 3);
}

#[test]
fn a_palette_that_ends_within_a_colour_is_an_error() {
    let whole = include_bytes!("../../../tests/fuzz/seeds/png/palette-2");
    let limits = DecodeLimits::default();
    assert!(uncanny_texture::decode(whole, &limits).is_ok());
    // `png` 0.18.1 panics at it; checksums are not looked at.
    let at = whole.windows(4).position(|name| name == b"PLTE").unwrap();
    let cut = [
        &whole[..at - 1],
        &[10],
        &whole[at..at + 14],
        &whole[at + 16..],
    ]
    .concat();
    let error = uncanny_texture::decode(&cut, &limits).unwrap_err();
    assert!(matches!(error, Error::Decoder { .. }), "{error}");
    assert!(AnimationReader::new(cut, None, &limits).is_err());
}
