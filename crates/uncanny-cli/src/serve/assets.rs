//! The page's files, compiled in.

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// One file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asset {
    pub(crate) path: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

impl IntoResponse for &Asset {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, self.kind)], self.bytes).into_response()
    }
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const PNG: &str = "image/png";

macro_rules! page {
    ($path:literal, $kind:ident, $file:literal) => {
        Asset {
            path: $path,
            kind: $kind,
            bytes: include_bytes!(concat!("page/", $file)),
        }
    };
}

macro_rules! emoji {
    ($($name:literal)*) => { [$(Asset {
        path: concat!("/emoji/", $name, ".png"),
        kind: PNG,
        bytes: include_bytes!(concat!("../../../../assets/emoji/", $name, ".png")),
    }),*] };
}

/// The page itself.
pub(crate) static PAGE: [Asset; 8] = [
    page!("/", HTML, "index.html"),
    page!("/style.css", CSS, "style.css"),
    page!("/eye.svg", SVG, "eye.svg"),
    page!("/app.js", JS, "app.js"),
    page!("/editor.js", JS, "editor.js"),
    page!("/nudges.js", JS, "nudges.js"),
    page!("/sources.js", JS, "sources.js"),
    page!("/results.js", JS, "results.js"),
];

/// Something to begin with. Noto Emoji: see assets/emoji/README.md.
pub(crate) static EMOJI: [Asset; 10] =
    emoji!["grin" "cool" "cat" "frog" "pizza" "doughnut" "pumpkin" "ghost" "robot" "moon"];

/// Every file.
pub(crate) fn all() -> impl Iterator<Item = &'static Asset> {
    PAGE.iter().chain(&EMOJI)
}
