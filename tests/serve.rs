//! `uncanny serve`, end to end: the program, and its page in a real browser. Where there is none, the tests of the page
//! say so and pass.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]

mod browser;
mod util;

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use browser::{Browser, Page, Window};
use util::{Scene, png, root};

/// A running server, ended when it is dropped.
struct Serving {
    child: Child,
    url: String,
}

impl Serving {
    fn start(scene: &Scene, arguments: &str) -> Self {
        let mut child = scene
            .command()
            .arg("serve")
            .args(arguments.split_whitespace())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut url).unwrap();
        let url = url.trim_end().to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "{url:?}");
        Self { child, url }
    }

    fn interrupt(&self) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-INT", &id]).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_says_where_the_page_is_and_an_interruption_ends_it() {
    let scene = Scene::new();
    let mut serving = Serving::start(&scene, "--model nearest --port 0");
    serving.interrupt();
    assert_eq!(serving.child.wait().unwrap().code(), Some(0));
    assert!(scene.listing("").is_empty(), "nothing was written");
}

#[test]
fn a_port_that_is_taken_and_a_model_that_is_not_there_are_said() {
    let scene = Scene::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    scene
        .run(&format!("serve --model nearest --port {port}"))
        .exits(2)
        .prints_nothing()
        .says(&[&format!("at port {port}"), "leave out --port"]);
    scene
        .run("serve --model facez")
        .exits(2)
        .prints_nothing()
        .says(&["facez", "did you mean faces"]);
}

/// Waits until every iteration that was asked for is there.
#[track_caller]
fn wait_for_iterations(page: &Page, count: usize) {
    page.wait_until(&format!(
        "document.querySelectorAll('#iterations button:not(.stale) img:not([hidden])').length === {count}
         && document.querySelectorAll('#iterations button').length === {count}"
    ));
}

/// The canvas's pixel: red, green, blue, alpha.
#[track_caller]
fn pixel(page: &Page, x: u32, y: u32) -> [u8; 4] {
    page.js(&format!(
        "[...document.getElementById('canvas').getContext('2d').getImageData({x}, {y}, 1, 1).data]"
    ))
}

/// Changes a control as a hand would.
#[track_caller]
fn set(page: &Page, id: &str, value: &str) {
    page.run(&format!(
        "(control => {{ control.value = {value:?};
            for (const name of ['input', 'change']) control.dispatchEvent(new Event(name, {{ bubbles: true }})); }})(document.getElementById({id:?}))"
    ));
}

/// Does something, and waits until the first iteration is another picture and all are there again.
#[track_caller]
fn changes(page: &Page, count: usize, act: impl FnOnce()) {
    let first = "document.querySelector('#iterations img').src";
    let before: String = page.js(first);
    act();
    page.wait_until(&format!("{first} !== {before:?}"));
    wait_for_iterations(page, count);
}

fn open(browser: &Browser, serving: &Serving, window: Window) -> Page {
    let page = browser.open(&serving.url, window);
    page.wait_until("document.body.dataset.ready");
    wait_for_iterations(&page, 10);
    page
}

