//! Prints how many tiles a second a network enhances: the half of `tests/speed/compare.py` that is ours.
//!
//! `tiles_per_second CHECKPOINT SIDE BATCH THREADS SECONDS`: as many workers as `THREADS`, each of which gets `BATCH`
//! tiles at a time.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use uncanny_model::{Device, Network};
use uncanny_texture::{RgbPlanes, TileEdges, Upscaler as _};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [checkpoint, side, batch, threads, seconds] = arguments.as_slice() else {
        return Err("usage: tiles_per_second CHECKPOINT SIDE BATCH THREADS SECONDS".into());
    };
    let (side, batch): (u32, usize) = (side.parse()?, batch.parse()?);
    uncanny_model::set_threads(threads.parse()?);
    let network = Network::load(Path::new(checkpoint), Device::CPU)?;
    // A batch is counted in its usual tiles.
    let usual = network.tiling().texels();
    let mut network = network.with_batch((batch * (side * side) as usize).div_ceil(usual));
    let tile = |i: usize| {
        let count = (3 * side * side) as usize;
        let data = (0..count)
            .map(|j| ((i * 31 + j * 17) % 256) as f32 / 255.0)
            .collect();
        RgbPlanes {
            width: side,
            height: side,
            data,
        }
    };
    let tiles: Vec<RgbPlanes> = (0..network.batch()).map(tile).collect();
    network.upscale(&tiles, TileEdges::ZERO)?;
    let limit = Duration::from_secs_f64(seconds.parse()?);
    let start = Instant::now();
    let mut done = 0;
    while start.elapsed() < limit {
        done += network.upscale(&tiles, TileEdges::ZERO)?.len();
    }
    let rate = done as f64 / start.elapsed().as_secs_f64();
    #[expect(clippy::print_stdout, reason = "the rate is what this program is for")]
    {
        println!("{rate}");
    }
    Ok(())
}
