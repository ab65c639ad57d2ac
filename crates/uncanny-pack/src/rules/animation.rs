//! Animation strips: the frames of a texture, from its sidecar or its shape.
//!
//! `width` and `height` are pixels; one alone leaves the image's other side; none means squares
//! of the shorter side; the image must be a multiple [C, 1.14-26.x]. Until 1.12 frames are square \[C\]. Several
//! columns are read row by row \[?\], which matters not here: each frame is a cell wherever it lies.

use serde_json::Value;
use uncanny_texture::Rect;

/// The `animation` section of a sidecar, as far as it concerns pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Animation {
    /// `width`, where it is a positive whole number.
    pub(super) width: Option<u32>,
    /// `height`, likewise.
    pub(super) height: Option<u32>,
}

impl Animation {
    /// From a parsed sidecar; `None` without an `animation` object.
    pub(super) fn parse(sidecar: &Value) -> Option<Self> {
        let animation = sidecar.get("animation")?.as_object()?;
        let pixels = |key: &str| {
            let number = animation.get(key)?.as_f64()?;
            (number >= 1.0 && number <= f64::from(u32::MAX)).then_some(number as u32)
        };
        Some(Self {
            width: pixels("width"),
            height: pixels("height"),
        })
    }

    /// One frame's size in an image of that size.
    fn frame(self, (width, height): (u32, u32), square: bool) -> (u32, u32) {
        if square {
            return (width, width);
        }
        match (self.width, self.height) {
            (Some(w), Some(h)) => (w, h),
            (Some(w), None) => (w, height),
            (None, Some(h)) => (width, h),
            (None, None) => {
                let side = width.min(height);
                (side, side)
            }
        }
    }

    /// The frames of an image of that size, row by row.
    ///
    /// # Errors
    /// Why the game drops such an image.
    pub(super) fn frames(self, size: (u32, u32), square: bool) -> Result<Vec<Rect>, String> {
        let frame = self.frame(size, square);
        grid(size, frame).ok_or_else(|| {
            format!(
                "{}x{} is no multiple of its {}x{} frames: the game drops it",
                size.0, size.1, frame.0, frame.1
            )
        })
    }
}

/// The frames of a strip without a sidecar: squares, one below the other. `None` when the shape is no strip.
pub(super) fn bare_strip(size: (u32, u32)) -> Option<Vec<Rect>> {
    let (width, height) = size;
    (height > width)
        .then(|| grid(size, (width, width)))
        .flatten()
}

/// Cuts an image into equal rectangles, row by row; `None` when they do not fill it exactly.
pub(super) fn grid(size: (u32, u32), cell: (u32, u32)) -> Option<Vec<Rect>> {
    let (width, height) = cell;
    if width == 0 || height == 0 || !size.0.is_multiple_of(width) || !size.1.is_multiple_of(height)
    {
        return None;
    }
    let (columns, rows) = (size.0 / width, size.1 / height);
    // A hostile sidecar may ask for a million one-pixel frames.
    if columns == 0 || rows == 0 || u64::from(columns) * u64::from(rows) > 65_536 {
        return None;
    }
    Some(
        (0..rows)
            .flat_map(|row| {
                (0..columns).map(move |column| Rect {
                    x: column * width,
                    y: row * height,
                    width,
                    height,
                })
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_follow_the_sidecar() {
        let cases = [
            (r#"{"animation":{}}"#, (16, 48), false, Ok((3, 16, 16))),
            (r#"{"animation":{}}"#, (48, 16), false, Ok((3, 16, 16))),
            (
                r#"{"animation":{"width":64,"height":32}}"#,
                (64, 1024),
                false,
                Ok((32, 64, 32)),
            ),
            (
                r#"{"animation":{"height":28}}"#,
                (10, 56),
                false,
                Ok((2, 10, 28)),
            ),
            (
                r#"{"animation":{"width":16}}"#,
                (32, 40),
                false,
                Ok((2, 16, 40)),
            ),
            (
                r#"{"animation":{"width":16,"height":16}}"#,
                (32, 32),
                false,
                Ok((4, 16, 16)),
            ),
            (
                r#"{"animation":{"height":8}}"#,
                (16, 48),
                true,
                Ok((3, 16, 16)),
            ),
            (
                r#"{"animation":{"height":"8","width":-3}}"#,
                (16, 48),
                false,
                Ok((3, 16, 16)),
            ),
            (r#"{"animation":{}}"#, (16, 40), false, Err(())),
            (r#"{"animation":{"height":30}}"#, (16, 40), false, Err(())),
            (r#"{"animation":{}}"#, (40, 16), true, Err(())),
        ];
        for (json, size, square, expected) in cases {
            let animation = Animation::parse(&serde_json::from_str(json).unwrap()).unwrap();
            let found = animation
                .frames(size, square)
                .map(|frames| (frames.len(), frames[0].width, frames[0].height))
                .map_err(|_| ());
            assert_eq!(found, expected, "{json} {size:?}");
        }
        assert_eq!(Animation::parse(&serde_json::json!({"texture": {}})), None);
    }

    #[test]
    fn only_upright_multiples_are_bare_strips() {
        assert_eq!(bare_strip((16, 128)).unwrap().len(), 8);
        for size in [(16, 16), (32, 16), (16, 40)] {
            assert_eq!(bare_strip(size), None, "{size:?}");
        }
    }
}
