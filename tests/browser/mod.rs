//! A headless Chromium for tests of pages: opened on an address, looked at, clicked and typed into.
//!
//! It remembers every complaint of a page: messages to the console, exceptions, what the browser itself logs. It is
//! closed when it is dropped, also by a test that panics. Screenshots go to `target/tmp/screenshots/`.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses its own part of this"
)]
#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests say what they skip, and may panic"
)]

use std::ffi::OsStr;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use headless_chrome::browser::default_executable;
use headless_chrome::browser::tab::point::Point;
use headless_chrome::protocol::cdp::types::Event;
use headless_chrome::protocol::cdp::{Emulation, Input, Page as CdpPage, Runtime};
use headless_chrome::{LaunchOptions, Tab};
use serde::de::DeserializeOwned;

/// How long a page may take for anything, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Arguments beyond the crate's own: nothing but the page uses the network, and nothing waits for a graphics card.
const ARGUMENTS: [&str; 4] = [
    "--disable-quic",
    "--disable-component-update",
    "--hide-scrollbars",
    "--mute-audio",
];

/// A window's size in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// 1280x860.
    Desktop,
    /// 390x844 at two pixels each, with touch.
    Phone,
}

/// A running browser, with a profile of its own.
pub struct Browser {
    browser: headless_chrome::Browser,
    _profile: tempfile::TempDir,
}

/// A page in it.
pub struct Page {
    pub tab: Arc<Tab>,
    complaints: Arc<Mutex<Vec<String>>>,
}

impl Browser {
    /// Starts one; none where there is no Chromium or Chrome, which is said, and is a failure where `CI` is set.
    pub fn start() -> Option<Self> {
        let path = match default_executable() {
            Ok(path) => path,
            Err(error) if std::env::var_os("CI").is_some() => panic!("no browser: {error}"),
            Err(error) => {
                eprintln!(
                    "skipped: no Chromium or Chrome is installed, and $CHROME names none ({error})"
                );
                return None;
            }
        };
        let profile = tempfile::tempdir().expect("a temporary folder");
        let options = LaunchOptions {
            path: Some(path),
            user_data_dir: Some(profile.path().to_owned()),
            // The pages are our own, and root, as in a container, may not have one.
            sandbox: false,
            args: ARGUMENTS.iter().map(OsStr::new).collect(),
            idle_browser_timeout: Duration::from_secs(600),
            ..LaunchOptions::default()
        };
        let browser = headless_chrome::Browser::new(options).expect("the browser starts");
        browser.set_default_timeout(PATIENCE);
        Some(Self {
            browser,
            _profile: profile,
        })
    }

    /// Opens an address and waits until it has loaded.
    #[track_caller]
    pub fn open(&self, address: impl Display, window: Window) -> Page {
        let tab = self.browser.new_tab().expect("a tab opens");
        let complaints = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&complaints);
        let listen = move |event: &Event| {
            if let Some(complaint) = complaint(event) {
                heard.lock().unwrap().push(complaint);
            }
        };
        tab.enable_runtime().expect("the console can be heard");
        tab.enable_log().expect("the log can be heard");
        tab.add_event_listener(Arc::new(listen))
            .expect("the tab takes listeners");
        let page = Page { tab, complaints };
        page.resize(window);
        page.tab
            .navigate_to(&address.to_string())
            .and_then(|tab| tab.wait_until_navigated())
            .unwrap_or_else(|error| panic!("{address} does not load: {error}"));
        page
    }

    /// Opens a file.
    #[track_caller]
    pub fn open_file(&self, path: &Path, window: Window) -> Page {
        let path = path.canonicalize().expect("the page is there");
        self.open(format_args!("file://{}", path.display()), window)
    }
}

/// What a page has to complain about: warnings, errors, refusals of its security policy.
fn complaint(event: &Event) -> Option<String> {
    match event {
        Event::RuntimeConsoleAPICalled(event) => {
            let words = event.params.args.iter().map(spoken);
            Some(format!(
                "console.{:?}: {}",
                event.params.Type,
                words.collect::<Vec<_>>().join(" ")
            ))
        }
        Event::RuntimeExceptionThrown(event) => {
            let details = &event.params.exception_details;
            let thrown = details.exception.as_ref().map(spoken).unwrap_or_default();
            Some(format!("{}: {thrown}", details.text))
        }
        Event::LogEntryAdded(event) => Some(format!(
            "{:?}: {}",
            event.params.entry.level, event.params.entry.text
        )),
        _ => None,
    }
}

fn spoken(object: &Runtime::RemoteObject) -> String {
    match (&object.value, &object.description) {
        (Some(serde_json::Value::String(text)), _) => text.clone(),
        (Some(value), _) => value.to_string(),
        (None, description) => description.clone().unwrap_or_default(),
    }
}

impl Page {
    /// The value of a JavaScript expression; promises are waited for.
    #[track_caller]
    pub fn js<T: DeserializeOwned>(&self, expression: &str) -> T {
        let wrapped = format!("(async () => JSON.stringify((await ({expression})) ?? null))()");
        let object = self
            .tab
            .evaluate(&wrapped, true)
            .unwrap_or_else(|error| panic!("{expression}: {error}"));
        let json = match &object.value {
            Some(serde_json::Value::String(json)) => json.clone(),
            _ => panic!("{expression}: {:?}", object.description),
        };
        serde_json::from_str(&json)
            .unwrap_or_else(|error| panic!("{expression} is {json}: {error}"))
    }

