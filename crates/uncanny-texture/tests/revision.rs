//! The revision that cached pictures are kept under hangs on every source file of this crate, in folders too.

use std::fs;
use std::path::Path;

#[path = "../build.rs"]
#[expect(
    dead_code,
    clippy::print_stdout,
    reason = "a build script's main is not called here"
)]
mod build;

#[test]
fn a_change_in_a_folder_of_the_sources_is_another_revision() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("revision");
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(root.join("deep/deeper")).expect("a folder for tests");
    let write = |name: &str, text: &str| fs::write(root.join(name), text).expect("a file in it");
    let revision = || build::revision(&root).expect("readable files");
    write("lib.rs", "mod deep;\n");
    write("deep/deeper/pixels.rs", "1\n");
    let first = revision();
    write("deep/deeper/pixels.rs", "1\r\n");
    assert_eq!(revision(), first, "line ends do not count");
    write("deep/deeper/pixels.rs", "2\n");
    let second = revision();
    assert_ne!(second, first);
    fs::rename(
        root.join("deep/deeper/pixels.rs"),
        root.join("deep/pixels.rs"),
    )
    .expect("a move");
    assert_ne!(revision(), second, "a moved file counts");
}
