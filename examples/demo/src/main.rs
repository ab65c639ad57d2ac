//! The demo: a world of enhanced textures. Nothing is here yet.

fn main() {}
