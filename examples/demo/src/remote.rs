//! Obeying from outside, for tests: a JSON object a line on the standard input, an answer a line on the standard output.
//!
//! | command | answers when |
//! |---|---|
//! | `{"do": "wait", "for": "loaded"}` or `"enhanced"` | that is so |
//! | `{"do": "shot", "path": "out.png"}` | the picture is written |
//! | `{"do": "camera", "view": "house"}`, `{"do": "slider", "at": 0.5}` | at once; the next picture shows it |
//! | `{"do": "model", "name": "faces"}` | at once |
//! | `{"do": "progress"}` | at once: queue, what is finished and failed, draw calls' worth of meshes |
//! | `{"do": "frame_times"}` | at once: those since the last such command, in milliseconds |
//! | `{"do": "quit"}` | the end |

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use bevy::prelude::*;
use bevy_uncanny::prelude::*;
use serde_json::{Value, json};

use crate::args::{After, View};
use crate::camera;
use crate::enhance::Happened;
use crate::headless::{Canvas, ShotTaken, shoot};
use crate::material::Slider;
use crate::ready::{Awaited, Ready};
use crate::script::FrameTimes;

/// Obeys the standard input.
pub(crate) struct RemotePlugin;

impl Plugin for RemotePlugin {
    fn build(&self, app: &mut App) {
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        app.insert_resource(Lines(Mutex::new(lines)))
            .add_systems(Last, obey);
    }
}

#[derive(Resource)]
struct Lines(Mutex<Receiver<String>>);

/// What must happen before the next command is looked at.
#[derive(Default)]
enum Waiting {
    #[default]
    Nothing,
    Ready {
        enhanced: bool,
        frames: u32,
    },
    /// Some frames more, so that what was ordered before is drawn.
    Drawn {
        frames: u32,
        path: PathBuf,
    },
    Shot,
}

#[expect(
    clippy::too_many_arguments,
    reason = "what a system works on, it is given"
)]
fn obey(
    mut commands: Commands,
    lines: Res<Lines>,
    ready: Res<Ready>,
    canvas: Option<Res<Canvas>>,
    mut taken: MessageReader<ShotTaken>,
    mut state: (
        Local<Waiting>,
        ResMut<Slider>,
        ResMut<FrameTimes>,
        ResMut<Awaited>,
    ),
    mut eyes: Single<&mut Transform, With<Camera3d>>,
    outside: (
        Res<Enhancer>,
        Res<EnhanceProgress>,
        Res<Happened>,
        Query<&Mesh3d>,
    ),
    mut exit: MessageWriter<AppExit>,
) {
    let (waiting, slider, times) = (&mut *state.0, &mut state.1, &mut state.2);
    let (enhancer, progress, happened, meshes) = outside;
    match waiting {
        Waiting::Nothing => {}
        Waiting::Ready { enhanced, frames } => {
            *frames += 1;
            if *frames < 3
                || !(if *enhanced {
                    ready.enhanced
                } else {
                    ready.loaded
                })
            {
                return;
            }
            answer(&json!({"ready": if *enhanced { "enhanced" } else { "loaded" }}));
            *waiting = Waiting::Nothing;
        }
        Waiting::Drawn { frames, path } => {
            *frames += 1;
            if *frames >= 3 && ready.loaded {
                shoot(&mut commands, canvas.as_deref(), path.clone());
                *waiting = Waiting::Shot;
            }
            return;
        }
        Waiting::Shot => {
            let Some(shot) = taken.read().last() else {
                return;
            };
            answer(&json!({"shot": shot.path, "error": shot.error}));
            *waiting = Waiting::Nothing;
        }
    }
    let line = match lines.0.lock().map(|lines| lines.try_recv()) {
        Ok(Ok(line)) => line,
        Ok(Err(TryRecvError::Empty)) => return,
        // Whoever commanded is gone.
        _ => {
            exit.write(AppExit::Success);
            return;
        }
    };
    let command: Value = match serde_json::from_str(&line) {
        Ok(command) => command,
        Err(error) => return answer(&json!({"error": error.to_string()})),
    };
    let text = |key: &str| {
        command
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    match text("do").as_str() {
        "wait" => {
            let enhanced = text("for") == "enhanced";
            let awaited = if enhanced {
                After::Enhanced
            } else {
                After::Loaded
            };
            state.3.0 = Some(awaited);
            *waiting = Waiting::Ready {
                enhanced,
                frames: 0,
            };
        }
        "shot" => {
            *waiting = Waiting::Drawn {
                frames: 0,
                path: text("path").into(),
            };
        }
        "slider" => {
            slider.0 = command
                .get("at")
                .and_then(Value::as_f64)
                .unwrap_or(0.0)
                .clamp(0.0, 1.0) as f32;
            answer(&json!({"slider": slider.0}));
        }
        "camera" => match text("view").parse::<View>() {
            Ok(view) => {
                **eyes = camera::transform(view);
                answer(&json!({"camera": view.eyes}));
            }
            Err(error) => answer(&json!({"error": error})),
        },
        "model" => {
            enhancer.set_model(&text("name"));
            answer(&json!({"model": text("name")}));
        }
        "progress" => answer(&json!({
            "queued": progress.queued,
            "current": progress.current,
            "finished": happened.finished,
            "failed": happened.failed,
            "model": enhancer.model(),
            "device": enhancer.device(),
            "meshes": meshes.iter().count(),
        })),
        "frame_times" => {
            let since: Vec<f32> = std::mem::take(&mut times.milliseconds);
            times.running = true;
            answer(&json!({"milliseconds": since}));
        }
        "quit" => {
            exit.write(AppExit::Success);
        }
        other => answer(&json!({"error": format!("no command is called {other:?}")})),
    }
}

#[expect(clippy::print_stdout, reason = "answers are this program's output")]
fn answer(value: &Value) {
    println!("{value}");
    // Whoever reads may be gone.
    let _ = std::io::stdout().flush();
}
