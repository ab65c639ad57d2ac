//! A Bevy plugin: textures enhanced while the game runs. Nothing is here yet.
