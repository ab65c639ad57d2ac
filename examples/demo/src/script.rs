//! What the command line asks to be done by itself: a picture, so many frames, their times; then the end.

use std::path::Path;

use bevy::prelude::*;

use crate::Settings;
use crate::args::After;
use crate::headless::{Canvas, ShotTaken, shoot};
use crate::ready::Ready;

/// Does what the command line asks.
pub(crate) struct ScriptPlugin;

impl Plugin for ScriptPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<FrameTimes>()
            .add_systems(Last, (measure, run).chain());
    }
}

/// How long frames took, in milliseconds, while somebody wants to know.
#[derive(Resource, Debug, Default)]
pub(crate) struct FrameTimes {
    /// Whether they are noted.
    pub running: bool,
    /// Each.
    pub milliseconds: Vec<f32>,
}

fn measure(mut times: ResMut<FrameTimes>, time: Res<Time<Real>>) {
    if times.running {
        times.milliseconds.push(time.delta_secs() * 1000.0);
    }
}

#[derive(Default)]
struct State {
    begun: bool,
    frames: u32,
    shooting: bool,
    shot: bool,
}

#[expect(
    clippy::too_many_arguments,
    reason = "what a system works on, it is given"
)]
fn run(
    mut commands: Commands,
    settings: Res<Settings>,
    ready: Res<Ready>,
    canvas: Option<Res<Canvas>>,
    time: Res<Time<Real>>,
    mut taken: MessageReader<ShotTaken>,
    mut times: ResMut<FrameTimes>,
    mut state: Local<State>,
    mut exit: MessageWriter<AppExit>,
) {
    let args = &settings.0;
    let once = args.shot.is_some() || args.frames.is_some() || args.frame_times.is_some();
    if !once || args.remote {
        return;
    }
    if !state.begun {
        state.begun = match args.after {
            After::Loaded => ready.loaded,
            After::Enhanced => ready.enhanced,
            After::Seconds(seconds) => ready.loaded && time.elapsed_secs() - ready.since >= seconds,
        };
        times.running = state.begun && args.frame_times.is_some();
        return;
    }
    state.frames += 1;
    if state.frames < args.frames.unwrap_or(1) {
        return;
    }
    for shot in taken.read() {
        state.shot = true;
        if let Some(error) = &shot.error {
            error!("{}: {error}", shot.path.display());
            exit.write(AppExit::from_code(2));
            return;
        }
    }
    if let Some(path) = &args.shot
        && !state.shot
    {
        if !state.shooting {
            state.shooting = true;
            shoot(&mut commands, canvas.as_deref(), path.clone());
        }
        return;
    }
    times.running = false;
    let written = args
        .frame_times
        .as_deref()
        .map_or(Ok(()), |path| write_times(path, &times.milliseconds));
    match written {
        Ok(()) => exit.write(AppExit::Success),
        Err(error) => {
            error!("{error}");
            exit.write(AppExit::from_code(2))
        }
    };
}

/// The middle one, or 0 of none.
pub(crate) fn median(times: &[f32]) -> f32 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

fn write_times(path: &Path, times: &[f32]) -> Result<(), String> {
    let text = if path.extension().is_some_and(|it| it == "csv") {
        let lines = times
            .iter()
            .enumerate()
            .map(|(frame, time)| format!("{frame},{time}\n"));
        std::iter::once("frame,milliseconds\n".to_owned())
            .chain(lines)
            .collect()
    } else {
        let longest = times.iter().copied().fold(0.0, f32::max);
        format!(
            "{:#}\n",
            serde_json::json!({
                "frames": times.len(),
                "median_ms": median(times),
                "longest_ms": longest,
                "milliseconds": times,
            })
        )
    };
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
