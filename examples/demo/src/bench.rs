//! `--bench`: a flight along a fixed path, with nothing to enhance and then while the model is at work, and how long
//! their frames took.

use std::any::TypeId;

use bevy::camera::visibility::{CascadesVisibleEntities, VisibleEntities};
use bevy::prelude::*;
use bevy::render::renderer::RenderAdapterInfo;
use bevy_uncanny::prelude::*;
use serde_json::json;

use crate::Settings;
use crate::args::{Args, VIEWS, View};
use crate::camera;
use crate::enhance::Happened;
use crate::ready::Ready;
use crate::script::Figures;

/// The model that is no work.
pub(crate) const NO_WORK: &str = "nearest";
/// Frames of a round, unless told otherwise.
const ROUND: u32 = 600;
/// Frames of a round that nobody measures: what a place needs when it is first seen is there afterwards.
const WARM_UP: u32 = 60;
/// Where the path leads. One turns around at each.
const STOPS: [&str; 4] = ["house", "pond", "gallery", "quarry"];
/// The share of the way from stop to stop that is spent turning.
const TURNING: f32 = 0.7;
/// How far the path rises above the straight line to the next stop, in blocks.
const ARC: f32 = 16.0;
/// What a frame may take at 60 a second, in milliseconds.
const SIXTIETH: f32 = 1000.0 / 60.0;

/// Measures, prints, ends.
pub(crate) struct BenchPlugin;

impl Plugin for BenchPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Bench>()
            .add_systems(Last, (count, fly, report).chain());
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Until everything is there.
    #[default]
    Load,
    /// A quick round.
    WarmUp,
    /// With nothing to enhance.
    Idle,
    /// Until the model is done.
    Work,
    Done,
}

#[derive(Resource, Default)]
struct Bench {
    stage: Stage,
    /// Frames of this stage so far.
    frame: u32,
    /// How long each frame took with nothing to enhance, and with the model at work.
    idle: Vec<f32>,
    work: Vec<f32>,
    /// When the model was asked for, and when its last picture was drawn, in seconds since the start.
    asked: f32,
    finished: f32,
    /// The pictures that were finished, and what had failed, when it was asked for.
    before: (usize, usize),
    drawn: Drawn,
}

/// What frames draw: the most of any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Drawn {
    meshes: usize,
    in_sight: usize,
    /// A mesh is drawn into each cascade of the shadows that it falls into.
    for_shadows: usize,
}

/// Counts what is drawn: at most as many draw calls, for meshes of a material are drawn together where the GPU can.
fn count(
    mut bench: ResMut<Bench>,
    meshes: Query<(), With<Mesh3d>>,
    eyes: Single<&VisibleEntities, With<Camera3d>>,
    suns: Query<&CascadesVisibleEntities>,
) {
    let cascades = suns.iter().flat_map(|sun| sun.entities.values().flatten());
    let drawn = &mut bench.drawn;
    *drawn = Drawn {
        meshes: drawn.meshes.max(meshes.iter().count()),
        in_sight: drawn.in_sight.max(eyes.len(TypeId::of::<Mesh3d>())),
        for_shadows: drawn
            .for_shadows
            .max(cascades.map(|cascade| cascade.entities.len()).sum()),
    };
}

