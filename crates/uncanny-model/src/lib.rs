//! Super-resolution checkpoints, architectures and devices on libtorch.
