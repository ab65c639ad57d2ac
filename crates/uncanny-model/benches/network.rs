//! The face network by batch and tile: `cargo bench -p uncanny-model`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use uncanny_model::{Device, Network};
use uncanny_texture::{RgbPlanes, TileEdges, Upscaler as _};

fn by_batch(criterion: &mut Criterion) {
    for side in [16, 24] {
        let mut group = criterion.benchmark_group(format!("faces {side}x{side}"));
        group.sample_size(10);
        for batch in [1, 2, 4, 8, 16, 32] {
            let faces = Network::faces(Device::CPU).expect("the embedded checkpoint loads");
            let mut faces = faces.with_batch(batch);
            let tile = RgbPlanes {
                width: side,
                height: side,
                data: vec![0.5; (3 * side * side) as usize],
            };
            let tiles = vec![tile; batch];
            group.throughput(Throughput::Elements(batch as u64));
            group.bench_function(BenchmarkId::from_parameter(batch), |bencher| {
                bencher.iter(|| {
                    let enlarged = faces.upscale(black_box(&tiles), TileEdges::WRAP);
                    black_box(enlarged.expect("it fits in memory"))
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, by_batch);
criterion_main!(benches);