/// Notes how long the last frame took, moves the camera, goes on to the next stage.
#[expect(
    clippy::too_many_arguments,
    reason = "what a system works on, it is given"
)]
fn fly(
    settings: Res<Settings>,
    ready: Res<Ready>,
    enhancer: Res<Enhancer>,
    progress: Res<EnhanceProgress>,
    happened: Res<Happened>,
    time: Res<Time<Real>>,
    mut bench: ResMut<Bench>,
    mut eyes: Single<&mut Transform, With<Camera3d>>,
) {
    let args = &settings.0;
    let bench = &mut *bench;
    let now = time.elapsed_secs();
    let took = time.delta_secs() * 1000.0;
    let happened = (happened.finished.len(), happened.failed.len());
    let round = match bench.stage {
        Stage::WarmUp => round(args).min(WARM_UP),
        _ => round(args),
    };
    bench.frame += 1;
    let ended = bench.frame >= round;
    let next = match bench.stage {
        Stage::Load => ready.enhanced.then_some(Stage::WarmUp),
        Stage::WarmUp => ended.then_some(Stage::Idle),
        Stage::Idle => {
            bench.idle.push(took);
            let working = args.model != NO_WORK;
            ended.then_some(if working { Stage::Work } else { Stage::Done })
        }
        Stage::Work => {
            let begun = happened != bench.before;
            if !begun || !progress.is_idle() || !ready.loaded {
                bench.work.push(took);
                bench.finished = now;
            }
            // It is waited a little whether more comes.
            (begun && ready.enhanced).then_some(Stage::Done)
        }
        Stage::Done => None,
    };
    if let Some(next) = next {
        bench.stage = next;
        bench.frame = 0;
        match next {
            Stage::Load | Stage::Done => {}
            Stage::WarmUp => info!("warming up"),
            Stage::Idle => info!("{round} frames with nothing to enhance"),
            Stage::Work => {
                info!("frames while {} is at work", args.model);
                enhancer.set_model(&args.model);
                (bench.asked, bench.before) = (now, happened);
            }
        }
    }
    let along = bench.frame as f32 / round as f32;
    eyes.set_if_neq(camera::transform(path(along.fract())));
}

/// Prints what was measured, and ends.
fn report(
    settings: Res<Settings>,
    bench: Res<Bench>,
    enhancer: Res<Enhancer>,
    happened: Res<Happened>,
    adapter: Res<RenderAdapterInfo>,
    mut exit: MessageWriter<AppExit>,
) {
    if bench.stage != Stage::Done {
        return;
    }
    let args = &settings.0;
    let worked = args.model != NO_WORK;
    let finished = happened.finished.len() - bench.before.0;
    let failed = happened.failed.len() - bench.before.1;
    if worked && finished == 0 {
        // Why was said when it happened.
        error!("{} enhanced nothing", args.model);
        exit.write(AppExit::from_code(2));
        return;
    }
    let report = Report {
        adapter: &adapter,
        args,
        drawn: bench.drawn,
        idle: &bench.idle,
        work: worked.then(|| Work {
            times: &bench.work,
            device: enhancer.device(),
            finished,
            failed,
            seconds: bench.finished - bench.asked,
        }),
    };
    say(&if args.json {
        format!("{:#}", report.json())
    } else {
        report.table()
    });
    exit.write(if worked && failed > 0 {
        AppExit::from_code(1)
    } else {
        AppExit::Success
    });
}

#[expect(clippy::print_stdout, reason = "it is what was asked for")]
fn say(text: &str) {
    println!("{text}");
}

struct Report<'a> {
    adapter: &'a RenderAdapterInfo,
    args: &'a Args,
    drawn: Drawn,
    idle: &'a [f32],
    work: Option<Work<'a>>,
}

struct Work<'a> {
    times: &'a [f32],
    device: String,
    finished: usize,
    failed: usize,
    seconds: f32,
}

/// How many frames were too slow for 60 a second.
fn slow(times: &[f32]) -> usize {
    times.iter().filter(|time| **time > SIXTIETH).count()
}

