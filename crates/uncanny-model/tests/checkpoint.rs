//! Checkpoint files, good and bad: tests/fixtures/checkpoints and tests/bad/checkpoints, each with
//! the script that made its files, and real files where there are some.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests; a skipped test says so"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use uncanny_model::checkpoint::{self, CheckpointFormat, DType, Problem, StateDict};

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

fn good() -> PathBuf {
    tests().join("fixtures/checkpoints")
}

/// The checkpoint files of a folder, sorted.
fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e != "py"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    found.sort();
    found
}

fn values(state: &StateDict) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
    state
        .iter()
        .map(|(name, t)| (name.to_owned(), (t.shape.clone(), t.to_f32())))
        .collect()
}

#[test]
fn every_form_holds_the_same_weights() {
    let expected = checkpoint::read(&good().join("plain.safetensors")).unwrap();
    let expected = values(&expected.state);
    assert_eq!(expected["conv.weight"].0, [2, 3, 2, 2]);
    assert_eq!(expected["conv.weight"].1[..3], [-1.5, -1.375, -1.25]);
    assert_eq!(expected["norm.num_batches_tracked"], (vec![], vec![7.0]));
    assert_eq!(expected["empty"], (vec![0, 4], vec![]));
    let mut seen = 0;
    for (name, path) in files(&good()) {
        if name.starts_with("views") || name.starts_with("dtypes") {
            continue;
        }
        let read = checkpoint::read(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(values(&read.state), expected, "{name}");
        let format = match &name {
            n if n.ends_with("safetensors") => CheckpointFormat::Safetensors,
            n if n.contains("legacy") => CheckpointFormat::Legacy,
            _ => CheckpointFormat::Zip,
        };
        assert_eq!(read.format, format, "{name}");
        seen += 1;
    }
    assert_eq!(seen, 30);
}

#[test]
fn order_and_types_are_the_files_own() {
    let read = checkpoint::read(&good().join("module-state.pth")).unwrap();
    assert_eq!(
        read.state.names().collect::<Vec<_>>(),
        [
            "empty",
            "conv.weight",
            "conv.bias",
            "norm.running_var",
            "norm.num_batches_tracked"
        ]
    );
    for (file, dtype) in [
        ("half.pth", DType::F16),
        ("half.safetensors", DType::F16),
        ("brain.pth", DType::BF16),
        ("brain-legacy.pth", DType::BF16),
        ("double.pth", DType::F64),
    ] {
        let read = checkpoint::read(&good().join(file)).unwrap();
        assert_eq!(read.state.get("conv.bias").unwrap().dtype, dtype, "{file}");
        assert_eq!(
            read.state.get("norm.num_batches_tracked").unwrap().dtype,
            DType::I64,
            "{file}"
        );
    }
}

#[test]
fn views_and_types_are_what_pytorch_sees() {
    for (file, truth) in [
        ("views.pth", "views.safetensors"),
        ("views-legacy.pth", "views.safetensors"),
        ("dtypes.pth", "dtypes.safetensors"),
    ] {
        let read = checkpoint::read(&good().join(file)).unwrap().state;
        let truth = checkpoint::read(&good().join(truth)).unwrap().state;
        assert_eq!(read.len(), 10);
        assert_eq!(truth.len(), 10);
        for (name, tensor) in truth.iter() {
            let found = read.get(name).unwrap();
            assert_eq!(found.dtype, tensor.dtype, "{file} {name}");
            assert_eq!(found.shape, tensor.shape, "{file} {name}");
            assert_eq!(found.bytes, tensor.bytes, "{file} {name}");
        }
    }
}

#[test]
fn numbers_beside_the_weights_are_kept() {
    for file in ["pfsr.ckpt", "pfsr-legacy.ckpt", "numpy-scalars.ckpt"] {
        let scalars = checkpoint::read(&good().join(file)).unwrap().scalars;
        let expected = [("step", 3.0), ("alpha", 0.25), ("iteration", 200_000.0)];
        assert_eq!(
            scalars,
            expected.map(|(k, v)| (k.to_owned(), v)).into(),
            "{file}"
        );
    }
    let plain = checkpoint::read(&good().join("plain.safetensors")).unwrap();
    assert_eq!(plain.metadata["note"], "tiny");
    assert_eq!(plain.scalars["alpha"], 0.25);
    assert!(!plain.scalars.contains_key("note"));
    let lightning = checkpoint::read(&good().join("lightning.ckpt")).unwrap();
    assert_eq!(lightning.scalars["global_step"], 1200.0);
}

#[test]
fn what_is_written_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("a.safetensors");
    let source = checkpoint::read(&good().join("pfsr-legacy.ckpt")).unwrap();
    let metadata = source
        .scalars
        .iter()
        .map(|(k, v)| (k.clone(), v.to_string()))
        .collect();
    for dtype in [None, Some(DType::F16), Some(DType::F32), Some(DType::BF16)] {
        checkpoint::write_safetensors(&target, &source.state, &metadata, dtype).unwrap();
        let back = checkpoint::read(&target).unwrap();
        assert_eq!(values(&back.state), values(&source.state));
        assert_eq!(back.scalars, source.scalars);
        let float = back.state.get("conv.weight").unwrap().dtype;
        assert_eq!(float, dtype.unwrap_or(DType::F32));
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing is left behind"
    );
}

