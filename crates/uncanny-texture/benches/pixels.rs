//! What everything but the network costs: decoding, encoding, cutting and blending, a texture's whole way.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use uncanny_texture::{
    Cell, DecodeLimits, Edges, Nearest, Recipe, RgbaImage, Scale, TileEdges, Tiling, Upscaler,
    Work, decode, encode,
};

fn art(side: u32) -> RgbaImage {
    RgbaImage::from_fn(side, side, |x, y| {
        let v = (x * 37 + y * 91 + (x * y) % 23) % 7 * 30;
        [
            v as u8,
            (v / 2 + 40) as u8,
            (200 - v) as u8,
            if (x / 3 + y / 5) % 4 == 0 { 0 } else { 255 },
        ]
        .into()
    })
}

fn pixels(criterion: &mut Criterion) {
    let scale = Scale::new(8).expect("8 is a scale");
    let limits = DecodeLimits::default();
    for side in [16, 256] {
        let image = art(side);
        let mut net = Nearest::new(scale);
        for (name, tiling, fidelity) in [
            ("cropped", Tiling::fixed(32, 16, 0), 0.0),
            ("blended", Tiling::fixed(16, 8, 8), 0.0),
            ("faithful", Tiling::fixed(32, 16, 0), 1.0),
        ] {
            let cell = Cell::whole(side, side, Edges::WRAP);
            let recipe = Recipe {
                fidelity,
                ..Recipe::new(vec![cell], scale)
            };
            let work = Work::new(image.clone(), recipe.clone(), scale, tiling);
            let upscaled = net
                .upscale(work.tiles(), TileEdges::ZERO)
                .expect("replication cannot fail");
            criterion.bench_function(&format!("cut {name} {side}"), |b| {
                b.iter(|| Work::new(black_box(image.clone()), recipe.clone(), scale, tiling));
            });
            criterion.bench_function(&format!("blend and finish {name} {side}"), |b| {
                b.iter(|| {
                    let mut work = work.clone();
                    upscaled
                        .iter()
                        .enumerate()
                        .for_each(|(i, tile)| work.place(i, tile));
                    work.step();
                    work.finish()
                });
            });
            let mut work = work;
            upscaled
                .iter()
                .enumerate()
                .for_each(|(i, tile)| work.place(i, tile));
            work.step();
            if name == "blended" {
                let out = work.finish();
                let bytes = encode(&out).expect("it has pixels");
                criterion.bench_function(&format!("encode {}", side * 8), |b| {
                    b.iter(|| encode(black_box(&out)))
                });
                criterion.bench_function(&format!("decode {}", side * 8), |b| {
                    b.iter(|| decode(black_box(&bytes), &limits));
                });
            }
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = pixels
}
criterion_main!(benches);
