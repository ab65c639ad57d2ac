//! Pictures that make a decoder panic, made in code. Included with `#[path]` by the tests of several packages.

/// What a decoder panics at.
pub struct BadPicture {
    /// The defect, fit for a file name.
    pub defect: &'static str,
    pub bytes: Vec<u8>,
}

/// Animated WebPs with a frame that holds a larger picture than it says: `image-webp` 0.2.4 believes both.
pub fn webps() -> Vec<BadPicture> {
    let sizes = [
        ("higher", (8, 24)),
        ("wider", (24, 8)),
        ("much-wider", (40, 8)),
        ("vast", (200, 200)),
    ];
    sizes
        .into_iter()
        .map(|(defect, size)| BadPicture {
            defect,
            bytes: webp(&[(8, 8), size]),
        })
        .collect()
}

/// An animated WebP of 8x8, each frame with pixels and transparency apart; of each the size that its pixels claim.
pub fn webp(frames: &[(u16, u16)]) -> Vec<u8> {
    const SIDE: u8 = 8;
    const ALPHA: u8 = 0b1_0000;
    const ANIMATION: u8 = 0b10;
    let corner = [SIDE - 1, 0, 0, SIDE - 1, 0, 0];
    let mut body = b"WEBP".to_vec();
    chunk(
        &mut body,
        b"VP8X",
        &[&[ANIMATION | ALPHA, 0, 0, 0][..], &corner].concat(),
    );
    chunk(&mut body, b"ANIM", &[0; 6]);
    for &size in frames {
        // Where it lies, how large it is, how long it is shown, how it is drawn.
        let mut frame = [&[0; 6][..], &corner, &[100, 0, 0, 0]].concat();
        // Neither filtered nor packed.
        let seen = [vec![0], vec![255; usize::from(SIDE) * usize::from(SIDE)]].concat();
        chunk(&mut frame, b"ALPH", &seen);
        chunk(&mut frame, b"VP8 ", &vp8(size));
        chunk(&mut body, b"ANMF", &frame);
    }
    let mut file = Vec::new();
    chunk(&mut file, b"RIFF", &body);
    file
}

/// A key frame of VP8 (RFC 6386) of that size: all of its bits are zeros, which is a picture of one colour.
fn vp8((width, height): (u16, u16)) -> Vec<u8> {
    const FIRST: u32 = 256;
    const SHOWN: u32 = 1 << 4;
    let tag = (FIRST << 5 | SHOWN).to_le_bytes();
    let mut frame = tag[..3].to_vec();
    frame.extend([0x9d, 0x01, 0x2a]);
    frame.extend(width.to_le_bytes());
    frame.extend(height.to_le_bytes());
    frame.resize(frame.len() + 2 * FIRST as usize, 0);
    frame
}

fn chunk(out: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    out.extend(name);
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
    if data.len() % 2 == 1 {
        out.push(0);
    }
}
