//! Tiles a second of `textures` on the processor, 16x16 texels that wrap to 128x128: as they went through before edges were
//! the network's padding (28x28, six texels of context on each side, as many libtorch threads as cores in one network),
//! and as they go now (16x16, as many workers as cores with one thread each). Both take turns, on an otherwise idle
//! machine and beside one process that keeps a core busy; the figures are medians, and the ratio is that of the medians.
//!
//!     cargo xtask bench -p uncanny-model --bench tiles [-- NETWORK [SECONDS [ROUNDS]]]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark may panic, and prints what it measured"
)]

use std::hint::black_box;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use tch::Tensor;
use uncanny_model::{Device, Network, Shipped};
use uncanny_texture::{RgbPlanes, TileEdges, Upscaler as _};

/// What a tile's context was on each side.
const CONTEXT: u32 = 6;
const BUSY: &str = "--keep-a-core-busy";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == BUSY) {
        loop {
            black_box(Instant::now());
        }
    }
    // Cargo adds options of its own.
    let mut asked = arguments
        .iter()
        .filter(|argument| !argument.starts_with("--"));
    let name = asked.next().map_or("textures", String::as_str);
    let seconds = asked.next().map_or(3.0, |text| text.parse().unwrap());
    let rounds: usize = asked.next().map_or(5, |text| text.parse().unwrap());

    let cores = uncanny_model::threads();
    let mut network = Shipped::find(name).unwrap().load(Device::CPU).unwrap();
    println!("{name}, 16x16 to 128x128, {cores} cores, medians of {rounds} turns of {seconds} s");
    println!(
        "{:<22}{:>14}{:>14}{:>8}",
        "tiles a second", "context", "padding", "ratio"
    );
    for beside in [false, true] {
        let _busy = beside.then(Busy::start);
        let mut turns = Vec::new();
        for _ in 0..rounds {
            turns.push((
                with_context(&network, cores, seconds),
                padded(&mut network, seconds),
            ));
        }
        let before = median(turns.iter().map(|turn| turn.0));
        let now = median(turns.iter().map(|turn| turn.1));
        let place = if beside {
            "beside a busy process"
        } else {
            "alone"
        };
        println!("{place:<22}{before:>14.1}{now:>14.1}{:>8.2}", now / before);
    }
}

/// One tile after the other, its context with it, libtorch's threads sharing each.
fn with_context(network: &Network, cores: usize, seconds: f64) -> f64 {
    tch::set_num_threads(cores as i32);
    let side = 16 + 2 * CONTEXT;
    let tile = tile(side, 0);
    rate(seconds, || {
        let x = Tensor::from_slice(&tile.data).reshape([1, 3, i64::from(side), i64::from(side)]);
        let made = network.forward(&x).unwrap().clamp(0.0, 1.0).contiguous();
        let mut values = vec![0f32; made.numel()];
        let count = values.len();
        made.copy_data(&mut values, count);
        black_box(values);
        1
    })
}

/// As many as it likes at a time.
fn padded(network: &mut Network, seconds: f64) -> f64 {
    let tiles: Vec<RgbPlanes> = (0..network.batch()).map(|at| tile(16, at)).collect();
    rate(seconds, || {
        black_box(network.upscale(&tiles, TileEdges::WRAP).unwrap()).len()
    })
}

fn rate(seconds: f64, mut work: impl FnMut() -> usize) -> f64 {
    work();
    let (limit, start) = (Duration::from_secs_f64(seconds), Instant::now());
    let mut done = 0;
    while start.elapsed() < limit {
        done += work();
    }
    done as f64 / start.elapsed().as_secs_f64()
}

fn tile(side: u32, seed: usize) -> RgbPlanes {
    let value = |i: u32| ((seed * 31 + i as usize * 17) % 256) as f32 / 255.0;
    RgbPlanes {
        width: side,
        height: side,
        data: (0..3 * side * side).map(value).collect(),
    }
}

fn median(rates: impl Iterator<Item = f64>) -> f64 {
    let mut rates: Vec<f64> = rates.collect();
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// A process that does nothing but run.
struct Busy(Child);

impl Busy {
    fn start() -> Busy {
        let program = std::env::current_exe().unwrap();
        Busy(Command::new(program).arg(BUSY).spawn().unwrap())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
