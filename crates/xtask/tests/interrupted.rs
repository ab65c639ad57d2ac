//! Fetching libtorch, killed again and again. It downloads for real, so it runs by name only:
//! `cargo test --package xtask --test interrupted -- --ignored`

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
#[ignore = "downloads hundreds of MB; see the top of the file"]
fn killed_at_any_point_it_goes_on_at_the_next_run() {
    let scratch = std::env::temp_dir().join(format!("uncanny-interrupted-{}", std::process::id()));
    let dir = scratch.join("libtorch");
    fs::create_dir_all(&scratch).unwrap();
    let mut kills = 0;
    let mut deadline = Duration::from_millis(100);
    let said = loop {
        let mut child = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(["libtorch", "--platform", "macos-arm64", "--path"])
            .arg(&dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(scratch.join("said")).unwrap())
            .spawn()
            .unwrap();
        let began = std::time::Instant::now();
        while began.elapsed() < deadline && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
        }
        let status = child.wait().unwrap();
        let said = fs::read_to_string(scratch.join("said")).unwrap();
        if status.success() {
            break said;
        }
        assert!(
            status.code().is_none(),
            "failed by itself after {kills} kills: {said}"
        );
        let whole = dir.join("build-version").exists();
        assert_eq!(whole, dir.exists(), "a folder without its mark is in place");
        kills += 1;
        // Every run gets a little further before it is killed.
        deadline = deadline.mul_f64(1.25);
    };
    eprintln!("killed {kills} times; the last run said:\n{said}");
    assert!(kills > 2, "too quick to be interrupted");
    assert_eq!(
        fs::metadata(dir.join("lib/libtorch_cpu.dylib"))
            .unwrap()
            .len(),
        216_509_200
    );
    assert!(
        dir.join("include/torch/csrc/api/include/torch/torch.h")
            .is_file()
    );
    let left: Vec<_> = fs::read_dir(&scratch)
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    assert_eq!(
        left.len(),
        3,
        "libtorch, its lock and what it said: {left:?}"
    );
    assert!(!scratch.join("libtorch.partial").exists());
    fs::remove_dir_all(scratch).unwrap();
}
