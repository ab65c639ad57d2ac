//! Fetches libtorch, then runs cargo.
fn main() {}
