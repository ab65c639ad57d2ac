//! What a game gets with the plugin.
#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]

use std::process::Command;

fn tree(features: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none"])
        .args([
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .args(["--package", "bevy_uncanny"])
        .args(features)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn has(tree: &str, package: &str) -> bool {
    tree.lines()
        .any(|line| line.split(' ').next() == Some(package))
}

#[test]
fn without_features_there_is_no_renderer_and_no_libtorch() {
    let bare = tree(&["--no-default-features"]);
    assert!(has(&bare, "bevy_asset") && has(&bare, "uncanny"), "{bare}");
    for package in [
        "bevy",
        "bevy_render",
        "bevy_pbr",
        "bevy_sprite",
        "wgpu",
        "winit",
        "torch-sys",
    ] {
        assert!(!has(&bare, package), "{package}");
    }
    let usual = tree(&[]);
    assert!(
        has(&usual, "bevy_pbr") && !has(&usual, "torch-sys"),
        "{usual}"
    );
    assert!(has(&tree(&["--features", "torch"]), "torch-sys"));
}
