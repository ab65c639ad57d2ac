//! `uncanny models`, and its names wherever a model is asked for.

#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]

#[path = "models/server.rs"]
#[allow(unreachable_pub, reason = "a module of this test alone")]
mod server;
mod util;

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use server::{Answer, Server, promised, raw, response};
use sha2::{Digest as _, Sha256};
use util::{Outcome, Scene, root, small_pack, zip};

fn fixture(name: &str) -> PathBuf {
    root().join("tests/fixtures").join(name)
}

fn tiny() -> Vec<u8> {
    fs::read(fixture("pfsr/tiny.safetensors")).unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    let sum = Sha256::digest(bytes);
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Runs `uncanny models` with these arguments, and with no proxy but the one given.
fn models_through(scene: &Scene, proxy: Option<&str>, arguments: &[&str]) -> Outcome {
    let mut command = scene.command();
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    if let Some(proxy) = proxy {
        command.env("HTTP_PROXY", proxy);
    }
    Outcome::from(command.arg("models").args(arguments).output().unwrap())
}

fn models(scene: &Scene, arguments: &[&str]) -> Outcome {
    models_through(scene, None, arguments)
}

/// The rows of `models --json`, by name.
fn row(scene: &Scene, name: &str) -> Value {
    let listing = models(scene, &["--json"]).exits(0).json();
    let rows = listing["models"].as_array().unwrap();
    let mut found = rows.iter().filter(|row| row["name"] == name);
    let row = found.next().unwrap_or(&Value::Null).clone();
    assert!(found.next().is_none(), "{name} is listed twice");
    row
}

#[test]
fn what_is_shipped_is_listed_and_shown() {
    let scene = Scene::new();
    let list = models(&scene, &[]).exits(0);
    for part in [
        "NAME",
        "faces",
        "PFSR, width 128",
        "8x",
        "0.57 M",
        "lanczos",
        "nearest",
        "xbr",
    ] {
        assert!(list.stdout.contains(part), "{part}: {}", list.stdout);
    }
    let folder = scene.path("models");
    assert!(list.stdout.contains(folder.to_str().unwrap()));
    assert_eq!(models(&scene, &["list"]).exits(0).stdout, list.stdout);
    let faces = row(&scene, "faces");
    assert_eq!(faces["from"], "shipped");
    assert_eq!(faces["scale"], 8);
    assert!((faces["gflop_per_tile"].as_f64().unwrap() - 0.76).abs() < 0.02);
    assert_eq!(row(&scene, "nearest")["from"], "classical");

    let shown = models(&scene, &["show", "faces", "--json"]).exits(0).json();
    let bytes = fs::read(root().join("assets/faces.safetensors")).unwrap();
    assert_eq!(shown["sha256"], sha256(&bytes));
    assert_eq!(shown["bytes"], bytes.len());
    assert_eq!(shown["dtype"], "f16");
    assert_eq!(shown["tiling"]["tile"], 24);
    assert_eq!(shown["tiling"]["whole"], 128);
    assert_eq!(shown["metadata"]["architecture"], "PFSR");
    assert!(shown["card"].as_str().unwrap().starts_with("# faces"));
    let text = models(&scene, &["show", "faces"]).exits(0).stdout;
    assert!(text.contains(&sha256(&bytes)) && text.contains("\n# faces"));
    let text = models(&scene, &["show", "lanczos"]).exits(0).stdout;
    assert!(text.contains("any"), "{text}");
    assert_eq!(
        scene.listing(""),
        Vec::<String>::new(),
        "looking makes nothing"
    );
}

#[test]
fn a_broken_file_is_a_line_of_the_list() {
    let scene = Scene::new();
    scene.write("models/good.safetensors", tiny());
    scene.write("models/faces.pth", tiny());
    scene.write("models/good.md", "# good\n\n| licence | CC0 |\n");
    scene.write("models/notes.txt", "not a model");
    let bad = ["cut.pth", "code-system.pth", "web-page.pth", "empty.pth"];
    for name in bad {
        let bytes = fs::read(root().join("tests/bad/checkpoints").join(name)).unwrap();
        scene.write(format!("models/{name}"), bytes);
    }
    let list = models(&scene, &[]).exits(0);
    let lines = |name: &str| {
        list.stdout
            .lines()
            .filter(|line| line.contains(name))
            .count()
    };
    for name in bad {
        assert_eq!(
            lines(&format!("{name} cannot be used: ")),
            1,
            "{}",
            list.stdout
        );
    }
    assert_eq!(
        lines("faces.pth cannot be used: hidden"),
        1,
        "{}",
        list.stdout
    );
    assert_eq!(lines("good.safetensors"), 1);
    assert_eq!(lines("notes"), 0);
    assert!(
        row(&scene, "cut")["problem"]
            .as_str()
            .unwrap()
            .contains("cut short")
    );
    assert_eq!(row(&scene, "good")["problem"], Value::Null);

    let shown = models(&scene, &["show", "good", "--json"]).exits(0).json();
    assert_eq!(shown["licence"], "CC0");
    assert_eq!(shown["architecture"], "PFSR, width 16");
    models(&scene, &["show", "cut"])
        .exits(2)
        .says(&["cut short"]);

    let doctor = scene.run("doctor --json").exits(1).json();
    let problems = doctor["problems"].to_string();
    for name in bad {
        assert!(
            problems.contains(&format!("models remove {name}")),
            "{problems}"
        );
    }
    assert!(doctor["models"].to_string().contains("\"good\""));
    assert!(doctor["folders"].to_string().contains("\"models\""));
}

#[test]
fn a_file_is_added_used_and_removed() {
    let scene = Scene::new();
    let sum = sha256(&tiny());
    scene.write("net.safetensors", tiny());
    scene.write("net.md", "---\nlicense: mit\n---\n# net\n");
    let wrong = sum.replace(['0', '1', '2'], "3");
    models(&scene, &["add", "net.safetensors", "--sha256", &wrong])
        .exits(2)
        .prints_nothing()
        .says(&["--sha256", &sum]);
    assert_eq!(scene.listing("models"), Vec::<String>::new());

    let sum_upper = sum.to_uppercase();
    let added = models(
        &scene,
        &["add", "net.safetensors", "--sha256", &sum_upper, "--json"],
    )
    .exits(0)
    .says(&["--model net"]);
    assert_eq!(added.json()["sha256"], sum);
    assert_eq!(added.json()["licence"], "mit");
    assert_eq!(scene.listing("models"), ["net.md", "net.safetensors"]);
    assert_eq!(row(&scene, "net")["scale"], 8);

    // By name, from anywhere, in settings too.
    scene.write("pack.zip", zip(&small_pack()));
    scene
        .run("convert pack.zip -o a.zip --model net --only **/stone.png")
        .exits(0);
    scene
        .run("convert pack.zip -o b.zip --model net.safetensors --only **/stone.png")
        .exits(0);
    scene.write("settings/mine.toml", "model = 'net'\n");
    let plan = scene
        .run("plan pack.zip --config settings/mine.toml --json")
        .exits(0)
        .json();
    assert_eq!(plan["models"][0]["name"], "net");
    let run = scene.run("convert pack.zip --model nett").exits(2);
    run.says(&["\"nett\"", "did you mean net?", "lanczos", "models add"]);

    // Neither over another, nor over one of ours.
    models(&scene, &["add", "net.safetensors"])
        .exits(2)
        .says(&["already", "--force"]);
    scene.write("NET.ckpt", fs::read(fixture("pfsr/tiny.ckpt")).unwrap());
    models(&scene, &["add", "NET.ckpt"])
        .exits(2)
        .says(&["already", "--name"]);
    models(
        &scene,
        &["add", "net.safetensors", "--name", "faces", "--force"],
    )
    .exits(2)
    .says(&["comes with the program"]);
    models(&scene, &["add", "NET.ckpt", "--name", "net", "--force"]).exits(0);
    assert_eq!(scene.listing("models"), ["net.ckpt", "net.md"]);

    models(&scene, &["remove", "faces"])
        .exits(2)
        .says(&["comes with the program"]);
    models(&scene, &["remove", "nett"])
        .exits(2)
        .says(&["did you mean net?"]);
    let removed = models(&scene, &["remove", "net"]).exits(0).stdout;
    assert!(
        removed.contains("net.ckpt") && removed.contains("net.md"),
        "{removed}"
    );
    assert_eq!(scene.listing("models"), Vec::<String>::new());
    assert!(scene.path("net.safetensors").exists(), "the original stays");
}

#[test]
fn what_cannot_be_used_is_not_added() {
    let scene = Scene::new();
    for (file, says) in [
        ("tests/bad/checkpoints/text.pth", "not a checkpoint"),
        (
            "tests/bad/checkpoints/whole-module.pth",
            "whole pickled module",
        ),
        ("tests/bad/checkpoints/code-system.pth", "nothing was run"),
        (
            "tests/fixtures/checkpoints/plain.safetensors",
            "fit no supported architecture",
        ),
        ("tests/fixtures", "is a folder"),
        ("no-such-file.pth", "no-such-file.pth"),
    ] {
        let path = root().join(file);
        models(&scene, &["add", path.to_str().unwrap()])
            .exits(2)
            .prints_nothing()
            .says(&[says]);
        assert_eq!(scene.listing("models"), Vec::<String>::new(), "{file}");
    }
    for bad in ["../up", "a/b", ".hidden", ""] {
        models(&scene, &["add", "x.pth", "--name", bad])
            .exits(2)
            .says(&["--name"]);
    }
    models(&scene, &["add", "x.pth", "--sha256", "12"])
        .exits(2)
        .says(&["64 digits"]);
}

#[test]
fn an_address_is_fetched() {
    let net = tiny();
    let attachment = "Content-Disposition: attachment; filename=\"from server.safetensors\"\r\n";
    let mut chunked = format!("{:x}\r\n", net.len()).into_bytes();
    chunked.extend(&net);
    chunked.extend(b"\r\n0\r\n\r\n");
    let server = Server::start(vec![
        (
            "/net%20x8.safetensors?download=true",
            response("200 OK", "", &net),
        ),
        (
            "/moved.pth",
            response("302 Found", "Location: /signed/1f?key=2\r\n", b""),
        ),
        ("/signed/1f?key=2", response("200 OK", "", &net)),
        ("/get?id=7", response("200 OK", attachment, &net)),
        ("/nameless", response("200 OK", "", &net)),
        (
            "/chunked.pth",
            raw(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                &chunked,
            ),
        ),
        ("/endless.pth", raw("HTTP/1.0 200 OK\r\n\r\n", &net)),
    ]);
    let scene = Scene::new();
    let sum = sha256(&net);
    let add = |path: &str, more: &[&str]| {
        let url = server.url(path);
        let mut arguments = vec!["add", &url, "--sha256", &sum, "--json"];
        arguments.extend(more);
        models(&scene, &arguments)
    };
    for (path, more, file) in [
        (
            "/net%20x8.safetensors?download=true",
            &[][..],
            "net_x8.safetensors",
        ),
        ("/moved.pth", &[], "moved.pth"),
        ("/get?id=7", &[], "from_server.safetensors"),
        ("/nameless", &["--name", "named"], "named.safetensors"),
        ("/chunked.pth", &[], "chunked.pth"),
        ("/endless.pth", &[], "endless.pth"),
    ] {
        let added = add(path, more).exits(0).json();
        assert_eq!(added["sha256"], sum, "{path}");
        assert_eq!(
            fs::read(scene.path("models").join(file)).unwrap(),
            net,
            "{path}"
        );
    }
    add("/nameless", &[]).exits(2).says(&["--name"]);
    assert_eq!(scene.listing("models").len(), 6);

    // What is refused anyway is not fetched.
    let before = server.requests().len();
    add("/moved.pth", &[]).exits(2).says(&["already"]);
    assert_eq!(server.requests().len(), before);

    let scene = Scene::new();
    let url = "http://models.invalid/moved.pth";
    let proxy = server.url("");
    models_through(&scene, Some(&proxy), &["add", url, "--sha256", &sum]).exits(0);
    let asked = server.requests();
    assert!(
        asked
            .iter()
            .any(|request| request.contains("models.invalid")),
        "the proxy was asked: {asked:?}"
    );
}

#[test]
fn what_goes_wrong_on_the_way_is_said() {
    let net = tiny();
    let page = b"<!DOCTYPE html><title>A model</title>";
    let html = "Content-Type: text/html; charset=utf-8\r\n";
    let server = Server::start(vec![
        ("/secret.pth", response("403 Forbidden", "", b"")),
        ("/busy.pth", response("503 Service Unavailable", "", b"")),
        ("/a/blob/main/page.pth", response("200 OK", html, page)),
        ("/unsaid.pth", response("200 OK", "", page)),
        (
            "/cut.pth",
            promised("200 OK", "", &net[..9000], net.len() as u64),
        ),
        ("/huge.pth", promised("200 OK", "", &net, 5 << 30)),
        ("/other.pth", response("200 OK", "", &net)),
        (
            "/loop.pth",
            response("302 Found", "Location: /loop.pth\r\n", b""),
        ),
        ("/babble.pth", raw("I am no web server\r\n\r\n", b"")),
        ("/text.pth", response("200 OK", "", b"just text")),
    ]);
    let scene = Scene::new();
    let refused = |url: &str, says: &[&str]| {
        models(&scene, &["add", url, "--sha256", &"0".repeat(64)])
            .exits(2)
            .prints_nothing()
            .says(&["help:"])
            .says(says);
        assert_eq!(scene.listing("models"), Vec::<String>::new(), "{url}");
    };
    for (path, says) in [
        (
            "/nothing.pth",
            &["/nothing.pth", "404 Not Found", "complete"][..],
        ),
        ("/secret.pth", &["403 Forbidden", "browser"]),
        ("/busy.pth", &["503 Service Unavailable", "later"]),
        (
            "/a/blob/main/page.pth",
            &["is a web page", "download button"],
        ),
        (
            "/cut.pth",
            &["broke off after 9000 bytes of 44964", "try again"],
        ),
        ("/huge.pth", &["larger than 4294967296 bytes"]),
        ("/other.pth", &["--sha256", &sha256(&net)]),
        ("/loop.pth", &["cannot be reached", "redirects"]),
        ("/babble.pth", &["cannot be reached"]),
    ] {
        refused(&server.url(path), says);
    }
    // These are read before anybody can tell.
    for (path, bytes, says) in [
        ("/unsaid.pth", &page[..], "is a web page"),
        ("/text.pth", b"just text", "not a checkpoint"),
    ] {
        let sum = sha256(bytes);
        models(&scene, &["add", &server.url(path), "--sha256", &sum])
            .exits(2)
            .says(&["help:", says]);
        assert_eq!(scene.listing("models"), Vec::<String>::new(), "{path}");
    }
    // Nobody there, nobody known, nobody that speaks TLS, no way of ours.
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    refused(
        &format!("http://{closed}/x.pth"),
        &["cannot be reached", "HTTPS_PROXY"],
    );
    refused("https://models.invalid/x.pth", &["cannot be reached"]);
    let tls = server.url("/other.pth").replace("http:", "https:");
    refused(&tls, &["cannot be reached"]);
    refused("ftp://models.invalid/x.pth", &["only http and https"]);
}

#[test]
fn a_plain_address_is_trusted_by_its_sum_alone() {
    let net = tiny();
    let server = Server::start(vec![("/net.pth", response("200 OK", "", &net))]);
    let scene = Scene::new();
    let url = server.url("/net.pth");
    models(&scene, &["add", &url])
        .exits(2)
        .prints_nothing()
        .says(&["plain http", "https", "--sha256"]);
    assert_eq!(server.requests(), [""; 0], "nobody was asked");
    models(&scene, &["add", &url, "--sha256", &sha256(&net)]).exits(0);
    assert_eq!(scene.listing("models"), ["net.pth"]);
}

#[test]
fn names_that_a_system_keeps_for_itself_are_refused() {
    let net = tiny();
    let server = Server::start(vec![("/Aux.v2.pth", response("200 OK", "", &net))]);
    let scene = Scene::new();
    let sum = sha256(&net);
    scene.write("net.safetensors", &net);
    for name in ["con", "NUL", "Com1", "lpt9", "aux.v2", "prn.x8.net", "net."] {
        models(&scene, &["add", "net.safetensors", "--name", name])
            .exits(2)
            .prints_nothing()
            .says(&["Windows", "--name"]);
    }
    models(
        &scene,
        &["add", &server.url("/Aux.v2.pth"), "--sha256", &sum],
    )
    .exits(2)
    .says(&["\"Aux.v2\"", "Windows", "--name"]);
    assert_eq!(server.requests(), [""; 0], "it was not fetched");
    assert_eq!(scene.listing("models"), [""; 0]);
    for name in ["console", "com10", "net.con"] {
        models(&scene, &["add", "net.safetensors", "--name", name]).exits(0);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_model_that_was_added_is_there_though_nobody_can_read_of_it() {
    let scene = Scene::new();
    scene.write("net.safetensors", tiny());
    for arguments in [["add", "net.safetensors"], ["remove", "net"]] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = scene.command();
        let status = command.arg("models").args(arguments).stdout(full).status();
        assert_eq!(status.unwrap().code(), Some(1), "{arguments:?}");
        let there = scene.path("models/net.safetensors").exists();
        assert_eq!(there, arguments[0] == "add");
    }
}

#[cfg(unix)]
mod interrupted {
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use super::*;

    /// Starts an `add` that never ends and waits until half of it is there.
    fn start(scene: &Scene, server: &Server) -> Child {
        let mut child = scene
            .command()
            .env("NO_PROXY", "*")
            .args(["models", "add", &server.url("/slow.pth")])
            .args(["--sha256", &sha256(&tiny())])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let since = Instant::now();
        let written = || {
            let folder = fs::read_dir(scene.path("models")).ok()?;
            let file = folder.flatten().next()?;
            Some(file.metadata().ok()?.len())
        };
        while written().is_none_or(|bytes| bytes < 9000) {
            assert!(since.elapsed() < Duration::from_secs(60), "nothing arrives");
            assert!(child.try_wait().unwrap().is_none(), "it ended");
            std::thread::sleep(Duration::from_millis(20));
        }
        child
    }

    fn signal(child: &Child, name: &str) {
        let id = child.id().to_string();
        let status = Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status();
        assert!(status.unwrap().success());
    }

    #[test]
    fn a_download_that_is_stopped_leaves_no_model() {
        let net = tiny();
        let mut slow = b"HTTP/1.1 200 OK\r\nContent-Length: 44964\r\n\r\n".to_vec();
        slow.extend(&net[..9000]);
        let server = Server::start(vec![
            ("/slow.pth", Answer::Forever(slow)),
            ("/quick.pth", response("200 OK", "", &net)),
        ]);
        let scene = Scene::new();
        let child = start(&scene, &server);
        signal(&child, "INT");
        Outcome::from(child.wait_with_output().unwrap())
            .exits(130)
            .prints_nothing()
            .says(&["stopping", "interrupted, nothing was written"]);
        assert_eq!(scene.listing("models"), Vec::<String>::new());

        let mut child = start(&scene, &server);
        signal(&child, "KILL");
        child.wait().unwrap();
        let left = scene.listing("models");
        assert!(
            matches!(left.as_slice(), [one] if one.ends_with(".partial")),
            "{left:?}"
        );
        assert_eq!(row(&scene, "slow"), Value::Null);
        let url = server.url("/quick.pth");
        models(&scene, &["add", &url, "--sha256", &sha256(&net)]).exits(0);
        assert_eq!(scene.listing("models"), ["quick.pth"]);
    }

    /// Wherever the server leaves us waiting: before it takes us in, before it answers, and in the middle.
    #[test]
    fn ctrl_c_is_heeded_while_nothing_arrives() {
        let net = tiny();
        let mut half = b"HTTP/1.1 200 OK\r\nContent-Length: 44964\r\n\r\n".to_vec();
        half.extend(&net[..9000]);
        let server = Server::start(vec![
            ("/mute.pth", Answer::Silence(Vec::new())),
            ("/half.pth", Answer::Silence(half)),
        ]);
        for path in ["/mute.pth", "/half.pth"] {
            // The machine may be busy with something else just then: once is enough.
            let took = (0..3).map(|_| ctrl_c_while_waiting(&server, path, &net));
            let heeded = took.inspect(|took| eprintln!("{path}: {took:?}"));
            assert!(heeded.min().unwrap() < Duration::from_secs(1));
        }
    }

    /// How long it took.
    fn ctrl_c_while_waiting(server: &Server, path: &str, net: &[u8]) -> Duration {
        let scene = Scene::new();
        let asked = || {
            let requests = server.requests();
            requests.iter().filter(|asked| asked.contains(path)).count()
        };
        let before = asked();
        let child = scene
            .command()
            .env("NO_PROXY", "*")
            .args(["models", "add", &server.url(path)])
            .args(["--sha256", &sha256(net)])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let since = Instant::now();
        while asked() == before {
            assert!(since.elapsed() < Duration::from_secs(60), "it never asks");
            std::thread::sleep(Duration::from_millis(20));
        }
        // So that it waits for the server, and for nothing else.
        std::thread::sleep(Duration::from_millis(300));
        let since = Instant::now();
        signal(&child, "INT");
        let outcome = Outcome::from(child.wait_with_output().unwrap());
        let took = since.elapsed();
        outcome
            .exits(130)
            .prints_nothing()
            .says(&["interrupted, nothing was written"]);
        assert_eq!(scene.listing("models"), [""; 0]);
        took
    }
}

/// A TorchScript archive whose `forward` fills the file `victim` with zeros, and enlarges as a network would.
fn hostile_program(victim: &std::path::Path) -> Vec<u8> {
    let code = format!(
        "class M(Module):\n  def forward(self: __torch__.m.M,\n    x: Tensor) -> Tensor:\n    t = torch.from_file(\"{}\", True, 20, dtype=0)\n    y = torch.upsample_nearest2d(x, None, [2., 2.])\n    return torch.add(y, torch.mul(torch.sum(torch.zero_(t)), 0))\n",
        victim.display()
    );
    let files = [
        (
            "m/data.pkl",
            b"\x80\x02c__torch__.m\nM\n)\x81}X\x08\0\0\0training\x89sb.".to_vec(),
        ),
        ("m/constants.pkl", b"\x80\x02).".to_vec()),
        ("m/version", b"3\n".to_vec()),
        ("m/code/__torch__/m.py", code.into_bytes()),
    ];
    zip(&files.map(|(name, bytes)| (name.to_owned(), bytes)))
}

#[test]
fn a_torchscript_program_does_no_harm_unless_it_is_trusted_where_it_is_typed() {
    let scene = Scene::new();
    let victim = scene.write("victim", [b'#'; 20]);
    let file = scene.write("evil.pt", hostile_program(&victim));
    let file = file.to_str().unwrap();
    scene.write("pack.zip", zip(&small_pack()));
    scene.write("theirs/uncanny.toml", format!("model = {file:?}\n"));
    scene.write(
        "rule.toml",
        format!("[[rule]]\nmatch = '**'\nmodel = {file:?}\n"),
    );
    let why = ["`torch.from_file`", "line 4", "safetensors"];
    for line in [
        "models show evil.pt",
        "models add evil.pt",
        "plan pack.zip --model evil.pt",
        "convert pack.zip -o out --model evil.pt",
        "convert pack.zip -o out --config theirs/uncanny.toml",
        // What is typed is about what is typed.
        "convert pack.zip -o out --config theirs/uncanny.toml --trust-torchscript",
        "convert pack.zip -o out --config rule.toml --model lanczos --trust-torchscript",
        "serve --port 0 --model evil.pt",
        "grid pack.zip -o grid.png --model evil.pt",
        "eval pack.zip --model evil.pt",
    ] {
        let outcome = scene.run(line).prints_nothing();
        assert_ne!(outcome.code, Some(0), "{line}");
        outcome.says(&why).says(&["--trust-torchscript"]);
        assert_eq!(fs::read(&victim).unwrap(), [b'#'; 20], "{line}");
    }
    // A model of the user's folder is one as any other.
    scene.write("models/evil.pt", hostile_program(&victim));
    assert!(
        row(&scene, "evil")["problem"]
            .as_str()
            .unwrap()
            .contains(why[0])
    );
    assert_eq!(fs::read(&victim).unwrap(), [b'#'; 20]);

    scene
        .run("models show evil.pt --trust-torchscript")
        .exits(0);
    assert_eq!(fs::read(&victim).unwrap(), [0; 20]);
}

#[test]
fn a_traced_network_makes_a_pack() {
    let scene = Scene::new();
    scene.write("pack.zip", zip(&small_pack()));
    for file in ["esrgan-traced.pt", "esrgan-scripted.pt"] {
        let model = fixture("torchscript").join(file);
        let model = model.to_str().unwrap();
        scene
            .run_with(&[
                "convert",
                "pack.zip",
                "-o",
                "out",
                "--force",
                "--no-cache",
                "--model",
                model,
            ])
            .exits(0);
    }
}
