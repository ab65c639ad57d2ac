//! The server as a browser meets it: real requests, over real connections to a port of this machine.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use uncanny::{Baselines, ModelError};
use uncanny_texture::{
    Nearest, RgbPlanes, RgbaImage, Scale, TileEdges, Tiling, UpscaleError, Upscaler, encode,
};

use super::*;

#[path = "../../../../tests/bad/pictures.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "other packages use the rest, too"
)]
mod bad;

/// Longer than anything takes on any machine; what waits so long has failed.
const LONG: Duration = Duration::from_secs(60);

/// `nearest`, that waits to be let through for every iteration, or breaks.
struct Gated {
    nearest: Nearest,
    /// Says that an iteration is due, and waits for permission.
    gate: Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>,
}

impl Upscaler for Gated {
    fn name(&self) -> &str {
        "gated"
    }
    fn fingerprint(&self) -> [u8; 32] {
        self.nearest.fingerprint()
    }
    fn scale(&self) -> Scale {
        self.nearest.scale()
    }
    fn tiling(&self) -> Tiling {
        self.nearest.tiling()
    }
    fn batch(&self) -> usize {
        self.nearest.batch()
    }
    fn upscale(
        &mut self,
        tiles: &[RgbPlanes],
        edges: TileEdges,
    ) -> Result<Vec<RgbPlanes>, UpscaleError> {
        let (due, pass) = self.gate.as_ref().expect("the device is on fire");
        due.send(())
            .map_err(|_| UpscaleError::new("the test is over"))?;
        pass.recv()
            .map_err(|_| UpscaleError::new("the test is over"))?;
        self.nearest.upscale(tiles, edges)
    }
}

/// The baselines, `gated` and `broken`.
struct Known {
    baselines: Baselines,
    gated: Gated,
    broken: Gated,
}

impl Models for Known {
    fn resolve(&mut self, name: &str) -> Result<&mut dyn Upscaler, ModelError> {
        match name {
            "gated" => Ok(&mut self.gated),
            "broken" => Ok(&mut self.broken),
            "missing" => Err("no such file".into()),
            name => self.baselines.resolve(name),
        }
    }
}

/// A server, and the gate of its gated model.
struct Scene {
    server: Option<Server>,
    /// Hears that an iteration is due.
    due: mpsc::Receiver<()>,
    /// Lets one iteration through.
    pass: mpsc::Sender<()>,
}

impl Scene {
    fn new(patience: Patience) -> Self {
        let eight = Scale::new(8).unwrap();
        let ((due, heard), (pass, passed)) = (mpsc::channel(), mpsc::channel());
        let gated = |gate| Gated {
            nearest: Nearest::new(eight),
            gate,
        };
        let known = Known {
            baselines: Baselines::new(eight),
            gated: gated(Some((due, passed))),
            broken: gated(None),
        };
        let models = ["nearest", "lanczos", "gated", "broken", "missing"].map(|name| Model {
            name: name.to_owned(),
            about: String::new(),
            hint: 0.0,
        });
        let server = Server::start(
            Some(0),
            known,
            models.to_vec(),
            "nearest".to_owned(),
            patience,
        )
        .unwrap();
        Self {
            server: Some(server),
            due: heard,
            pass,
        }
    }

    fn port(&self) -> u16 {
        self.server.as_ref().unwrap().address.port()
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port())).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    }

    /// Sends a request and leaves the answer unread. HTTP/1.0: nothing comes in chunks.
    fn send(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> BufReader<TcpStream> {
        let mut stream = self.connect();
        let host = if headers.contains("Host:") {
            ""
        } else {
            "Host: 127.0.0.1\r\n"
        };
        let length = body.len();
        let head =
            format!("{method} {path} HTTP/1.0\r\n{host}{headers}Content-Length: {length}\r\n\r\n");
        // A server that refuses need not listen to the end.
        let _ = stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body));
        BufReader::new(stream)
    }

    fn get(&self, path: &str, headers: &str) -> Answer {
        Answer::read(self.send("GET", path, headers, b""))
    }

    fn fit(&self, body: &[u8]) -> Answer {
        Answer::read(self.send("POST", "/api/fit", "", body))
    }

    fn ask(&self, path: &str, settings: &Value) -> Answer {
        Answer::read(self.begin(path, settings))
    }

    fn begin(&self, path: &str, settings: &Value) -> BufReader<TcpStream> {
        self.send(
            "POST",
            path,
            "Content-Type: application/json\r\n",
            settings.to_string().as_bytes(),
        )
    }

    /// Waits until the gated model is asked for an iteration.
    fn wait_due(&self) {
        self.due.recv_timeout(LONG).expect("an iteration is due");
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // Whatever waits at the gate must be let go before the device can end.
        (self.pass, _) = mpsc::channel();
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn read(mut from: BufReader<TcpStream>) -> Self {
        let (status, head) = head(&mut from);
        let mut body = Vec::new();
        from.read_to_end(&mut body).unwrap();
        Self { status, head, body }
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn error(&self) -> String {
        self.json()["error"].as_str().unwrap().to_owned()
    }

    fn lines(&self) -> Vec<Value> {
        let text = std::str::from_utf8(&self.body).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// The status, and the headers in lower case.
fn head(from: &mut BufReader<TcpStream>) -> (u16, String) {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(
            from.read_line(&mut head).unwrap() > 0,
            "the answer ends early: {head:?}"
        );
    }
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase())
}

fn line(from: &mut BufReader<TcpStream>) -> Value {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?}"))
}

