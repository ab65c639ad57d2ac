//! Minecraft resource packs in and out: folders and zips, metadata, and the rules for scaling each file.
