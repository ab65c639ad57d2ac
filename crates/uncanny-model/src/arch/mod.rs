//! One file per architecture. Each owns its `Config`, how it is detected from the key names and
//! tensor shapes of a state dict, and its forward pass.

pub mod pfsr;