/// A picture with every kind of pixel.
fn pixels() -> RgbaImage {
    RgbaImage::from_fn(16, 16, |x, y| {
        [x as u8 * 16, y as u8 * 16, 90, if x < 3 { 0 } else { 255 }].into()
    })
}

fn settings(model: &str) -> Value {
    json!({ "pixels": BASE64.encode(pixels().as_raw()), "model": model, "iterations": 3 })
}

#[test]
fn the_page_has_all_its_files_and_may_load_no_others() {
    let scene = Scene::new(Patience::default());
    let page = scene.get("/", "");
    assert_eq!(page.status, 200);
    let headers = [
        "content-security-policy: default-src 'none'",
        "nosniff",
        "x-frame-options: deny",
        "no-store",
    ];
    for header in headers {
        assert!(page.head.contains(header), "{header} in {}", page.head);
    }
    let mut found = 0;
    let mut waiting = vec!["/".to_owned()];
    let mut seen = waiting.clone();
    while let Some(path) = waiting.pop() {
        let answer = scene.get(&path, "");
        assert_eq!(answer.status, 200, "{path}");
        found += 1;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(
            !text.contains("https://") && !text.contains(" style="),
            "{path}"
        );
        for part in text
            .split('"')
            .filter(|part| part.starts_with('/') && part.contains('.') && !part.contains(' '))
        {
            if !seen.iter().any(|seen| seen == part) {
                seen.push(part.to_owned());
                waiting.push(part.to_owned());
            }
        }
    }
    assert_eq!(found, assets::PAGE.len(), "{seen:?}");
    for emoji in &assets::EMOJI {
        assert!(uncanny_texture::probe(&scene.get(emoji.path, "").body).is_ok());
    }
    let about = scene.get("/api/about", "").json();
    assert_eq!(about["model"], "nearest");
    assert_eq!(about["models"].as_array().unwrap().len(), 5);
    let nothing = scene.get("/../Cargo.toml", "");
    assert_eq!(
        (nothing.status, nothing.head.contains("nosniff")),
        (404, true)
    );
    assert_eq!(scene.get("/api/fit", "").status, 405);
}

#[test]
fn strangers_are_refused() {
    let scene = Scene::new(Patience::default());
    let port = scene.port();
    for headers in [
        "Host: evil.example\r\n".to_owned(),
        format!("Host: rebound.example:{port}\r\n"),
        "Origin: http://evil.example\r\n".to_owned(),
        "Origin: null\r\n".to_owned(),
        "Sec-Fetch-Site: cross-site\r\n".to_owned(),
    ] {
        let answer = scene.get("/api/about", &headers);
        assert_eq!(answer.status, 403, "{headers}");
        assert!(answer.head.contains("content-security-policy"));
    }
    let ours = format!(
        "Host: localhost:{port}\r\nOrigin: http://localhost:{port}\r\nSec-Fetch-Site: same-origin\r\n"
    );
    assert_eq!(scene.get("/api/about", &ours).status, 200);
    // What a form of another site can send without being asked for permission.
    let form = scene.send(
        "POST",
        "/api/enhance",
        "Content-Type: text/plain\r\n",
        settings("nearest").to_string().as_bytes(),
    );
    assert_eq!(Answer::read(form).status, 415);
}

