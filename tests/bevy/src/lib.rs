//! Nothing of its own: `tests/` asks Bevy.
