//! A small voxel world of a resource pack's textures, enhanced while one walks around in it.

#![allow(
    elided_lifetimes_in_paths,
    reason = "systems' parameters, as everybody who uses Bevy writes them"
)]

mod args;
mod bench;
mod blocks;
mod buildings;
mod camera;
mod catalogue;
mod controls;
mod enhance;
mod headless;
mod hud;
mod material;
mod mesh;
mod mobs;
mod names;
mod noise;
mod player;
mod ready;
mod remote;
mod scene;
mod script;
mod sequence;
mod sky;
mod textures;
mod world;

use std::process::ExitCode;

use bevy::asset::io::AssetSourceId;
use bevy::prelude::*;
use clap::Parser as _;

use crate::args::Args;

/// The island that the demo shows.
const SEED: u32 = 20;

/// The command line, for all systems.
#[derive(Resource, Clone)]
struct Settings(Args);

fn main() -> ExitCode {
    let mut args = Args::parse();
    args.headless |= args.bench;
    let enhance = match enhance::plugin(&args) {
        Ok(plugin) => plugin,
        Err(error) => {
            complain(&error);
            return ExitCode::from(2);
        }
    };
    let (land, pack) = match scene::prepare(&args.pack) {
        Ok(prepared) => prepared,
        Err(error) => {
            complain(&error);
            return ExitCode::from(2);
        }
    };
    for note in &pack.0.notes {
        complain(note);
    }
    let mut app = App::new();
    app.register_asset_source(AssetSourceId::Default, enhance::nothing())
        .add_plugins(enhance)
        .add_plugins(headless::engine(&args));
    if args.headless {
        app.add_plugins(headless::RunnerPlugin);
        let canvas = headless::canvas(
            &mut app.world_mut().resource_mut::<Assets<Image>>(),
            args.size,
        );
        app.insert_resource(canvas);
    }
    app.insert_resource(material::Slider(args.slider))
        .insert_resource(Settings(args.clone()))
        .insert_resource(land)
        .insert_resource(pack)
        .init_resource::<enhance::Happened>()
        .add_message::<headless::ShotTaken>()
        .add_plugins((
            material::BlockMaterialPlugin,
            textures::TexturesPlugin,
            sky::SkyPlugin {
                quality: args.quality,
            },
            camera::CameraPlugin,
            ready::ReadyPlugin,
            script::ScriptPlugin,
            mobs::MobsPlugin,
            hud::HudPlugin,
        ))
        .add_systems(Startup, scene::build)
        .add_systems(First, enhance::listen)
        .add_systems(Last, scene::prioritise);
    if !args.headless {
        app.add_plugins(controls::ControlsPlugin);
    }
    if args.remote {
        app.add_plugins(remote::RemotePlugin);
    }
    if args.bench {
        app.add_plugins(bench::BenchPlugin);
    }
    if args.still {
        app.world_mut().resource_mut::<Time<Virtual>>().pause();
    }
    match app.run() {
        AppExit::Success => ExitCode::SUCCESS,
        AppExit::Error(code) => ExitCode::from(code.get()),
    }
}

#[expect(
    clippy::print_stderr,
    reason = "said before the log is there, to whoever gave the command"
)]
fn complain(message: &str) {
    eprintln!("uncanny-demo: {message}");
}
