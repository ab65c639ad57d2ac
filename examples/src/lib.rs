//! Small examples of the uncanny libraries, each one file beside this folder. They use networks, so libtorch must be there
//! (`cargo xtask libtorch` fetches it):
//!
//! - `cargo run --release -p uncanny-examples --example convert_pack -- pack.zip pack-128x.zip`
//! - `cargo run --release -p uncanny-examples --example enhance_png -- stone.png stone-128x.png`