#[test]
fn a_picture_is_uploaded_drawn_on_enhanced_and_saved() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let scene = Scene::new();
    let serving = Serving::start(&scene, "--model nearest --port 0");
    let page = open(&browser, &serving, Window::Desktop);

    // A real upload: red, with a green corner, and nothing below.
    let picture = scene.write(
        "emote.png",
        png(56, 56, |x, y| match (x, y) {
            (_, 49..) => [0; 4],
            (..14, ..14) => [0, 200, 0, 255],
            _ => [200, 0, 0, 255],
        }),
    );
    changes(&page, 10, || {
        let input = page.tab.find_element("#file").unwrap();
        input.set_input_files(&[picture.to_str().unwrap()]).unwrap();
    });
    assert_eq!(pixel(&page, 8, 8), [200, 0, 0, 255]);
    assert_eq!(pixel(&page, 1, 1), [0, 200, 0, 255]);
    assert_eq!(pixel(&page, 8, 15)[3], 0);
    let sizes: Vec<u32> =
        page.js("[...document.querySelectorAll('#iterations img')].map(i => i.naturalWidth)");
    assert_eq!(sizes, [128; 10]);

    // By mouse: a line from edge to edge; by keyboard: one pixel; and back.
    changes(&page, 10, || {
        page.drag("#canvas", (0.03, 0.53), (0.97, 0.53));
    });
    for x in 0..16 {
        assert_eq!(pixel(&page, x, 8), [0x1d, 0x18, 0x26, 255], "{x}");
    }
    changes(&page, 10, || {
        page.press("c");
        page.press("ArrowUp");
        page.press("Enter");
    });
    assert_eq!(pixel(&page, 7, 6), [0x1d, 0x18, 0x26, 255]);
    for _ in 0..2 {
        changes(&page, 10, || page.click("#undo"));
    }
    assert_eq!(pixel(&page, 8, 8), [200, 0, 0, 255]);
    changes(&page, 10, || {
        page.click("[data-tool=fill]");
        page.click("#palette [data-colour='#58b8f0']");
        page.drag("#canvas", (0.5, 0.5), (0.5, 0.5));
    });
    assert_eq!(pixel(&page, 15, 0), [0x58, 0xb8, 0xf0, 255]);
    assert_eq!(pixel(&page, 1, 1), [0, 200, 0, 255]);

    // Other ways in: pasted, dropped, typed.
    let send = |event: &str| {
        format!(
            "(async () => {{
                const data = new DataTransfer();
                const picture = await (await fetch('/emoji/frog.png')).blob();
                data.items.add(new File([picture], 'frog.png', {{ type: 'image/png' }}));
                document.body.dispatchEvent({event});
            }})()"
        )
    };
    changes(&page, 10, || {
        page.run(&send(
            "new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })",
        ));
    });
    let frog = pixel(&page, 8, 8);
    assert!(frog[1] > frog[0] && frog[1] > frog[2], "{frog:?} is green");
    changes(&page, 10, || page.click("#clear"));
    changes(&page, 10, || {
        page.run(&send(
            "new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })",
        ));
    });
    assert_eq!(pixel(&page, 8, 8), frog);
    changes(&page, 10, || {
        page.click("#emoji");
        page.type_text("I");
        page.press("Enter");
    });
    assert_eq!(pixel(&page, 0, 8)[3], 0, "beside an I");
    let seen: u32 = page.js(
        "document.getElementById('canvas').getContext('2d').getImageData(0, 0, 16, 16).data
            .filter((value, at) => at % 4 === 3 && value > 0).length",
    );
    assert!((16..200).contains(&seen), "{seen} pixels");

    // Chosen by key; fewer iterations; another model.
    page.run("document.activeElement.blur()");
    page.press("7");
    assert_eq!(
        page.js::<String>("document.getElementById('caption').textContent"),
        "Iteration 7 of 10"
    );
    set(&page, "iterations-count", "3");
    wait_for_iterations(&page, 3);
    changes(&page, 3, || set(&page, "model", "lanczos"));

    // Nudges: the whole picture moves, and back again.
    let resting: String = page.js("document.querySelector('#iterations img').src");
    changes(&page, 3, || set(&page, "nudge-x", "3"));
    changes(&page, 3, || set(&page, "nudge-hue", "90"));
    changes(&page, 3, || page.click("#rest"));
    assert_eq!(
        page.js::<String>("document.querySelector('#iterations img').src"),
        resting
    );

    // What is saved is caught before the browser asks where to. The page itself may not fetch what it made.
    page.run(
        "(window.saved = [], window.made = [], HTMLAnchorElement.prototype.click = function () {
            saved.push([this.download, this.href.split(/[,0-9]/)[0]]);
        }, URL.createObjectURL = blob => (made.push([blob.type, blob.size]), 'blob:test'))",
    );
    for (count, button) in ["#save-png", "#save-gif", "#save-sheet"].iter().enumerate() {
        page.click(button);
        page.wait_until(&format!("saved.length === {}", count + 1));
    }
    let saved: Vec<(String, String)> = page.js("saved");
    let [png, gif, sheet] = saved.as_slice() else {
        panic!("{saved:?}");
    };
    assert_eq!(png.0, "uncanny-3.png");
    assert_eq!(png.1, "data:image/png;base");
    assert_eq!(
        (gif.0.as_str(), sheet.0.as_str()),
        ("uncanny.gif", "uncanny.png")
    );
    let made: Vec<(String, u32)> = page.js("made");
    let kinds: Vec<&str> = made.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["image/gif", "image/png"]);
    assert!(made.iter().all(|(_, size)| *size > 500), "{made:?}");

    // What cannot be used is said, and the page goes on.
    page.is_content();
    let nonsense = scene.write("nonsense.png", "this is no picture");
    let input = page.tab.find_element("#file").unwrap();
    input
        .set_input_files(&[nonsense.to_str().unwrap()])
        .unwrap();
    page.wait_until("document.getElementById('toast').textContent.includes('could not be used')");
    for address in page.fetched() {
        assert!(
            address.starts_with(&serving.url)
                || address.starts_with("blob:")
                || address.starts_with("data:"),
            "{address}"
        );
    }
    assert_eq!(
        scene.listing(""),
        ["emote.png", "nonsense.png"],
        "nothing was written"
    );
}

#[test]
fn faces_are_seen_on_a_desk_and_on_a_phone() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let scene = Scene::new();
    let serving = Serving::start(&scene, "--model faces --port 0 --device cpu");
    let emoji = root().join("assets/emoji/cat.png");
    for (window, name) in [
        (Window::Desktop, "serve-desktop"),
        (Window::Phone, "serve-phone"),
    ] {
        let page = open(&browser, &serving, window);
        changes(&page, 10, || {
            let input = page.tab.find_element("#file").unwrap();
            input.set_input_files(&[emoji.to_str().unwrap()]).unwrap();
        });
        // A network's second thought is another one than its first.
        let pictures: Vec<String> =
            page.js("[...document.querySelectorAll('#iterations img')].map(image => image.src)");
        assert_eq!(pictures.len(), 10);
        assert!(pictures.windows(2).all(|pair| pair[0] != pair[1]));
        let wide: bool =
            page.js("document.documentElement.scrollWidth > document.documentElement.clientWidth");
        assert!(!wide, "{name} must not scroll sideways");
        // Whoever cannot see the page is told what is what.
        let unnamed: Vec<String> = page.js(
            "[...document.querySelectorAll('button, input:not([hidden]), select')].filter(control =>
                !(control.ariaLabel || control.textContent.trim() || control.labels?.length
                  || control.querySelector('img[alt]:not([alt=\"\"])'))).map(control => control.outerHTML)",
        );
        assert_eq!(unnamed, Vec::<String>::new());
        page.is_content();
        page.screenshot(name);
    }
}