/// What each bad file is told, after "read checkpoint PATH".
const REFUSALS: &[(&str, &str)] = &[
    (
        "bomb-copies.pth",
        "malformed: a/data.pkl, byte 63100: more steps than any checkpoint needs",
    ),
    (
        "bomb-cycle.pth",
        "no tensors in it; it holds dictionaries in dictionaries",
    ),
    ("bomb-depth.pth", "no tensors in it; it holds a tuple"),
    ("bomb-memo.pth", "no tensors in it; it holds a list"),
    (
        "bomb-objects.pth",
        "malformed: a/data.pkl, byte 4194307: more objects than any checkpoint needs",
    ),
    (
        "bomb-zip.pth",
        "zip entry a/data/0 claims 30000000 bytes, more than the 17250080 that a file of this size may hold",
    ),
    (
        "code-build.pth",
        "unsafe pickle: it asks to call `os.environ`, which loading weights never needs; nothing was run",
    ),
    (
        "code-eval.pth",
        "unsafe pickle: it asks to call `__builtin__.eval`, which loading weights never needs; nothing was run",
    ),
    (
        "code-getattr.pth",
        "unsafe pickle: it asks to call `builtins.getattr`, which loading weights never needs; nothing was run",
    ),
    (
        "code-in-header-legacy.pth",
        "unsafe pickle: it asks to call `posix.system`, which loading weights never needs; nothing was run",
    ),
    (
        "code-in-rebuild.pth",
        "unsafe pickle: it asks to call `posix.system`, which loading weights never needs; nothing was run",
    ),
    (
        "code-inst.pth",
        "unsafe pickle: it asks to call `os.system`, which loading weights never needs; nothing was run",
    ),
    (
        "code-long-name.pth",
        "malformed: a/data.pkl, byte 10011: a global with an absurdly long name",
    ),
    (
        "code-newobj.pth",
        "unsafe pickle: it asks to call `subprocess.Popen`, which loading weights never needs; nothing was run",
    ),
    (
        "code-not-a-function.pth",
        "malformed: a/data.pkl, byte 31: a call of something that is not a function",
    ),
    (
        "code-obj.pth",
        "unsafe pickle: it asks to call `os.system`, which loading weights never needs; nothing was run",
    ),
    (
        "code-protocol0.pth",
        "unsafe pickle: it asks to call `os.system`, which loading weights never needs; nothing was run",
    ),
    (
        "code-system-legacy.pth",
        "unsafe pickle: it asks to call `posix.system`, which loading weights never needs; nothing was run",
    ),
    (
        "code-system-protocol4.pth",
        "unsafe pickle: it asks to call `posix.system`, which loading weights never needs; nothing was run",
    ),
    (
        "code-system.pth",
        "unsafe pickle: it asks to call `posix.system`, which loading weights never needs; nothing was run",
    ),
    (
        "complex.pth",
        "unsupported: tensor w of type ComplexFloatStorage",
    ),
    (
        "cut.pth",
        "malformed: a zip archive whose directory, which is its end, cannot be read: cut short at 774 bytes? (invalid Zip archive: Could not find EOCD)",
    ),
    (
        "cut.safetensors",
        "truncated: tensor a needs 8 bytes, 7 are left",
    ),
    (
        "empty-dictionary.pth",
        "no tensors in it; it holds an empty dictionary",
    ),
    ("empty.pth", "malformed: the file is empty"),
    (
        "expanded-huge.pth",
        "tensor t0 of size [1000000000000] claims 4000000000000 bytes, more than the 16785088 that a file of this size may hold",
    ),
    (
        "expanded-often.pth",
        "tensor t1 of size [4000000] claims 16000000 bytes, more than the 803456 that a file of this size may hold",
    ),
    (
        "git-lfs-pointer.pth",
        "unsupported: a Git LFS pointer, not the file it points to; fetch it with git lfs pull",
    ),
    (
        "header-cut.safetensors",
        "truncated: the safetensors header needs 5000 bytes, 61 are left",
    ),
    (
        "header-not-json.safetensors",
        "malformed: the safetensors header is not JSON: key must be a string at line 1 column 2",
    ),
    ("list.pth", "no tensors in it; it holds a list"),
    (
        "no-tensors.pth",
        "no tensors in it; it holds a dictionary with the keys lr, names",
    ),
    (
        "no-tensors.safetensors",
        "no tensors in it; it holds an empty safetensors header",
    ),
    (
        "offset-beyond.pth",
        "truncated: tensor t0 in storage 0 needs 20 bytes, 16 are left",
    ),
    (
        "offset-negative.pth",
        "malformed: tensor t0: an impossible offset",
    ),
    (
        "offset-overflows.pth",
        "truncated: tensor t0 in storage 0 needs 18446744073709551615 bytes, 16 are left",
    ),
    (
        "one-tensor.pth",
        "no tensors in it; it holds a single tensor without a name",
    ),
    (
        "overlap.safetensors",
        "malformed: tensor b overlaps the one before it",
    ),
    (
        "pickle-build-on-nothing.pth",
        "malformed: a/data.pkl, byte 5: a state for something that has none",
    ),
    (
        "pickle-extension.pth",
        "malformed: a/data.pkl, byte 3: opcode 0x82, which torch never writes",
    ),
    (
        "pickle-key-without-value.pth",
        "malformed: a/data.pkl, byte 6: a key without a value",
    ),
    (
        "pickle-mark-missing.pth",
        "malformed: a/data.pkl, byte 5: no mark",
    ),
    (
        "pickle-memo-missing.pth",
        "malformed: a/data.pkl, byte 4: a memo entry that was never made",
    ),
    (
        "pickle-no-stop.pth",
        "truncated: a/data.pkl at byte 3 needs 1 bytes, 0 are left",
    ),
    (
        "pickle-opcode-unknown.pth",
        "malformed: a/data.pkl, byte 3: opcode 0xff, which torch never writes",
    ),
    (
        "pickle-stack-empty.pth",
        "malformed: a/data.pkl, byte 3: a stack that is empty",
    ),
    (
        "pickle-string-cut.pth",
        "truncated: a/data.pkl at byte 7 needs 4294967295 bytes, 1 are left",
    ),
    (
        "pickle-under-mark.pth",
        "malformed: a/data.pkl, byte 5: a stack that is empty",
    ),
    (
        "quantised.pth",
        "unsupported: a tensor made by `torch._utils._rebuild_qtensor` (sparse, quantised or nested)",
    ),
    (
        "shape-lies.safetensors",
        "malformed: tensor a: shape [1152921504606846976] of f32 does not take 8 bytes",
    ),
    (
        "size-huge.pth",
        "tensor t0 of size [2305843009213693952] claims 9223372036854775808 bytes, more than the 16785088 that a file of this size may hold",
    ),
    (
        "size-many-dimensions.pth",
        "malformed: tensor t0: an impossible size",
    ),
    (
        "size-negative.pth",
        "malformed: tensor t0: an impossible size",
    ),
    (
        "size-overflows.pth",
        "tensor t0 of size [2305843009213693952, 2305843009213693952] claims 18446744073709551615 bytes, more than the 16785408 that a file of this size may hold",
    ),
    (
        "storage-cut-legacy.pth",
        "truncated: storage 1 of 1 (key 11111111111111) needs 16 bytes, 13 are left",
    ),
    (
        "storage-lies-legacy.pth",
        "truncated: storage 1 of 1 (key 11111111111111) needs 9223372036854775808 bytes, 16 are left",
    ),
    (
        "storage-lies.pth",
        "truncated: storage 0 of tensor t0 needs 9223372036854775808 bytes, 16 are left",
    ),
    (
        "storage-missing.pth",
        "malformed: tensor t0: its storage 1 is not in the file",
    ),
    (
        "storage-negative-legacy.pth",
        "truncated: storage 1 of 1 (key 11111111111111) needs 18446744073709551615 bytes, 16 are left",
    ),
    (
        "storage-short.pth",
        "truncated: storage 0 of tensor t0 needs 16 bytes, 15 are left",
    ),
    (
        "storage-traversal.pth",
        "malformed: tensor t0: its storage ../../../etc/passwd is not in the file",
    ),
    (
        "stride-beyond.pth",
        "truncated: tensor t0 in storage 0 needs 20 bytes, 16 are left",
    ),
    (
        "stride-missing.pth",
        "malformed: tensor t0: strides that do not fit its size",
    ),
    (
        "stride-negative.pth",
        "malformed: tensor t0: impossible strides",
    ),
    (
        "stride-overflows.pth",
        "truncated: tensor t0 in storage 0 needs 18446744073709551615 bytes, 16 are left",
    ),
    (
        "tar.pth",
        "unsupported: a tar archive: nothing after PyTorch 0.1 saves so",
    ),
    (
        "text.pth",
        "not a checkpoint: neither safetensors nor a file of torch.save",
    ),
    ("torchscript.pt", "a TorchScript program, not a state dict"),
    (
        "web-page.pth",
        "unsupported: a web page, not a checkpoint; the download went wrong",
    ),
    (
        "whole-module-legacy.pth",
        "a whole pickled module (`my_networks.Net`), not a state dict; re-save it with torch.save(model.state_dict(), path)",
    ),
    (
        "whole-module-wrapped.pth",
        "a whole pickled module (`torch.nn.modules.container.Sequential`), not a state dict; re-save it with torch.save(model.state_dict(), path)",
    ),
    (
        "whole-module.pth",
        "a whole pickled module (`torch.nn.modules.container.Sequential`), not a state dict; re-save it with torch.save(model.state_dict(), path)",
    ),
    (
        "zip-without-pickle.pth",
        "malformed: a zip archive without data.pkl: not a checkpoint",
    ),
];

