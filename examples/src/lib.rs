//! Small examples of the uncanny libraries, each one file beside this folder:
//!
//! - `cargo run -p uncanny-examples --example convert_pack -- pack.zip pack-128x.zip`
//! - `cargo run -p uncanny-examples --example enhance_png -- stone.png stone-128x.png`
