//! How fast packs are read and written. Uses a real pack from beside the repository, else one made here.

use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rayon::prelude::*;
use uncanny_pack::{Entry, Pack, PackFormat, PackLimits, PackWriter};

/// A pack of noise that shrinks about as little as PNGs do.
fn made(folder: &Path) -> PathBuf {
    let path = folder.join("made.zip");
    let mut writer = PackWriter::create(&path, PackFormat::Zip, true)
        .expect("a temporary folder can be written");
    let mut seed = 1_u32;
    for index in 0..3000 {
        let name = if index == 0 {
            "pack.mcmeta".to_owned()
        } else {
            format!("assets/minecraft/textures/{index}.bin")
        };
        let bytes: Vec<u8> = (0..1200)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 24) as u8 & 0x7f
            })
            .collect();
        let entry = Entry {
            name,
            directory: false,
            size: bytes.len() as u64,
        };
        writer
            .put(&entry, &bytes)
            .expect("a temporary folder can be written");
    }
    writer.finish().expect("a temporary folder can be written");
    path
}

fn packs(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let real =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/packs/PixelPerfectionCE.zip");
    let path = if real.is_file() {
        real
    } else {
        made(folder.path())
    };
    let limits = PackLimits::default();
    let pack = Pack::open(&path, &limits).expect("the pack is sound");
    let all: Vec<usize> = (0..pack.entries().len()).collect();
    let bytes: Vec<Vec<u8>> = all
        .iter()
        .map(|&index| pack.read(index).expect("the pack is sound"))
        .collect();

    let mut group = criterion.benchmark_group("zip");
    group.sample_size(20).throughput(Throughput::Bytes(
        bytes.iter().map(|bytes| bytes.len() as u64).sum(),
    ));
    group.bench_function("open", |bench| {
        bench.iter(|| Pack::open(&path, &limits).map(|pack| pack.entries().len()))
    });
    group.bench_function("read all", |bench| {
        bench.iter(|| {
            all.iter()
                .map(|&index| pack.read(index).map_or(0, |bytes| bytes.len()))
                .sum::<usize>()
        });
    });
    group.bench_function("read all, every core", |bench| {
        bench.iter(|| {
            all.par_iter()
                .map(|&index| pack.read(index).map_or(0, |bytes| bytes.len()))
                .sum::<usize>()
        });
    });
    for (name, format) in [("zip", PackFormat::Zip), ("folder", PackFormat::Folder)] {
        let write = |put: &dyn Fn(&mut PackWriter, usize)| {
            // Dropped unfinished: what a disk makes of flushing is not ours to measure.
            let mut writer = PackWriter::create(&folder.path().join("out"), format, true)
                .expect("it can be written");
            all.iter().for_each(|&index| put(&mut writer, index));
        };
        group.bench_function(format!("copy all to a {name}"), |bench| {
            bench.iter(|| {
                write(&|writer, index| writer.copy(&pack, index).expect("it can be written"))
            });
        });
        group.bench_function(format!("put all in a {name}"), |bench| {
            bench.iter(|| {
                write(&|writer, index| {
                    writer
                        .put(&pack.entries()[index], &bytes[index])
                        .expect("it can be written")
                });
            });
        });
    }
    group.finish();
}

criterion_group!(benches, packs);
criterion_main!(benches);
