//! TorchScript programs: what a network is made of runs as libtorch runs it, and anything else is refused by name before it
//! has done anything.
#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]

use std::io::{Cursor, Write as _};
use std::path::Path;

use tch::{Kind, Tensor};
use uncanny_model::{Device, Error, Network, Programs};
use zip::write::SimpleFileOptions;

/// What `torch.jit.save` would write of a module without weights whose `forward(self, x)` has this body.
fn program(body: &str) -> Vec<u8> {
    let mut code = String::from(
        "class M(Module):\n  __parameters__ = []\n  __buffers__ = []\n  training : bool\n  def forward(self: __torch__.m.M,\n    x: Tensor) -> Tensor:\n",
    );
    for line in body.lines() {
        code.push_str("    ");
        code.push_str(line);
        code.push('\n');
    }
    archive(&[("code/__torch__/m.py", code.as_bytes())])
}

/// An archive of a module `M` of `__torch__.m`, which is trained no more, and these files.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let data: &[u8] = b"\x80\x02c__torch__.m\nM\n)\x81}X\x08\0\0\0training\x89sb.";
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let fixed: [(&str, &[u8]); 4] = [
        ("data.pkl", data),
        ("constants.pkl", b"\x80\x02)."),
        ("version", b"3\n"),
        ("byteorder", b"little"),
    ];
    for (name, bytes) in fixed.iter().chain(files) {
        let options =
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        zip.start_file(format!("m/{name}"), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn load(body: &str) -> Result<Network, Error> {
    Network::from_bytes("m.pt", &program(body), Device::CPU)
}

/// Twice the size, as networks end.
const UP: &str = "y = torch.upsample_nearest2d(x, None, [2., 2.])\n";

/// A body that does something beside the enlargement.
fn beside(lines: &str) -> String {
    format!("{lines}\n{UP}return y")
}

/// Every way of doing harm that is known, and what it is refused for.
#[test]
fn hostile_programs_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let victim = folder.path().join("victim");
    std::fs::write(&victim, [b'#'; 20]).unwrap();
    let path = victim.display();
    let cases = [
        (
            beside(&format!(
                "t = torch.from_file(\"{path}\", True, 20, dtype=0)\n_0 = torch.zero_(t)"
            )),
            "`torch.from_file`",
        ),
        (
            beside(&format!(
                "t = torch.from_file(\"{path}\", False, 20, dtype=0)\nprint(t)"
            )),
            "`torch.from_file`",
        ),
        (
            beside(&format!("ops.aten.save(\"id\", \"{path}\")")),
            "`ops.aten.save`",
        ),
        (
            beside("print(\"{\\\"event\\\": \\\"done\\\"}\")"),
            "`print`",
        ),
        (
            beside("c = True\nwhile c:\n  c = True"),
            "a `while`, a loop without a bound",
        ),
        (
            beside("for i in range(9223372036854775807):\n  z = torch.mul(x, 1.)"),
            "more steps than any network",
        ),
        (
            beside("z = torch.zeros([17592186044416])"),
            "`zeros` takes more memory",
        ),
        (
            beside("z = torch.ones([805306368])"),
            "`ones` takes more memory",
        ),
        (
            beside("z = torch.full([1, 4, torch.mul(torch.size(x, 2), 1000000)], 1)"),
            "`full` takes more memory",
        ),
        (
            beside("l = [x]\nfor i in range(100000):\n  _0 = torch.append(l, torch.mul(x, 2.))"),
            "a list without end",
        ),
        (
            beside("for i in range(100000):\n  z = torch.zeros([16000000])"),
            "it works longer",
        ),
        (
            beside("z = x\nfor i in range(60):\n  z = torch.cat([z, z], 2)"),
            "`cat` takes more memory",
        ),
        (
            beside("z = x\nfor i in range(30):\n  z = torch.upsample_nearest2d(z, None, [2., 2.])"),
            "`upsample_nearest2d` takes more",
        ),
        (
            beside("z = torch.add(torch.arange(100000), torch.unsqueeze(torch.arange(100000), 1))"),
            "`add` takes more memory",
        ),
        (
            beside("z = torch.pad(x, [1000000000, 1000000000])"),
            "`pad` takes more memory",
        ),
        (
            beside("z = torch.expand(torch.zeros([1]), [1099511627776])"),
            "`expand` takes more memory",
        ),
        (
            beside("z = torch.repeat(x, [1000000, 1, 1, 1])"),
            "`repeat` takes more memory",
        ),
        (beside("z = torch.rand([1])"), "`torch.rand`"),
        (
            beside("z = torch.as_strided(x, [1048576], [1], 0)"),
            "`torch.as_strided`",
        ),
        (
            beside("z = torch.set_grad_enabled(True)"),
            "`torch.set_grad_enabled`",
        ),
        (
            beside("z = torch._fft_r2c(x, [7], 0, True)"),
            "`torch._fft_r2c`",
        ),
        (
            beside("z = torch._pdist_backward(x, x, 2., x)"),
            "`torch._pdist_backward`",
        ),
        (
            beside("z = torch._embedding_bag_dense_backward(x, x, x, x, x, 4, False, 0, None)"),
            "`torch._embedding_bag_dense_backward`",
        ),
        (
            beside("torch._validate_compressed_sparse_indices(True, x, x, 1, 1, 1)"),
            "`torch._validate_compressed_sparse_indices`",
        ),
        (
            beside("_0 = torch.fill_(x, 0.5)"),
            "`fill_` changes the picture that it is given",
        ),
        (
            beside("_0 = torch.add_(torch.slice(x, 2, 0, 4), 1)"),
            "`add_` changes the picture that it is given",
        ),
        (
            beside("z = torch.dropout(x, 0.5, True)"),
            "`dropout` while it is trained",
        ),
        (beside("z = ops.mine.anything(x)"), "`ops.mine.anything`"),
        (
            beside("z = torch.add(x, x, out=x)"),
            "`torch.add` with `out`",
        ),
        (beside("z = fork(x)"), "`fork`"),
        (beside("z = open(\"a\")"), "`open`"),
        (beside("return (self).forward(x, )"), "too deeply nested"),
        (
            "return torch.upsample_nearest2d(x, None, [4096., 4096.])".into(),
            "more memory",
        ),
    ];
    for (body, why) in cases {
        let error = load(&body).unwrap_err();
        assert!(
            matches!(error, Error::ScriptRefused { .. }),
            "{body}: {error:?}"
        );
        let text = error.to_string();
        assert!(
            text.contains("m.pt") && text.contains(why),
            "{body}: {text}"
        );
        assert!(text.contains("safetensors"), "{text}");
        // The place is named.
        assert!(text.contains("code/__torch__/m.py, line "), "{text}");
        assert!(text.len() < 500, "{text}");
    }
    assert_eq!(std::fs::read(&victim).unwrap(), [b'#'; 20]);
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
}

/// The archives above are programs: whoever trusts one has it run.
#[test]
fn what_is_trusted_does_whatever_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let victim = folder.path().join("victim");
    std::fs::write(&victim, [b'#'; 20]).unwrap();
    // libtorch leaves out what nothing depends on.
    let bytes = program(&format!(
        "t = torch.from_file(\"{}\", True, 20, dtype=0)\n{UP}return torch.add(y, torch.mul(torch.sum(torch.zero_(t)), 0))",
        victim.display()
    ));
    assert!(Network::from_bytes("m.pt", &bytes, Device::CPU).is_err());
    assert_eq!(std::fs::read(&victim).unwrap(), [b'#'; 20]);
    let network = Network::from_bytes_with("m.pt", &bytes, Device::CPU, Programs::Trusted).unwrap();
    assert_eq!(network.description().scale.get(), 2);
    assert_eq!(std::fs::read(&victim).unwrap(), [0; 20]);
}

