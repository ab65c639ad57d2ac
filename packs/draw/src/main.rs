//! Draws the starter pack.
fn main() {}
