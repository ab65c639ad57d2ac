//! Laws of a texture's way: identity, seams, classes of alpha, grey, palettes, glyphs, fidelity.

use proptest::prelude::*;
use uncanny_texture::{
    AlphaClass, AlphaRule, BatchEvent, Batcher, Cell, Channels, Edge, Edges, Lanczos, Method,
    Nearest, Recipe, Rect, RgbPlanes, RgbaImage, Scale, TileEdges, TileGrid, Tiling, UpscaleError,
    Upscaler, Work, downscale, enhance, facts, metric,
};

fn eight() -> Scale {
    Scale::new(8).expect("8 is a scale")
}

/// Any upscaler with another tiling.
struct Tiled<U>(U, Tiling);

impl<U: Upscaler> Upscaler for Tiled<U> {
    fn name(&self) -> &str {
        self.0.name()
    }
    fn fingerprint(&self) -> [u8; 32] {
        self.0.fingerprint()
    }
    fn scale(&self) -> Scale {
        self.0.scale()
    }
    fn tiling(&self) -> Tiling {
        self.1
    }
    fn batch(&self) -> usize {
        3
    }
    fn upscale(
        &mut self,
        tiles: &[RgbPlanes],
        edges: TileEdges,
    ) -> Result<Vec<RgbPlanes>, UpscaleError> {
        self.0.upscale(tiles, edges)
    }
}

/// Lanczos that pads its tiles itself, as networks do.
struct PadsItself(Lanczos, Tiling);

impl Upscaler for PadsItself {
    fn name(&self) -> &str {
        "padding"
    }
    fn fingerprint(&self) -> [u8; 32] {
        [7; 32]
    }
    fn scale(&self) -> Scale {
        self.0.scale()
    }
    fn tiling(&self) -> Tiling {
        self.1
    }
    fn batch(&self) -> usize {
        3
    }
    fn upscale(
        &mut self,
        tiles: &[RgbPlanes],
        edges: TileEdges,
    ) -> Result<Vec<RgbPlanes>, UpscaleError> {
        const MARGIN: i64 = 4;
        let window = |planes: &RgbPlanes, margin: i64, edges: TileEdges| {
            let (width, height) = (i64::from(planes.width), i64::from(planes.height));
            let mut out = RgbPlanes::new((width + 2 * margin) as u32, (height + 2 * margin) as u32);
            out.data.clear();
            for c in 0..3 {
                for (y, x) in (-margin..height + margin)
                    .flat_map(|y| (-margin..width + margin).map(move |x| (y, x)))
                {
                    let at = edges.y.source(y, height).zip(edges.x.source(x, width));
                    let at = at.map(|(y, x)| planes.plane(c)[(y * width + x) as usize]);
                    out.data.push(at.unwrap_or(0.0));
                }
            }
            out
        };
        let padded: Vec<RgbPlanes> = tiles.iter().map(|t| window(t, MARGIN, edges)).collect();
        let enlarged = self.0.upscale(&padded, TileEdges::ZERO)?;
        let margin = MARGIN * i64::from(self.0.scale().get());
        let crop = |planes: &RgbPlanes| window(planes, -margin, TileEdges::ZERO);
        Ok(enlarged.iter().map(crop).collect())
    }
}

fn noise(width: u32, height: u32, seed: u32, alpha: AlphaClass) -> RgbaImage {
    let mut state = seed;
    RgbaImage::from_fn(width, height, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [r, g, b, a] = (state ^ state >> 15).to_be_bytes();
        let a = match alpha {
            AlphaClass::Opaque => 255,
            AlphaClass::Binary => {
                if a < 100 {
                    0
                } else {
                    255
                }
            }
            AlphaClass::Translucent => a,
        };
        [r, g, b, a].into()
    })
}

fn recipe(image: &RgbaImage, edges: Edges) -> Recipe {
    Recipe::new(
        vec![Cell::whole(image.width(), image.height(), edges)],
        eight(),
    )
}

fn lanczos(image: &RgbaImage, edges: Edges, change: impl Fn(&mut Recipe)) -> RgbaImage {
    let mut recipe = recipe(image, edges);
    change(&mut recipe);
    enhance(image, &recipe, &mut Lanczos::new(eight())).expect("Lanczos cannot fail")
}