/// What works but is no network is told so, however it hides it.
#[test]
fn programs_that_do_something_else_are_told_so() {
    let up = "torch.upsample_nearest2d(x, None, [2., 2.])";
    for (body, why) in [
        (
            "ops.prim.RaiseException(\"boo\", \"builtins.Exception\")\nreturn x".to_owned(),
            "it raises an error, \"boo\"",
        ),
        (
            format!(
                "if torch.lt(torch.size(x, 0), 3):\n  y = {up}\nelse:\n  y = torch.log(torch.mul({up}, -1.))\nreturn y"
            ),
            "values that are no numbers",
        ),
        (
            format!("if torch.lt(torch.size(x, 0), 3):\n  y = {up}\nelse:\n  y = x\nreturn y"),
            "it enlarges small pictures otherwise than 5 x 3",
        ),
        (
            "return torch.upsample_nearest2d(x, None, [64., 64.])".to_owned(),
            "it enlarges 64x; networks of at most 16x",
        ),
        (
            "return torch.upsample_nearest2d(x, None, [65., 65.])".to_owned(),
            "not 1 x 3 and a multiple",
        ),
        ("return 1".to_owned(), "it makes an int, not a tensor"),
        ("y = torch.relu(z)\nreturn y".to_owned(), "the name z"),
        (
            "return torch.relu(1)".to_owned(),
            "relu takes a tensor, not an int",
        ),
    ] {
        let text = load(&body).unwrap_err().to_string();
        assert!(text.contains(why), "{body}: {text}");
    }
}

