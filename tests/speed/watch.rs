//! How long an artist waits: a 16x16 texture is saved in a watched copy of `packs/starter`, with the shipped network,
//! on the processor. Beside the wait of the whole: its debounce, and what the network alone takes for such a texture.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark may panic, and prints what it measured"
)]

#[path = "../util/mod.rs"]
mod util;

use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{ChildStdout, Stdio};
use std::time::{Duration, Instant};

use uncanny_model::{Device, DeviceChoice, Shipped};
use uncanny_texture::{Edges, RgbPlanes, TileGrid, Upscaler as _};
use util::{Scene, noise, root};

const SAVES: u32 = 40;
/// What `crates/uncanny/src/watch/notices.rs` waits for quiet.
const DEBOUNCE: Duration = Duration::from_millis(50);

fn main() {
    let scene = Scene::new();
    copy(&root().join("packs/starter"), &scene.path("in"));
    let mut child = scene
        .command()
        .args(["watch", "in", "-o", "out", "--json", "--device", "cpu"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    wait(&mut said, |line| line.contains("\"up-to-date\""));
    let texture = scene.path("in/assets/minecraft/textures/block/dirt.png");
    assert!(texture.is_file());
    let mut waits = Vec::new();
    let mut heard = Vec::new();
    for seed in 0..SAVES {
        let bytes = noise(seed);
        let saved = Instant::now();
        fs::write(&texture, bytes).unwrap();
        let line = wait(&mut said, |line| {
            line.contains("\"written\"") && line.contains("block/dirt.png")
        });
        waits.push(saved.elapsed());
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        heard.push(Duration::from_secs_f64(event["seconds"].as_f64().unwrap()));
        // The next save finds it at rest.
        wait(&mut said, |line| line.contains("\"up-to-date\""));
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let device = Device::find(DeviceChoice::Cpu).unwrap();
    let mut network = Shipped::find("textures").unwrap().load(device).unwrap();
    let grid = TileGrid::new(16, 16, Edges::WRAP, network.tiling());
    let (width, height) = grid.tile();
    let tiles: Vec<RgbPlanes> = (0..grid.len())
        .map(|at| RgbPlanes {
            width,
            height,
            data: (0..3 * width * height)
                .map(|i| (i as usize * 7 + at) as f32 % 13.0 / 13.0)
                .collect(),
        })
        .collect();
    let mut alone: Vec<Duration> = (0..SAVES)
        .map(|_| {
            let started = Instant::now();
            network.upscale(&tiles, grid.edges()).unwrap();
            started.elapsed()
        })
        .collect();

    let (whole, best) = (median(&mut waits), waits[0]);
    let (network, quickest) = (median(&mut alone), alone[0]);
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "one 16x16 texture, textures on the CPU, {} tile(s) of {width}x{height}, {SAVES} saves",
        grid.len()
    );
    println!("                          median   best (ms)");
    println!("saved -> written        {:8.1} {:8.1}", ms(whole), ms(best));
    println!(
        "  as watch measures it  {:8.1} {:8.1}",
        ms(median(&mut heard)),
        ms(heard[0])
    );
    println!(
        "debounce                {:8.1} {:8.1}",
        ms(DEBOUNCE),
        ms(DEBOUNCE)
    );
    println!(
        "the network alone       {:8.1} {:8.1}",
        ms(network),
        ms(quickest)
    );
    println!(
        "everything else         {:8.1} {:8.1}   (20 at most)",
        ms(whole) - ms(DEBOUNCE) - ms(network),
        ms(best) - ms(DEBOUNCE) - ms(quickest),
    );
}

fn wait(said: &mut Lines<BufReader<ChildStdout>>, mut wanted: impl FnMut(&str) -> bool) -> String {
    let line = said.map(Result::unwrap).find(|line| wanted(line));
    line.expect("it goes on watching")
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}
