//! The whole conversion of a pack with Lanczos, uncached and cached: `packs/starter` when it is there, else one
//! drawn on the spot.
#![allow(
    missing_docs,
    reason = "criterion's macros make undocumented functions"
)]

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use uncanny::{Baselines, Cache, Config, Options, convert};
use uncanny_texture::{RgbaImage, Scale, encode};

fn pack(folder: &Path) -> PathBuf {
    let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/starter");
    if starter.join("pack.mcmeta").is_file() {
        return starter;
    }
    let root = folder.join("pack");
    let blocks = root.join("assets/minecraft/textures/block");
    fs::create_dir_all(&blocks).expect("a temporary folder can be written");
    fs::write(
        root.join("pack.mcmeta"),
        r#"{"pack": {"pack_format": 34, "description": ""}}"#,
    )
    .expect("a temporary folder can be written");
    for seed in 0..40_u32 {
        let picture = RgbaImage::from_fn(16, 16, |x, y| {
            let value = (x * 7 + y * 13).wrapping_mul(seed * 2 + 1);
            [value as u8, (value / 3) as u8, (seed * 5) as u8, 255].into()
        });
        let png = encode(&picture).expect("16x16 pixels can be encoded");
        fs::write(blocks.join(format!("b{seed}.png")), png)
            .expect("a temporary folder can be written");
    }
    root
}

fn bench(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let input = pack(folder.path());
    let file = Config {
        model: Some("lanczos".to_owned()),
        ..Config::default()
    };
    let options = Options::new(Config::default(), file).expect("these options are valid");
    let cache = Cache::new(&folder.path().join("cache"), 1 << 30);
    let output = folder.path().join("out.zip");
    let run = |cache: Option<&Cache>| {
        let _ = fs::remove_file(&output);
        let mut models = Baselines::new(Scale::new(8).expect("8 is a scale"));
        black_box(
            convert(&input, &output, &options, &mut models, cache).expect("the pack converts"),
        )
    };
    let mut group = criterion.benchmark_group("convert");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(5));
    group.bench_function("lanczos", |bencher| bencher.iter(|| run(None)));
    run(Some(&cache));
    group.bench_function("cached", |bencher| bencher.iter(|| run(Some(&cache))));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