#[test]
fn bad_files_are_refused_and_told_why() {
    // Hostile ones try to create this file; it must not be there afterwards.
    let marker = Path::new("uncanny-pickle-ran");
    assert!(!marker.exists(), "left by an earlier failure");
    let expected: BTreeMap<_, _> = REFUSALS.iter().copied().collect();
    let mut seen = 0;
    let mut wrong = Vec::new();
    for (name, path) in files(&tests().join("bad/checkpoints")) {
        let message = match checkpoint::read(&path) {
            Ok(read) => format!("accepted: {:?}", read.state),
            Err(error) => {
                let prefix = format!("read checkpoint {}", path.display());
                let message = error.to_string();
                message.strip_prefix(&prefix).unwrap_or(&message).to_owned()
            }
        };
        let message = message.trim_start_matches(": ");
        if expected.get(name.as_str()) != Some(&message) {
            wrong.push(format!("({name:?}, {message:?}),"));
        }
        seen += 1;
    }
    assert!(!marker.exists(), "a checkpoint ran code");
    assert!(
        wrong.is_empty(),
        "unexpected answers:\n{}",
        wrong.join("\n")
    );
    assert_eq!(seen, expected.len());
}

#[test]
fn a_file_that_is_not_there_says_so() {
    let error = checkpoint::read(Path::new("no/such/file.pth")).unwrap_err();
    assert_eq!(error.to_string(), "read checkpoint no/such/file.pth");
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(
        source.downcast_ref::<std::io::Error>().unwrap().kind(),
        std::io::ErrorKind::NotFound
    );
}

