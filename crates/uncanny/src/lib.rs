//! Turns 16x16 art into 128x128 art: plan, run, cache and report for whole resource packs.