/// Its output is looked at whenever it runs, not only when it is tried.
#[test]
fn a_program_that_changes_its_mind_is_an_error_of_the_run() {
    let up = "torch.upsample_nearest2d(x, None, [2., 2.])";
    let network = load(&format!(
        "if torch.eq(torch.size(x, 3), 40):\n  y = torch.div({up}, 0.)\nelse:\n  y = {up}\nif torch.eq(torch.size(x, 3), 48):\n  y0 = x\nelse:\n  y0 = y\nreturn y0"
    ))
    .unwrap();
    let forward = |side| {
        network.forward(&Tensor::ones(
            [1, 3, side, side],
            (Kind::Float, tch::Device::Cpu),
        ))
    };
    assert_eq!(forward(16).unwrap().size(), [1, 3, 32, 32]);
    assert!(forward(40).unwrap_err().to_string().contains("no numbers"));
    let text = forward(48).unwrap_err().to_string();
    assert!(
        text.contains("[1, 3, 48, 48], not [1, 3, 96, 96]"),
        "{text}"
    );
}

/// Archives that contradict what they should be.
#[test]
fn archives_that_are_not_what_they_say_are_refused() {
    let fine = b"class M(Module):\n  def forward(self,\n    x: Tensor) -> Tensor:\n    return x\n";
    let load = |files: &[(&str, &[u8])]| {
        Network::from_bytes("m.pt", &archive(files), Device::CPU).map(drop)
    };
    load(&[("code/__torch__/m.py", fine)]).unwrap();
    // Code that nothing calls is looked at as well.
    let other = b"def f(x: Tensor) -> Tensor:\n  return torch.from_file(\"a\", True)\n";
    let text = load(&[
        ("code/__torch__/m.py", fine),
        ("code/__torch__/a/b.py", other),
    ])
    .unwrap_err();
    let text = text.to_string();
    assert!(
        text.contains("`torch.from_file` (code/__torch__/a/b.py, line 2)"),
        "{text}"
    );
    for (name, code) in [
        ("code/__torch__/m.py", &b"\xff"[..]),
        (
            "code/__torch__/m.py",
            b"class M(Module):\n  def forward(self",
        ),
        ("code/__torch__/n.py", fine),
        ("code/__torch__.m.py", fine),
    ] {
        assert!(load(&[(name, code)]).is_err(), "{name}");
    }
}

/// What libtorch makes of the same file is what we make of it.
#[test]
fn networks_run_as_libtorch_runs_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/torchscript");
    let known = uncanny_model::checkpoint::read(&folder.join("io.safetensors")).unwrap();
    let tensor =
        |name: &str| uncanny_model::tensors::to_tensor(known.state.get(name).unwrap()).unwrap();
    for (file, input, output, scale) in [
        ("2x.pt", "input", "2x", 2),
        ("esrgan-traced.pt", "larger", "esrgan", 4),
        ("esrgan-scripted.pt", "larger", "esrgan", 4),
        ("windows-traced.pt", "larger", "windows", 2),
    ] {
        let path = folder.join(file);
        let ours = Network::load(&path, Device::CPU).unwrap_or_else(|e| panic!("{file}: {e}"));
        let theirs = Network::load_with(&path, Device::CPU, Programs::Trusted).unwrap();
        assert_eq!(ours.description(), theirs.description(), "{file}");
        assert_eq!(ours.description().scale.get(), scale, "{file}");
        let (x, expected) = (tensor(input), tensor(output));
        for network in [&ours, &theirs, &ours] {
            let made = network.forward(&x).unwrap();
            let off = (made - &expected).abs().max().double_value(&[]);
            assert!(off < 1e-5, "{file}: {off}");
        }
    }
}
