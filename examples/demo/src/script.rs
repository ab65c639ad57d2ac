//! What the command line asks to be done by itself: a picture, so many frames, their times; then the end.

use std::path::Path;

use bevy::prelude::*;
use serde_json::{Value, json};

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
    if !once || args.remote || args.bench {
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

/// What many frames' times come to, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    /// How many frames.
    pub frames: usize,
    /// Half of them took no longer.
    pub median: f32,
    /// All but the slowest twentieth took no longer.
    pub p95: f32,
    /// The longest.
    pub longest: f32,
}

impl Figures {
    /// All of them 0, if there are no frames.
    pub(crate) fn of(times: &[f32]) -> Self {
        let mut sorted = times.to_vec();
        sorted.sort_by(f32::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(0.0);
        let frames = sorted.len();
        Self {
            frames,
            median: at(frames / 2),
            p95: at(frames * 19 / 20),
            longest: at(frames.saturating_sub(1)),
        }
    }

    /// The same, for programs.
    pub(crate) fn json(&self) -> Value {
        json!({
            "frames": self.frames,
            "median_ms": self.median,
            "p95_ms": self.p95,
            "longest_ms": self.longest,
        })
    }
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
        let mut json = Figures::of(times).json();
        json["milliseconds"] = json!(times);
        format!("{json:#}\n")
    };
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_of_sorted_times() {
        let times: Vec<f32> = (1..=100).rev().map(|time| time as f32).collect();
        assert_eq!(
            Figures::of(&times),
            Figures {
                frames: 100,
                median: 51.0,
                p95: 96.0,
                longest: 100.0
            }
        );
        assert_eq!(Figures::of(&[]), Figures::default());
        assert_eq!(Figures::of(&[3.0]).p95, 3.0);
    }
}