#[test]
fn pictures_become_small_within_limits() {
    let scene = Scene::new(Patience::default());
    let answer = scene.fit(&encode(&pixels()).unwrap());
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, pixels().into_raw());
    let large = RgbaImage::from_pixel(640, 480, [200, 100, 50, 255].into());
    assert_eq!(scene.fit(&encode(&large).unwrap()).body.len(), 1024);
    // A header that promises more than is allowed is not believed any further.
    let mut vast = encode(&pixels()).unwrap();
    vast[16..24].copy_from_slice(&[0, 0, 80, 0, 0, 0, 80, 0]);
    for bad in [
        vast.as_slice(),
        b"no picture",
        b"",
        &encode(&large).unwrap()[..200],
        // Its decoder panics.
        &bad::webp(&[(24, 8), (8, 8)]),
    ] {
        let answer = scene.fit(bad);
        assert_eq!(answer.status, 422);
        assert!(!answer.error().is_empty());
    }
    let mut heavy = scene.connect();
    heavy
        .write_all(b"POST /api/fit HTTP/1.0\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n")
        .unwrap();
    let _ = heavy.write_all(&vec![0; 9_000_000]);
    // The refusal may come before everything was sent, and then the connection is gone; but no picture comes.
    let mut said = Vec::new();
    let _ = heavy.read_to_end(&mut said);
    assert!(
        said.is_empty() || said.starts_with(b"HTTP/1.0 413"),
        "{}",
        String::from_utf8_lossy(&said)
    );
    assert_eq!(scene.get("/", "").status, 200);
}

#[test]
fn iterations_come_one_by_one_as_they_are_made() {
    let scene = Scene::new(Patience::default());
    let mut answer = scene.begin("/api/enhance", &settings("gated"));
    assert_eq!(head(&mut answer).0, 200);
    for number in 1..=3 {
        scene.wait_due();
        scene.pass.send(()).unwrap();
        let line = line(&mut answer);
        assert_eq!(line["iteration"], number);
        let png = BASE64.decode(line["png"].as_str().unwrap()).unwrap();
        assert_eq!(uncanny_texture::probe(&png).unwrap(), (128, 128));
    }
    assert_eq!(line(&mut answer)["end"], "done");
}

#[test]
fn what_makes_no_sense_is_refused_with_a_reason() {
    let scene = Scene::new(Patience::default());
    let mut tried = 0;
    for (change, reason) in [
        (json!({ "model": "/etc/passwd" }), "no model is called"),
        (json!({ "iterations": 0 }), "from 1 to 10"),
        (json!({ "iterations": 11 }), "from 1 to 10"),
        (json!({ "fidelity": 2 }), "from 0 to 1"),
        (json!({ "pixels": "AAAA" }), "3 came"),
        (json!({ "pixels": "%" }), "base64"),
        (json!({ "pixels": BASE64.encode([0; 1028]) }), "1028 came"),
        (json!({ "colour": "red" }), "unknown field"),
        (json!({ "format": "exe" }), "unknown variant"),
    ] {
        let mut settings = settings("nearest");
        settings
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let answer = scene.ask("/api/enhance", &settings);
        assert_eq!(answer.status, 400, "{change}");
        assert!(
            answer.error().contains(reason),
            "{change}: {}",
            answer.error()
        );
        tried += 1;
    }
    assert_eq!(tried, 9);
    let mut settings = settings("nearest");
    settings["pixels"] = "A".repeat(20_000).into();
    assert_eq!(scene.ask("/api/enhance", &settings).status, 413);
}

#[test]
fn a_model_that_fails_spoils_one_answer() {
    let scene = Scene::new(Patience::default());
    for (model, why) in [("broken", "the model failed"), ("missing", "no such file")] {
        let lines = scene.ask("/api/enhance", &settings(model)).lines();
        assert_eq!(
            lines.last().unwrap(),
            &json!({ "end": "failed", "error": why })
        );
        assert_eq!(scene.ask("/api/save", &settings(model)).status, 500);
    }
    let lines = scene.ask("/api/enhance", &settings("lanczos")).lines();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[3], json!({ "end": "done" }));
}