    /// Evaluates a JavaScript expression for what it does; promises are waited for. Its value is ignored, whatever it
    /// is: what `window.scrollTo` returns, for one, depends on the browser's version.
    #[track_caller]
    pub fn run(&self, expression: &str) {
        let _: bool = self.js(&format!(
            "(async () => {{ await ({expression}); return true }})()"
        ));
    }

    /// Waits until a JavaScript expression is true.
    #[track_caller]
    pub fn wait_until(&self, expression: &str) {
        let started = Instant::now();
        while !self.js::<bool>(&format!("Boolean({expression})")) {
            assert!(
                started.elapsed() < PATIENCE,
                "it never came true that {expression}; complaints: {:?}",
                self.complaints()
            );
            thread::sleep(Duration::from_millis(25));
        }
    }

    /// Clicks on what a CSS selector finds.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        self.tab
            .find_element(selector)
            .and_then(|element| element.click().map(|_| ()))
            .unwrap_or_else(|error| panic!("{selector} cannot be clicked: {error}"));
    }

    /// Types into what has the focus.
    #[track_caller]
    pub fn type_text(&self, text: &str) {
        self.tab.type_str(text).expect("the page takes text");
    }

    /// Presses a key by its name: `Enter`, `ArrowLeft`, `n`.
    #[track_caller]
    pub fn press(&self, key: &str) {
        self.tab.press_key(key).expect("the page takes keys");
    }

    /// Drags the mouse across what a CSS selector finds, from one part of its width and height to another.
    #[track_caller]
    pub fn drag(&self, selector: &str, from: (f64, f64), to: (f64, f64)) {
        let [left, top, width, height]: [f64; 4] = self.js(&format!(
            "(r => [r.left, r.top, r.width, r.height])(document.querySelector({selector:?}).getBoundingClientRect())"
        ));
        let place = |(x, y): (f64, f64)| Point {
            x: left + width * x,
            y: top + height * y,
        };
        self.mouse(place(from), Input::DispatchMouseEventTypeOption::MouseMoved);
        self.mouse(
            place(from),
            Input::DispatchMouseEventTypeOption::MousePressed,
        );
        self.mouse(place(to), Input::DispatchMouseEventTypeOption::MouseMoved);
        self.mouse(
            place(to),
            Input::DispatchMouseEventTypeOption::MouseReleased,
        );
    }

    fn mouse(&self, at: Point, what: Input::DispatchMouseEventTypeOption) {
        let event = Input::DispatchMouseEvent {
            Type: what,
            x: at.x,
            y: at.y,
            modifiers: None,
            timestamp: None,
            button: Some(Input::MouseButton::Left),
            buttons: Some(1),
            click_count: Some(1),
            force: None,
            tangential_pressure: None,
            tilt_x: None,
            tilt_y: None,
            twist: None,
            delta_x: None,
            delta_y: None,
            pointer_Type: None,
        };
        self.tab
            .call_method(event)
            .expect("the page takes the mouse");
    }

    /// Makes the window so large.
    pub fn resize(&self, window: Window) {
        let (width, height, pixels, phone) = match window {
            Window::Desktop => (1280, 860, 1.0, false),
            Window::Phone => (390, 844, 2.0, true),
        };
        let metrics = Emulation::SetDeviceMetricsOverride {
            width,
            height,
            device_scale_factor: pixels,
            mobile: phone,
            scale: None,
            screen_width: None,
            screen_height: None,
            position_x: None,
            position_y: None,
            dont_set_visible_size: None,
            screen_orientation: None,
            viewport: None,
            display_feature: None,
            device_posture: None,
        };
        self.tab
            .call_method(metrics)
            .expect("the window has a size");
        let touch = Emulation::SetTouchEmulationEnabled {
            enabled: phone,
            max_touch_points: phone.then_some(5),
        };
        self.tab.call_method(touch).expect("a phone is touched");
    }

    /// Prefers a dark page, or a light one.
    pub fn dark(&self, dark: bool) {
        let media = Emulation::SetEmulatedMedia {
            media: None,
            features: Some(vec![Emulation::MediaFeature {
                name: "prefers-color-scheme".to_owned(),
                value: if dark { "dark" } else { "light" }.to_owned(),
            }]),
        };
        self.tab.call_method(media).expect("the page has a scheme");
    }

    /// What the page complained about so far.
    pub fn complaints(&self) -> Vec<String> {
        self.complaints.lock().unwrap().clone()
    }

    /// Asserts that it complained about nothing.
    #[track_caller]
    pub fn is_content(&self) {
        // What was said before this answer has been heard by then.
        self.run("null");
        assert_eq!(
            self.complaints(),
            Vec::<String>::new(),
            "the page complains"
        );
    }

    /// What the page fetched beside itself.
    #[track_caller]
    pub fn fetched(&self) -> Vec<String> {
        self.js("performance.getEntriesByType('resource').map(entry => entry.name)")
    }

    /// Takes a picture of what is in the window, for people to look at, and returns where it is.
    #[track_caller]
    pub fn screenshot(&self, name: &str) -> PathBuf {
        // Two frames: what was changed last has been drawn.
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");
        let png = self
            .tab
            .capture_screenshot(
                CdpPage::CaptureScreenshotFormatOption::Png,
                None,
                None,
                true,
            )
            .expect("the page can be seen");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{name}.png"));
        fs::write(&path, png).unwrap();
        path
    }
}
