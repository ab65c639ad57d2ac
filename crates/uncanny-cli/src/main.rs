//! The uncanny command line.
fn main() {}
