//! The rectangles a texture is made of and what lies beyond their sides.

use serde::{Deserialize, Serialize};

use crate::Scale;

/// A rectangle of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rect {
    /// Column of the left side.
    pub x: u32,
    /// Row of the top side.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Rect {
    /// The same rectangle in an image `scale` times as large.
    #[must_use]
    pub fn scaled(self, scale: Scale) -> Rect {
        let k = scale.get();
        Rect {
            x: self.x * k,
            y: self.y * k,
            width: self.width * k,
            height: self.height * k,
        }
    }

    /// The part of the rectangle that lies inside an image of that size, if any.
    #[must_use]
    pub fn clipped(self, width: u32, height: u32) -> Option<Rect> {
        let right = self.x.saturating_add(self.width).min(width);
        let bottom = self.y.saturating_add(self.height).min(height);
        (self.x < right && self.y < bottom).then(|| Rect {
            x: self.x,
            y: self.y,
            width: right - self.x,
            height: bottom - self.y,
        })
    }
}

/// What lies beyond one side of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edge {
    /// The cell again, from its opposite side.
    Wrap,
    /// The outermost texels, repeated.
    Clamp,
    /// Nothing: alpha 0, coloured like the outermost texels.
    Transparent,
    /// The real pixels beside the cell in the same image, clamped at the image's border.
    Neighbour,
}

/// The four sides of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Edges {
    /// Beyond the left side.
    pub left: Edge,
    /// Beyond the top side.
    pub top: Edge,
    /// Beyond the right side.
    pub right: Edge,
    /// Beyond the bottom side.
    pub bottom: Edge,
}

impl Edges {
    /// Repeats both ways, like a full block's face.
    pub const WRAP: Edges = Edges::all(Edge::Wrap);
    /// Ends at every side.
    pub const CLAMP: Edges = Edges::all(Edge::Clamp);
    /// Surrounded by nothing, like an item.
    pub const TRANSPARENT: Edges = Edges::all(Edge::Transparent);
    /// Repeats sideways and ends above and below.
    pub const WRAP_X: Edges = Edges {
        left: Edge::Wrap,
        right: Edge::Wrap,
        top: Edge::Clamp,
        bottom: Edge::Clamp,
    };
    /// Repeats up and down and ends at the left and right.
    pub const WRAP_Y: Edges = Edges {
        left: Edge::Clamp,
        right: Edge::Clamp,
        top: Edge::Wrap,
        bottom: Edge::Wrap,
    };

    /// The same edge on every side.
    #[must_use]
    pub const fn all(edge: Edge) -> Edges {
        Edges {
            left: edge,
            top: edge,
            right: edge,
            bottom: edge,
        }
    }

    /// Whether the cell repeats from left to right.
    #[must_use]
    pub fn wraps_x(self) -> bool {
        self.left == Edge::Wrap && self.right == Edge::Wrap
    }

    /// Whether the cell repeats from top to bottom.
    #[must_use]
    pub fn wraps_y(self) -> bool {
        self.top == Edge::Wrap && self.bottom == Edge::Wrap
    }
}

/// One rectangle enhanced on its own: a frame, a sprite, a glyph cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cell {
    /// Where it lies in the image.
    pub rect: Rect,
    /// What lies beyond its sides.
    pub edges: Edges,
}

impl Cell {
    /// One cell that covers an image of that size.
    #[must_use]
    pub const fn whole(width: u32, height: u32, edges: Edges) -> Cell {
        Cell {
            rect: Rect {
                x: 0,
                y: 0,
                width,
                height,
            },
            edges,
        }
    }
}

/// What the four channels of a texture mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channels {
    /// Colour and alpha.
    Colour,
    /// LabPBR `_n`: RG is a normal's X and Y, B occlusion, A height.
    NormalMap,
    /// LabPBR `_s`: R is smoothness; G, B and A hold codes that must not be mixed.
    SpecularMap,
    /// Numbers that must not be mixed: replicated.
    Data,
}
