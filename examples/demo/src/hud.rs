//! What stands on the screen: frame time, model, device, what is being enhanced, the slider's line, help.

use bevy::prelude::*;
use bevy_uncanny::prelude::*;

use crate::Settings;
use crate::args::Hud;
use crate::enhance::Happened;
use crate::material::Slider;

/// The display.
pub(crate) struct HudPlugin;

impl Plugin for HudPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Help>()
            .add_systems(Startup, spawn)
            .add_systems(Update, (tell, line, help));
    }
}

/// Whether the keys are explained.
#[derive(Resource, Default)]
pub(crate) struct Help(pub(crate) bool);

/// How often figures change, in seconds.
const PACE: f32 = 0.25;

const KEYS: &str = "W A S D  walk      Space  jump      Ctrl  run
click  look about      Esc  free the mouse
Tab  original / enhanced
[ ]  or drag the line: compare
1 nearest   2 textures   3 faces
F  fly: Space up, Shift down
H  this";

#[derive(Component)]
struct Status;
#[derive(Component)]
struct Line;
#[derive(Component)]
struct Keys;

fn spawn(mut commands: Commands, settings: Res<Settings>) {
    if settings.0.hud == Hud::None {
        return;
    }
    let font = || TextFont::from_font_size(14.0);
    let panel = |top: Val, left: Val| {
        (
            Node {
                position_type: PositionType::Absolute,
                top,
                left,
                padding: UiRect::axes(Val::Px(9.0), Val::Px(6.0)),
                border_radius: BorderRadius::all(Val::Px(5.0)),
                ..default()
            },
            BackgroundColor(Color::srgba(0.04, 0.06, 0.10, 0.55)),
        )
    };
    if settings.0.hud == Hud::All {
        commands
            .spawn(panel(Val::Px(10.0), Val::Px(10.0)))
            .with_child((
                Status,
                Text::default(),
                font(),
                TextColor(Color::srgb(0.94, 0.96, 0.98)),
            ));
        commands
            .spawn((
                panel(Val::Px(104.0), Val::Px(10.0)),
                Keys,
                Visibility::Hidden,
            ))
            .with_child((
                Text::new(KEYS),
                font(),
                TextColor(Color::srgb(0.86, 0.90, 0.95)),
            ));
    }
    commands
        .spawn((
            Line,
            Node {
                position_type: PositionType::Absolute,
                width: Val::Px(2.0),
                height: Val::Percent(100.0),
                ..default()
            },
            BackgroundColor(Color::srgba(1.0, 1.0, 1.0, 0.85)),
            Visibility::Hidden,
        ))
        .with_children(|line| {
            for (text, left, right) in
                [("original", None, Some(8.0)), ("enhanced", Some(8.0), None)]
            {
                let side = |at: Option<f32>| at.map_or(Val::Auto, Val::Px);
                line.spawn((
                    Node {
                        position_type: PositionType::Absolute,
                        bottom: Val::Px(14.0),
                        left: side(left),
                        right: side(right),
                        padding: UiRect::axes(Val::Px(7.0), Val::Px(3.0)),
                        border_radius: BorderRadius::all(Val::Px(4.0)),
                        ..default()
                    },
                    BackgroundColor(Color::srgba(0.04, 0.06, 0.10, 0.55)),
                ))
                .with_child((Text::new(text), font(), TextColor(Color::WHITE)));
            }
        });
}

#[derive(Default)]
struct Pace {
    seconds: f32,
    frames: f32,
    longest: f32,
}

fn tell(
    time: Res<Time<Real>>,
    enhancer: Res<Enhancer>,
    progress: Res<EnhanceProgress>,
    happened: Res<Happened>,
    mut pace: Local<Pace>,
    text: Option<Single<&mut Text, With<Status>>>,
) {
    let Some(mut text) = text else { return };
    pace.seconds += time.delta_secs();
    pace.frames += 1.0;
    pace.longest = pace.longest.max(time.delta_secs());
    if pace.seconds < PACE && !text.is_empty() {
        return;
    }
    let (mean, longest) = (1000.0 * pace.seconds / pace.frames, 1000.0 * pace.longest);
    *pace = Pace::default();
    let busy = match &progress.current {
        Some(path) => {
            let name = path.rsplit('/').next().unwrap_or(path);
            format!("enhancing {name}, {} waiting", progress.queued)
        }
        None if progress.queued > 0 => format!("{} waiting", progress.queued),
        None => format!(
            "{} enhanced, {} of them from the cache",
            progress.finished, progress.cached
        ),
    };
    let mut lines = format!(
        "{:.0} fps   {mean:.1} ms, longest {longest:.1}\n{} on {}\n{busy}",
        1000.0 / mean.max(0.01),
        enhancer.model(),
        enhancer.device(),
    );
    if let Some((subject, error)) = happened.failed.last() {
        lines.push_str(&format!(
            "\n{}: {error}",
            subject.rsplit('/').next().unwrap_or(subject)
        ));
    }
    lines.push_str("\nH  help");
    if text.0 != lines {
        text.0 = lines;
    }
}

fn line(slider: Res<Slider>, line: Option<Single<(&mut Node, &mut Visibility), With<Line>>>) {
    let Some(line) = line.filter(|_| slider.is_changed()) else {
        return;
    };
    let (mut node, mut visibility) = line.into_inner();
    node.left = Val::Percent(slider.0 * 100.0);
    let split = slider.0 > 0.0 && slider.0 < 1.0;
    *visibility = if split {
        Visibility::Visible
    } else {
        Visibility::Hidden
    };
}

fn help(help: Res<Help>, keys: Option<Single<&mut Visibility, With<Keys>>>) {
    let Some(mut keys) = keys.filter(|_| help.is_changed()) else {
        return;
    };
    **keys = if help.0 {
        Visibility::Visible
    } else {
        Visibility::Hidden
    };
}