impl Report<'_> {
    fn table(&self) -> String {
        let Self {
            adapter,
            args,
            drawn,
            ..
        } = self;
        let row = |name: &str, times: &[f32]| {
            let Figures {
                frames,
                median,
                p95,
                longest,
            } = Figures::of(times);
            let slow = slow(times);
            format!("{name:<28}{frames:>8}{median:>9.2}{p95:>9.2}{longest:>9.2}{slow:>12}\n")
        };
        let mut text = format!(
            "{} ({:?}, {}), {}x{}, quality {:?}\n{} meshes; at most {} in sight and {} for shadows\n\n",
            adapter.name,
            adapter.backend,
            [&adapter.driver, &adapter.driver_info]
                .map(|it| it.trim())
                .join(" "),
            args.size.width,
            args.size.height,
            args.quality,
            drawn.meshes,
            drawn.in_sight,
            drawn.for_shadows,
        );
        text += "milliseconds a frame          frames   median     95th  longest  over 1/60 s\n";
        text += &row("nothing to enhance", self.idle);
        if let Some(work) = &self.work {
            text += &row(&format!("{} on {}", args.model, work.device), work.times);
            text += &format!(
                "\n{} textures enhanced in {:.2} s",
                work.finished, work.seconds
            );
            if work.failed > 0 {
                text += &format!("; {} failed", work.failed);
            }
        }
        text.trim_end().to_owned()
    }

    fn json(&self) -> serde_json::Value {
        let Self {
            adapter,
            args,
            drawn,
            ..
        } = self;
        let times = |times: &[f32]| {
            let mut json = Figures::of(times).json();
            json["over_a_sixtieth"] = json!(slow(times));
            json
        };
        let work = self.work.as_ref().map(|work| {
            let mut json = times(work.times);
            json["model"] = json!(args.model);
            json["device"] = json!(work.device);
            json["enhanced"] = json!(work.finished);
            json["failed"] = json!(work.failed);
            json["seconds"] = json!(work.seconds);
            json
        });
        json!({
            "adapter": {
                "name": adapter.name,
                "kind": format!("{:?}", adapter.device_type),
                "backend": format!("{:?}", adapter.backend),
                "driver": adapter.driver,
                "driver_info": adapter.driver_info,
            },
            "size": [args.size.width, args.size.height],
            "quality": format!("{:?}", args.quality).to_lowercase(),
            "meshes": {
                "all": drawn.meshes,
                "most_in_sight": drawn.in_sight,
                "most_for_shadows": drawn.for_shadows,
            },
            "idle": times(self.idle),
            "working": work,
        })
    }
}

fn round(args: &Args) -> u32 {
    args.frames.unwrap_or(ROUND).max(1)
}

/// A place on the path, which ends where it begins.
fn path(share: f32) -> View {
    let stops = STOPS.map(|stop| {
        let named = VIEWS.iter().find(|(name, _)| *name == stop);
        named.map_or([0.0; 5], |(_, numbers)| *numbers)
    });
    let along = share * stops.len() as f32;
    let from = stops[along as usize % stops.len()];
    let to = stops[(along as usize + 1) % stops.len()];
    let way = along.fract();
    if way < TURNING {
        let [x, y, z, yaw, pitch] = from;
        let yaw = yaw + 360.0 * smooth(way / TURNING);
        return View {
            eyes: [x, y, z],
            yaw,
            pitch,
        };
    }
    let way = smooth((way - TURNING) / (1.0 - TURNING));
    let between = |part: usize| from[part] + (to[part] - from[part]) * way;
    let up = ARC * (1.0 - (2.0 * way - 1.0).powi(2));
    // The short way round.
    let turn = (to[3] - from[3] + 180.0).rem_euclid(360.0) - 180.0;
    View {
        eyes: [between(0), between(1) + up, between(2)],
        yaw: from[3] + turn * way,
        pitch: between(4),
    }
}

/// From 0 to 1, slow at both ends.
fn smooth(share: f32) -> f32 {
    share * share * (3.0 - 2.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::Block;
    use crate::world::World;

    #[test]
    fn the_path_is_closed_smooth_and_through_air() {
        let world = World::new(crate::SEED, 80);
        let at = |frame: u32| path(frame as f32 / ROUND as f32 % 1.0);
        for frame in 0..ROUND {
            let (here, next) = (at(frame), at(frame + 1));
            let cell = here.eyes.map(|it| it.floor() as i32);
            assert_eq!(world.get(cell), Block::Air, "at {:?}", here.eyes);
            let moved = Vec3::from(here.eyes).distance(next.eyes.into());
            let turned = (next.yaw - here.yaw + 180.0).rem_euclid(360.0) - 180.0;
            assert!(
                moved < 2.5 && turned.abs() < 7.0,
                "frame {frame}: {moved} blocks, {turned} degrees"
            );
        }
    }
}