#[test]
fn slow_clients_are_waited_for_by_nobody() {
    let scene = Scene::new(Patience {
        headers: Duration::from_millis(1500),
        body: Duration::from_millis(1500),
        ..Patience::default()
    });
    let mut slow = Vec::new();
    for _ in 0..3 {
        // Headers that do not end, a body that does not come, answers that nobody reads.
        let mut headers = scene.connect();
        headers.write_all(b"GET / HTTP/1.1\r\nHost: loc").unwrap();
        let mut body = scene.connect();
        body.write_all(
            b"POST /api/fit HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nonly this",
        )
        .unwrap();
        let unread = scene.begin("/api/enhance", &settings("nearest"));
        slow.push((headers, body, unread));
    }
    for byte in b"alhost\r\nX: " {
        for (headers, ..) in &mut slow {
            headers.write_all(&[*byte]).unwrap();
        }
        assert_eq!(scene.get("/", "").status, 200);
        let lines = scene.ask("/api/enhance", &settings("nearest")).lines();
        assert_eq!(lines.last().unwrap(), &json!({ "end": "done" }));
    }
    for (mut headers, body, unread) in slow {
        let mut rest = Vec::new();
        headers.read_to_end(&mut rest).unwrap();
        assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"));
        assert_eq!(head(&mut BufReader::new(body)).0, 408);
        assert_eq!(Answer::read(unread).lines().len(), 4);
    }
}

#[test]
fn the_newest_of_a_session_takes_over() {
    let scene = Scene::new(Patience::default());
    let asked = |session: &str| {
        let mut settings = settings("gated");
        settings["session"] = session.into();
        scene.begin("/api/enhance", &settings)
    };
    let mut first = asked("a");
    scene.wait_due();
    // Each has been put into the queue once its answer begins.
    let [mut second, mut other, mut third] = ["a", "b", "a"].map(|session| {
        let mut answer = asked(session);
        assert_eq!(head(&mut answer).0, 200);
        answer
    });
    assert_eq!(line(&mut second), json!({ "end": "superseded" }));
    scene.pass.send(()).unwrap();
    let first = {
        head(&mut first);
        let mut lines = String::new();
        first.read_to_string(&mut lines).unwrap();
        lines
    };
    assert!(
        first.ends_with("{\"end\":\"superseded\"}\n") && first.lines().count() <= 2,
        "{first}"
    );
    for answer in [&mut third, &mut other] {
        for number in 1..=3 {
            scene.wait_due();
            scene.pass.send(()).unwrap();
            assert_eq!(line(answer)["iteration"], number);
        }
        assert_eq!(line(answer)["end"], "done");
    }
}

#[test]
fn whoever_goes_away_frees_the_device() {
    let scene = Scene::new(Patience::default());
    let mut answer = scene.begin("/api/enhance", &settings("gated"));
    assert_eq!(head(&mut answer).0, 200);
    scene.wait_due();
    drop(answer);
    // At most the iterations that were under way before it was noticed; then it is another's turn.
    let mut next = scene.begin("/api/enhance", &settings("nearest"));
    for _ in 0..3 {
        scene.pass.send(()).unwrap();
    }
    assert_eq!(head(&mut next).0, 200);
    for number in 1..=3 {
        assert_eq!(line(&mut next)["iteration"], number);
    }
}

#[test]
fn a_full_queue_says_so() {
    let scene = Scene::new(Patience::default());
    let mut waiting = vec![scene.begin("/api/enhance", &settings("gated"))];
    scene.wait_due();
    let busy = loop {
        let mut answer = scene.begin("/api/enhance", &settings("nearest"));
        let (status, head) = head(&mut answer);
        if status != 200 {
            break (status, head);
        }
        waiting.push(answer);
        assert!(waiting.len() < 60, "it never ends");
    };
    assert_eq!(busy.0, 503);
    assert!(busy.1.contains("retry-after"));
    assert_eq!(scene.get("/", "").status, 200, "the page is still there");
    assert!(waiting.len() > 8);
}

#[test]
fn a_sheet_has_every_iteration() {
    let scene = Scene::new(Patience::default());
    let sheet = scene.ask("/api/save", &settings("nearest"));
    assert_eq!(sheet.status, 200);
    let (width, height) = uncanny_texture::probe(&sheet.body).unwrap();
    assert!(
        width > 3 * 128 && width < 4 * 140 && height >= 128,
        "{width}x{height}"
    );
}

#[test]
fn stopping_waits_for_nobody_for_long() {
    let mut scene = Scene::new(Patience {
        farewell: Duration::from_millis(200),
        ..Patience::default()
    });
    let port = scene.port();
    let idle = scene.connect();
    let mut running = scene.begin("/api/enhance", &settings("gated"));
    assert_eq!(head(&mut running).0, 200);
    scene.wait_due();
    (scene.pass, _) = mpsc::channel();
    scene.server.take().unwrap().stop();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    let mut rest = Vec::new();
    running.read_to_end(&mut rest).unwrap();
    drop(idle);
}
