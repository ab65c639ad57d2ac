//! Pixels: decoding, frames and sprites, alpha, edges, tiles, seams, classical baselines.