#[test]
fn every_truncation_is_refused() {
    let mut seen = 0;
    for (name, path) in files(&good()) {
        let bytes = std::fs::read(path).unwrap();
        for end in 0..bytes.len() {
            let error = match checkpoint::read_bytes(&name, &bytes[..end]) {
                Ok(_) => panic!("{name} cut at {end} of {} was accepted", bytes.len()),
                Err(error) => error.to_string(),
            };
            assert!(error.starts_with("read checkpoint "), "{error}");
        }
        // Where the format can tell, the message says what is cut short.
        if name.ends_with("safetensors") || name.contains("legacy") {
            let error = checkpoint::read_bytes(&name, &bytes[..bytes.len() - 1]).unwrap_err();
            assert!(
                matches!(error.problem, Problem::Truncated { .. }),
                "{error}"
            );
        }
        seen += 1;
    }
    assert_eq!(seen, 35);
}

/// The most memory this process has ever held, in bytes.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib << 10)
}

#[test]
fn damaged_files_neither_panic_nor_swell() {
    let mut all = files(&good());
    all.extend(files(&tests().join("bad/checkpoints")));
    // The bombs take their time by design; they have their own test above.
    all.retain(|(name, _)| !name.starts_with("bomb"));
    let corpus: Vec<(String, Vec<u8>)> = all
        .into_iter()
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .collect();
    assert!(corpus.len() > 100);
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8);
    let config = ProptestConfig {
        cases: 4000,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(which in any::<prop::sample::Index>(), damage in damage, cut in prop::option::of(any::<prop::sample::Index>()))| {
        let (name, bytes) = &corpus[which.index(corpus.len())];
        let mut bytes = bytes.clone();
        for (place, value) in &damage {
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = *value;
            }
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        if let Ok(read) = checkpoint::read_bytes(name, &bytes) {
            let total: usize = read.state.iter().map(|(_, t)| t.bytes.len()).sum();
            prop_assert!(total <= 16 * bytes.len() + (16 << 20), "{} bytes", total);
        }
    });
    // Linux only: other tests of this file share the process, so the bound is generous.
    if let Some(peak) = peak_memory() {
        assert!(peak < 700 << 20, "{} MiB", peak >> 20);
    }
}

