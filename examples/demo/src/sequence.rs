//! How a texture plays: what a sidecar (`.mcmeta`) says of a strip of frames.

use uncanny_pack::parse_json;

/// Most frames of one texture.
const MOST_FRAMES: u32 = 64;

/// How a texture plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sequence {
    /// How many frames the picture holds.
    pub(crate) frames: u32,
    /// Frames in the order they are shown, and for how many steps each.
    shown: Vec<(u32, u32)>,
    interpolate: bool,
}

impl Sequence {
    /// What a sidecar says of a picture. A tall picture without one stands still.
    pub(crate) fn of((width, height): (u32, u32), sidecar: Option<&[u8]>) -> Self {
        let still = Self {
            frames: 1,
            shown: vec![(0, 1)],
            interpolate: false,
        };
        let Some(json) = sidecar.and_then(|bytes| parse_json(bytes).ok()) else {
            return still;
        };
        let Some(animation) = json.get("animation") else {
            return still;
        };
        let number = |key: &str| {
            animation
                .get(key)
                .and_then(serde_json::Value::as_u64)
                .and_then(|it| u32::try_from(it).ok())
        };
        let tall = number("height").unwrap_or(width).max(1);
        let frames = (height / tall).clamp(1, MOST_FRAMES);
        let time = number("frametime").unwrap_or(1).clamp(1, 600);
        let list = animation
            .get("frames")
            .and_then(serde_json::Value::as_array);
        let shown: Vec<(u32, u32)> = match list {
            None => (0..frames).map(|frame| (frame, time)).collect(),
            Some(list) => list
                .iter()
                .filter_map(|frame| {
                    let index = frame.as_u64().or_else(|| frame.get("index")?.as_u64())?;
                    let time = frame
                        .get("time")
                        .and_then(serde_json::Value::as_u64)
                        .unwrap_or(u64::from(time));
                    Some((
                        u32::try_from(index).ok()?,
                        u32::try_from(time).ok()?.clamp(1, 600),
                    ))
                })
                .filter(|(index, _)| *index < frames)
                .collect(),
        };
        if shown.is_empty() {
            return Self { frames, ..still };
        }
        Self {
            frames,
            shown,
            interpolate: animation
                .get("interpolate")
                .and_then(serde_json::Value::as_bool)
                .unwrap_or(false),
        }
    }

    /// A step each twentieth of a second: the layer, the next one (12 bits each), how far between (8 bits).
    pub(crate) fn steps(&self, layer: u32) -> Vec<u32> {
        let mut steps = Vec::new();
        for (number, (frame, time)) in self.shown.iter().enumerate() {
            let (next, _) = self.shown[(number + 1) % self.shown.len()];
            for step in 0..*time {
                let between = if self.interpolate {
                    step * 255 / time
                } else {
                    0
                };
                steps.push((layer + frame) | (layer + next) << 12 | between << 24);
            }
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_play_in_the_sidecar_s_order() {
        let sidecar =
            br#"{"animation": {"frametime": 2, "frames": [1, {"index": 0, "time": 3}, 9]}}"#;
        let sequence = Sequence::of((16, 32), Some(sidecar));
        assert_eq!(
            (sequence.frames, sequence.shown.as_slice()),
            (2, &[(1, 2), (0, 3)][..])
        );
        let layers: Vec<u32> = sequence.steps(5).iter().map(|step| step & 0xFFF).collect();
        assert_eq!(layers, [6, 6, 5, 5, 5]);
        let smooth = Sequence::of(
            (16, 32),
            Some(br#"{"animation": {"frametime": 4, "interpolate": true}}"#),
        );
        let between: Vec<u32> = smooth.steps(0).iter().map(|step| step >> 24).collect();
        assert_eq!(between, [0, 63, 127, 191, 0, 63, 127, 191]);
        assert_eq!(Sequence::of((16, 64), None).frames, 1);
    }
}