fn replicated(image: &RgbaImage, k: u32) -> RgbaImage {
    RgbaImage::from_fn(image.width() * k, image.height() * k, |x, y| {
        *image.get_pixel(x / k, y / k)
    })
}

fn rolled(image: &RgbaImage, dx: u32, dy: u32) -> RgbaImage {
    let (width, height) = image.dimensions();
    RgbaImage::from_fn(width, height, |x, y| {
        *image.get_pixel((x + dx) % width, (y + dy) % height)
    })
}

fn tilings() -> impl Strategy<Value = Tiling> {
    (1u32..20, 0u32..9, 0u32..18, 0u32..40).prop_map(|(stride, margin, feather, whole)| Tiling {
        whole,
        largest: 2 * stride,
        ..Tiling::fixed(stride + 2 * margin, stride, feather)
    })
}

fn edges() -> impl Strategy<Value = Edges> {
    let edge = || {
        prop_oneof![
            Just(Edge::Wrap),
            Just(Edge::Clamp),
            Just(Edge::Transparent),
            Just(Edge::Neighbour)
        ]
    };
    (edge(), edge(), edge(), edge()).prop_map(|(left, top, right, bottom)| Edges {
        left,
        top,
        right,
        bottom,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cutting_and_blending_changes_nothing(
        width in 1u32..40, height in 1u32..40, tiling in tilings(), edges in edges(), seed in any::<u32>(), k in 1u32..4,
    ) {
        let image = noise(width, height, seed, AlphaClass::Opaque);
        let scale = Scale::new(k).unwrap();
        let recipe = Recipe::new(vec![Cell::whole(width, height, edges)], scale);
        let out = enhance(&image, &recipe, &mut Tiled(Nearest::new(scale), tiling)).unwrap();
        prop_assert_eq!(out, replicated(&image, k));
    }

    #[test]
    fn what_pads_itself_gives_whole_what_context_gives(
        width in 1u32..40, height in 1u32..40, edges in edges(), seed in any::<u32>(), whole in 1u32..40,
    ) {
        // A cell in the middle of noise, by any edges on any side.
        let image = noise(width + 9, height + 7, seed, AlphaClass::Opaque);
        let cell = Cell { rect: Rect { x: 4, y: 3, width, height }, edges };
        let recipe = Recipe::new(vec![cell], eight());
        let context = Tiling::fixed(24, 16, 0);
        let expected = enhance(&image, &recipe, &mut Lanczos::new(eight())).unwrap();
        let mut padding = PadsItself(Lanczos::new(eight()), Tiling { whole, ..context });
        let found = enhance(&image, &recipe, &mut padding).unwrap();
        let off = expected.pixels().zip(found.pixels())
            .flat_map(|(p, q)| (0..3).map(move |c| p.0[c].abs_diff(q.0[c]))).max();
        prop_assert!(off <= Some(1), "{off:?}");
    }

    #[test]
    fn cells_do_not_see_each_other(seed in any::<u32>(), edges in prop_oneof![Just(Edges::WRAP), Just(Edges::CLAMP)]) {
        // A strip of two frames gives what each frame gives alone.
        let strip = noise(16, 32, seed, AlphaClass::Binary);
        let rect = |frame: u32| Rect { x: 0, y: 16 * frame, width: 16, height: 16 };
        let cells = (0..2).map(|frame| Cell { rect: rect(frame), edges }).collect();
        let out = enhance(&strip, &Recipe::new(cells, eight()), &mut Lanczos::new(eight())).unwrap();
        for frame in 0..2 {
            let alone = RgbaImage::from_fn(16, 16, |x, y| *strip.get_pixel(x, y + 16 * frame));
            let expected = lanczos(&alone, edges, |_| ());
            let found = RgbaImage::from_fn(128, 128, |x, y| *out.get_pixel(x, y + 128 * frame));
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_wrapping_texture_has_no_origin(dx in 0u32..16, dy in 0u32..32, seed in any::<u32>(), f in prop_oneof![Just(0.0f32), Just(0.7)]) {
        // Lanczos is shift-equivariant, so shifting before or after must be the same: no seam anywhere.
        let image = noise(16, 32, seed, AlphaClass::Opaque);
        for tiling in [
            Tiling::fixed(24, 16, 0),
            Tiling::fixed(24, 16, 2),
            Tiling::fixed(32, 16, 8),
            Tiling::fixed(16, 8, 2),
        ] {
            let run = |image: &RgbaImage| {
                let recipe = Recipe { fidelity: f, ..recipe(image, Edges::WRAP) };
                enhance(image, &recipe, &mut Tiled(Lanczos::new(eight()), tiling)).unwrap()
            };
            let (before, after) = (run(&rolled(&image, dx, dy)), rolled(&run(&image), 8 * dx, 8 * dy));
            let off = before.pixels().zip(after.pixels())
                .flat_map(|(p, q)| (0..3).map(move |c| p.0[c].abs_diff(q.0[c]))).max();
            // The order of float sums differs: at most one level.
            prop_assert!(off <= Some(1), "{tiling:?}: {off:?}");
        }
    }

    #[test]
    fn alpha_keeps_its_class(
        width in 1u32..24, height in 1u32..24, seed in any::<u32>(), edges in edges(),
        class in prop_oneof![Just(AlphaClass::Opaque), Just(AlphaClass::Binary)],
    ) {
        let image = noise(width, height, seed, class);
        let before = facts(&image).alpha;
        let after = facts(&lanczos(&image, edges, |_| ())).alpha;
        prop_assert!(after == before || (before == AlphaClass::Binary && after == AlphaClass::Opaque));
        let kept = lanczos(&image, edges, |recipe| recipe.alpha = AlphaRule::Nearest);
        let expected = replicated(&image, 8);
        prop_assert!(kept.pixels().zip(expected.pixels()).all(|(p, q)| p.0[3] == q.0[3]));
    }

    #[test]
    fn grey_stays_grey_and_palettes_bind(seed in any::<u32>(), class in prop_oneof![Just(AlphaClass::Opaque), Just(AlphaClass::Translucent)]) {
        let image = noise(12, 12, seed, class);
        let grey = lanczos(&image, Edges::WRAP, |recipe| { recipe.grey = true; recipe.fidelity = 0.5; recipe.iterations = 2; });
        prop_assert!(grey.pixels().all(|p| p.0[3] == 0 || (p.0[0] == p.0[1] && p.0[1] == p.0[2])));
        let palette = vec![[0, 0, 0], [200, 30, 40], [90, 180, 91]];
        let snapped = lanczos(&image, Edges::CLAMP, |recipe| recipe.palette = Some(palette.clone()));
        prop_assert!(snapped.pixels().all(|p| palette.contains(&[p.0[0], p.0[1], p.0[2]])));
    }

    #[test]
    fn full_fidelity_returns_the_original(seed in any::<u32>(), wrap in any::<bool>()) {
        let image = noise(16, 16, seed, AlphaClass::Opaque);
        let edges = if wrap { Edges::WRAP } else { Edges::CLAMP };
        let out = lanczos(&image, edges, |recipe| recipe.fidelity = 1.0);
        prop_assert!(returned(&image, &out) >= 0.99);
    }

    #[test]
    fn glyphs_advance_as_before(seed in any::<u32>(), class in prop_oneof![Just(AlphaClass::Binary), Just(AlphaClass::Translucent)], sparse in 1u32..12) {
        let mut image = noise(32, 8, seed, class);
        image.enumerate_pixels_mut().for_each(|(x, y, p)| {
            let ink = (x * 7 + y * 13 + seed % 31) % sparse == 0;
            p.0 = [255, 255, 255, if ink { p.0[3] } else { 0 }];
        });
        let cells = (0..4).map(|i| Cell { rect: Rect { x: 8 * i, y: 0, width: 8, height: 8 }, edges: Edges::TRANSPARENT });
        let recipe = Recipe { glyphs: true, ..Recipe::new(cells.collect(), eight()) };
        let out = enhance(&image, &recipe, &mut Lanczos::new(eight())).unwrap();
        let ink = |image: &RgbaImage, from: u32, width: u32| {
            (0..width).rev().find(|x| (0..image.height()).any(|y| image.get_pixel(from + x, y).0[3] > 0)).map_or(0, |x| x + 1)
        };
        for i in 0..4 {
            prop_assert_eq!(ink(&out, 64 * i, 64), 8 * ink(&image, 8 * i, 8));
        }
        prop_assert!(out.pixels().all(|p| p.0[..3] == [255, 255, 255]));
    }

    #[test]
    fn anything_goes_without_a_panic(
        width in 1u32..30, height in 1u32..30, tiling in tilings(), edges in edges(), seed in any::<u32>(),
        (k, scale) in (1u32..9).prop_flat_map(|k| (Just(k), 1..=k)), iterations in 1u32..3, fidelity in 0.0f32..1.0,
        channels in prop_oneof![Just(Channels::Colour), Just(Channels::NormalMap), Just(Channels::SpecularMap), Just(Channels::Data)],
        flags in any::<[bool; 5]>(),
    ) {
        let image = noise(width, height, seed, AlphaClass::Translucent);
        let rect = Rect { x: seed % width, y: seed / 7 % height, width: 9, height: 40 };
        let recipe = Recipe {
            method: if flags[0] && flags[1] { Method::Nearest } else { Method::Network },
            cells: vec![Cell { rect, edges }], channels, alpha: if flags[1] { AlphaRule::Nearest } else { AlphaRule::KeepClass },
            grey: flags[2], palette: None, glyphs: flags[3] && flags[0], keep_hidden_rgb: flags[4], alpha_channel: false, fidelity, preblur: flags[0], nudge: None,
            iterations, scale: Scale::new(scale).unwrap(),
        };
        let out = enhance(&image, &recipe, &mut Tiled(Lanczos::new(Scale::new(k).unwrap()), tiling)).unwrap();
        prop_assert_eq!(out.dimensions(), (width * scale, height * scale));
        // Outside the cell: replicated.
        for (x, y, pixel) in out.enumerate_pixels() {
            let (tx, ty) = (x / scale, y / scale);
            if tx < rect.x || ty < rect.y || tx >= rect.x + rect.width {
                prop_assert_eq!(pixel, image.get_pixel(tx, ty));
            }
        }
    }
}

/// Share of texels whose average in the enhanced picture is within one level of the original.
fn returned(image: &RgbaImage, out: &RgbaImage) -> f64 {
    let (k, mut good) = (out.width() / image.width(), 0u32);
    for (x, y, pixel) in image.enumerate_pixels() {
        good += u32::from((0..3).all(|c| {
            let sum: u32 = (0..k * k)
                .map(|i| u32::from(out.get_pixel(x * k + i % k, y * k + i / k).0[c]))
                .sum();
            (f64::from(sum) / f64::from(k * k) - f64::from(pixel.0[c])).abs() <= 1.0
        }));
    }
    f64::from(good) / f64::from(image.width() * image.height())
}

fn mask(rows: &[&str]) -> RgbaImage {
    RgbaImage::from_fn(rows[0].len() as u32, rows.len() as u32, |x, y| {
        let on = rows[y as usize].as_bytes()[x as usize] == b'#';
        [200, 100, 50, if on { 255 } else { 0 }].into()
    })
}

fn coverage(image: &RgbaImage) -> f64 {
    image.pixels().map(|p| f64::from(p.0[3])).sum::<f64>()
        / f64::from(image.width() * image.height())
}

/// How many pieces the visible part falls into, corners joined.
fn pieces(image: &RgbaImage) -> usize {
    let (width, height) = image.dimensions();
    let mut seen: Vec<bool> = image.pixels().map(|p| p.0[3] == 0).collect();
    let mut count = 0;
    while let Some(start) = seen.iter().position(|&seen| !seen) {
        count += 1;
        let mut todo = vec![start as u32];
        seen[start] = true;
        while let Some(at) = todo.pop() {
            for dy in 0..3 {
                for dx in 0..3 {
                    let (x, y) = (
                        (at % width + dx).wrapping_sub(1),
                        (at / width + dy).wrapping_sub(1),
                    );
                    if x < width && y < height && !seen[(y * width + x) as usize] {
                        seen[(y * width + x) as usize] = true;
                        todo.push(y * width + x);
                    }
                }
            }
        }
    }
    count
}

#[test]
fn silhouettes_keep_their_pieces_and_their_area() {
    let shapes: [(&str, &[&str]); 4] = [
        (
            "dots",
            &[
                "........", ".#....#.", "........", "...#....", "........", ".#....##",
            ],
        ),
        (
            "diagonals",
            &[
                "#......#", ".#....#.", "..#..#..", "...##...", "........", "#.......", ".##.....",
                "...##...",
            ],
        ),
        (
            "ring",
            &[
                "........", "..###...", ".#...#..", ".#...#..", ".#...#..", "..###...", "........",
                "........",
            ],
        ),
        (
            "blob",
            &[
                "........", "..####..", ".######.", ".######.", "..#####.", "...###..", "........",
                "........",
            ],
        ),
    ];
    for (name, rows) in shapes {
        let image = mask(rows);
        let out = lanczos(&image, Edges::TRANSPARENT, |_| ());
        assert_eq!(pieces(&out), pieces(&image), "{name}");
        let ratio = coverage(&out) / coverage(&image);
        // Diagonal lines come out a little stronger, single texels a little weaker.
        assert!((0.8..1.25).contains(&ratio), "{name}: {ratio}");
        if name == "blob" {
            assert!((0.96..1.04).contains(&ratio), "{name}: {ratio}");
        }
    }
}

#[test]
fn translucent_levels_stay() {
    let image = RgbaImage::from_fn(16, 16, |x, _| {
        [
            9,
            9,
            9,
            if x < 5 {
                0
            } else if x < 10 {
                90
            } else {
                255
            },
        ]
        .into()
    });
    let out = lanczos(&image, Edges::CLAMP, |_| ());
    for (texel, alpha) in [(1, 0), (3, 0), (7, 90), (12, 255), (15, 255)] {
        assert_eq!(
            out.get_pixel(texel * 8 + 4, 60).0[3],
            alpha,
            "texel {texel}"
        );
    }
}

#[test]
fn hidden_colour_is_sane_or_kept() {
    let mut image = mask(&["........", "..####..", "..####..", "........"]);
    image
        .pixels_mut()
        .filter(|p| p.0[3] == 0)
        .for_each(|p| p.0 = [255, 0, 255, 0]);
    let out = lanczos(&image, Edges::TRANSPARENT, |_| ());
    assert!(
        out.pixels().all(|p| p.0[..3] == [200, 100, 50]),
        "magenta under alpha 0 leaks"
    );
    let kept = lanczos(&image, Edges::TRANSPARENT, |recipe| {
        recipe.keep_hidden_rgb = true
    });
    assert!(kept.pixels().all(|p| p.0[..3]
        == if p.0[3] == 0 {
            [255, 0, 255]
        } else {
            [200, 100, 50]
        }));
}

#[test]
fn fidelity_zero_is_untouched_and_half_is_between() {
    let image = noise(16, 16, 5, AlphaClass::Opaque);
    let share = |f: f32| {
        let out = lanczos(&image, Edges::WRAP, |recipe| recipe.fidelity = f);
        metric::psnr(&downscale(&out, (16, 16)), &image)
    };
    assert!(share(0.0) < share(0.5) && share(0.5) < share(1.0));
}

#[test]
fn transparent_images_need_no_network() {
    let image = noise(16, 16, 1, AlphaClass::Opaque);
    let tiling = Tiling::fixed(16, 16, 0);
    let mut clear = image.clone();
    clear.pixels_mut().for_each(|p| p.0[3] = 0);
    let work = Work::new(clear.clone(), recipe(&clear, Edges::WRAP), eight(), tiling);
    assert!(work.is_done());
    assert_eq!(work.finish(), replicated(&clear, 8));
    // Of a sheet only the tiles that show something are sent.
    let mut sheet = RgbaImage::new(64, 32);
    sheet.put_pixel(5, 5, [1, 2, 3, 255].into());
    let work = Work::new(sheet.clone(), recipe(&sheet, Edges::CLAMP), eight(), tiling);
    assert_eq!(work.tiles().len(), 1);
    for change in [
        (Method::Nearest, Channels::Colour),
        (Method::Network, Channels::Data),
    ] {
        let recipe = Recipe {
            method: change.0,
            channels: change.1,
            ..recipe(&image, Edges::WRAP)
        };
        let work = Work::new(image.clone(), recipe, eight(), tiling);
        assert!(work.is_done());
        assert_eq!(work.finish(), replicated(&image, 8));
    }
}

#[test]
fn pbr_maps_are_enlarged_as_what_they_mean() {
    let flat = RgbaImage::from_pixel(4, 4, [128, 128, 255, 7].into());
    let normals = |r: &mut Recipe| r.channels = Channels::NormalMap;
    let out = lanczos(&flat, Edges::WRAP, normals);
    assert!(out.pixels().all(|p| p.0 == [128, 128, 255, 7]));
    let slopes = RgbaImage::from_fn(4, 4, |x, _| {
        [if x < 2 { 20 } else { 235 }, 128, 0, 255].into()
    });
    for p in lanczos(&slopes, Edges::CLAMP, normals).pixels() {
        let [x, y] = [p.0[0], p.0[1]].map(|v| f64::from(v) / 127.5 - 1.0);
        assert!(x * x + y * y <= 1.02);
    }
    let codes = noise(4, 4, 3, AlphaClass::Translucent);
    let out = lanczos(&codes, Edges::WRAP, |r| r.channels = Channels::SpecularMap);
    let expected = replicated(&codes, 8);
    assert!(
        out.pixels()
            .zip(expected.pixels())
            .all(|(p, q)| p.0[1..] == q.0[1..])
    );
    assert_ne!(out, expected);
}

#[test]
fn smaller_scales_shrink_what_the_network_made() {
    let image = noise(16, 16, 9, AlphaClass::Opaque);
    let out = lanczos(&image, Edges::WRAP, |r| r.scale = Scale::new(4).unwrap());
    assert_eq!(out.dimensions(), (64, 64));
    let full = lanczos(&image, Edges::WRAP, |_| ());
    assert!(metric::psnr(&downscale(&full, (64, 64)), &out) > 28.0);
}

#[test]
fn a_wrap_is_as_smooth_as_the_inside() {
    let image = RgbaImage::from_fn(16, 16, |x, y| {
        let wave =
            |t: u32| (128.0 + 100.0 * (f64::from(t) * std::f64::consts::TAU / 16.0).sin()) as u8;
        [wave(x), wave(y), wave(x + y), 255].into()
    });
    let seam = |edges| metric::seam_ratio(&lanczos(&image, edges, |_| ()));
    // The waves are steepest where they wrap, so the ratio is above 1 without any seam.
    assert!(seam(Edges::WRAP) < 2.0, "{}", seam(Edges::WRAP));
    assert!(
        seam(Edges::CLAMP) > 2.0 * seam(Edges::WRAP),
        "{}",
        seam(Edges::CLAMP)
    );
}

#[test]
fn grids_count_their_tiles() {
    let tiling = Tiling::fixed(16, 8, 8);
    assert_eq!(TileGrid::new(16, 16, Edges::WRAP, tiling).len(), 4);
    assert_eq!(TileGrid::new(17, 8, Edges::CLAMP, tiling).len(), 3);
    assert!(TileGrid::new(0, 8, Edges::CLAMP, tiling).is_empty());
}

#[test]
fn cells_go_whole_along_an_axis_that_a_network_can_pad() {
    use uncanny_texture::Padding::{Replicate, Wrap};
    let tiling = Tiling {
        largest: 128,
        whole: 128,
        ..Tiling::fixed(28, 16, 0)
    };
    let beside = Edges {
        left: Edge::Neighbour,
        ..Edges::WRAP_Y
    };
    for (width, height, edges, (count, tile), (x, y)) in [
        (16, 16, Edges::WRAP, (1, (16, 16)), (Wrap, Wrap)),
        // Where it ends, half of the context.
        (128, 3, Edges::WRAP_X, (1, (128, 9)), (Wrap, Replicate)),
        (
            40,
            128,
            Edges::TRANSPARENT,
            (1, (46, 134)),
            (Replicate, Replicate),
        ),
        // What lies beside a cell is context, around a multiple of the stride; the other axis is whole all the same.
        (40, 24, beside, (1, (60, 24)), (Replicate, Wrap)),
        // Too large for one piece: as few tiles as may be, about equal.
        (300, 16, Edges::WRAP, (3, (124, 16)), (Replicate, Wrap)),
    ] {
        let grid = TileGrid::new(width, height, edges, tiling);
        assert_eq!((grid.len(), grid.tile()), (count, tile), "{width}x{height}");
        assert_eq!(grid.edges(), TileEdges { x, y }, "{width}x{height}");
    }
    // Without any of that: context, and zeros beyond it.
    let grid = TileGrid::new(16, 16, Edges::WRAP, Tiling::fixed(28, 16, 0));
    assert_eq!((grid.tile(), grid.edges()), ((28, 28), TileEdges::ZERO));
}

/// Counts what it enlarges, and dislikes magenta.
struct Counting(Nearest, usize);

impl Upscaler for Counting {
    fn name(&self) -> &str {
        "counting"
    }
    fn fingerprint(&self) -> [u8; 32] {
        self.0.fingerprint()
    }
    fn scale(&self) -> Scale {
        self.0.scale()
    }
    fn tiling(&self) -> Tiling {
        self.0.tiling()
    }
    fn batch(&self) -> usize {
        2
    }
    fn upscale(
        &mut self,
        tiles: &[RgbPlanes],
        edges: TileEdges,
    ) -> Result<Vec<RgbPlanes>, UpscaleError> {
        let size = |tile: &RgbPlanes| (tile.width, tile.height);
        assert!(tiles.iter().all(|tile| size(tile) == size(&tiles[0])));
        assert!((1..=2).contains(&tiles.len()));
        let magenta = |tile: &RgbPlanes| [0, 1, 2].map(|c| tile.plane(c)[0]) == [1.0, 0.0, 1.0];
        if tiles.iter().any(magenta) {
            return Err(UpscaleError::new("it dislikes magenta"));
        }
        self.1 += tiles.len();
        self.0.upscale(tiles, edges)
    }
}

#[test]
fn equal_tiles_are_enlarged_once_and_a_failure_is_that_of_its_textures() {
    let scale = Scale::new(2).unwrap();
    let flat = |colour: [u8; 3]| {
        let [r, g, b] = colour;
        RgbaImage::from_pixel(16, 16, [r, g, b, 255].into())
    };
    // Three tiles, one of them black.
    let wide = RgbaImage::from_fn(48, 16, |x, _| [(x / 16) as u8 * 40, 0, 0, 255].into());
    let images = [
        flat([0, 0, 0]),
        flat([255, 0, 255]),
        flat([9, 9, 9]),
        wide,
        flat([0, 0, 0]),
        flat([255, 0, 255]),
        flat([7, 7, 7]),
    ];
    let recipe = |image: &RgbaImage| {
        let cell = Cell::whole(image.width(), image.height(), Edges::CLAMP);
        Recipe::new(vec![cell], scale)
    };
    let mut upscaler = Counting(Nearest::new(scale), 0);
    let mut batcher = Batcher::new(1 << 20);
    let mut run = |images: &[RgbaImage], upscaler: &mut Counting| {
        let tiling = upscaler.tiling();
        let cut = |image: &RgbaImage| Work::new(image.clone(), recipe(image), scale, tiling);
        let mut works: Vec<Work> = images.iter().map(cut).collect();
        let mut lent: Vec<&mut Work> = works.iter_mut().collect();
        let (mut placed, mut made, mut failed) = (0, 0, Vec::new());
        let finished = batcher.round(&mut lent, upscaler, &mut |event| {
            match event {
                BatchEvent::Placed { tiles, enlarged } => {
                    placed += tiles;
                    made += enlarged;
                }
                BatchEvent::Failed { works, .. } => failed.extend(works),
            }
            true
        });
        assert!(finished);
        for (at, (mut work, image)) in works.into_iter().zip(images).enumerate() {
            if !failed.contains(&at) {
                work.step();
                assert_eq!(work.finish(), replicated(image, 2), "{at}");
            }
        }
        (placed, made, failed)
    };
    // Magenta fails both of its textures and the one whose tile it shared a batch with: black, then, wanted twice more.
    let (placed, made, failed) = run(&images, &mut upscaler);
    assert_eq!(failed, [0, 1, 3, 4, 5]);
    assert_eq!((placed, made, upscaler.1), (2, 2, 2));
    // Without it everything is enlarged once, and what was made before not again.
    let rest: Vec<RgbaImage> = [0, 2, 3, 4, 6].map(|at: usize| images[at].clone()).into();
    let (placed, made, failed) = run(&rest, &mut upscaler);
    assert!(failed.is_empty());
    assert_eq!((placed, made, upscaler.1), (7, 3, 5));
    assert_eq!(run(&rest, &mut upscaler).1, 0);
}