/// Real files that cannot be part of the repository.
fn weights() -> Option<PathBuf> {
    let folder = tests().join("../../shared/weights");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no real checkpoints at {}", folder.display());
    None
}

#[test]
fn real_checkpoints_read() {
    let Some(folder) = weights() else { return };
    // Tensors, elements, the sum of all magnitudes, and a shape: as PyTorch reads them.
    let files = [
        (
            "realesr-general-x4v3.pth",
            101,
            1_213_296,
            49_696.887_580_752_37,
        ),
        (
            "realesr-animevideov3.pth",
            53,
            621_424,
            28_257.548_962_990_084,
        ),
        ("rlfn_ntire_x4.pth", 78, 317_218, 46139.10361654127),
        (
            "compressed_model_011000.safetensors",
            25,
            322_055,
            39286.67733619224,
        ),
    ];
    for (file, tensors, elements, magnitude) in files {
        let state = checkpoint::read(&folder.join(file)).unwrap().state;
        assert_eq!(state.len(), tensors, "{file}");
        let found: usize = state.iter().map(|(_, t)| t.numel()).sum();
        assert_eq!(found, elements, "{file}");
        let sum: f64 = state
            .iter()
            .flat_map(|(_, t)| t.to_f32())
            .map(|x| f64::from(x).abs())
            .sum();
        assert!((sum / magnitude - 1.0).abs() < 1e-9, "{file}: {sum}");
    }
    for (file, key, shape) in [
        ("realesr-general-x4v3.pth", "body.66.weight", [48, 64, 3, 3]),
        ("realesr-animevideov3.pth", "body.34.weight", [48, 64, 3, 3]),
        ("rlfn_ntire_x4.pth", "conv_1.weight", [46, 3, 3, 3]),
    ] {
        let state = checkpoint::read(&folder.join(file)).unwrap().state;
        assert_eq!(state.shape(key), Some(&shape[..]), "{file}");
    }

    let error = checkpoint::read(&folder.join("compressed_model_011000.pth")).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("a whole pickled module") && message.contains("model.state_dict()"),
        "{message}"
    );
    assert!(matches!(error.problem, Problem::WholeModule { .. }));
}
