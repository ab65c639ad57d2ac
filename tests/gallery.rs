//! The page that `--html` writes, opened in a real browser. Where there is none, the tests say so and pass.

#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]

mod browser;
mod util;

use std::fs;

use browser::{Browser, Page, Window};
use util::{Files, Scene, large_pack, png, small_pack, zip};

const TEXTURES: &str = "assets/minecraft/textures";

/// Converts a pack of `files` and opens its page.
#[track_caller]
fn page(scene: &Scene, browser: &Browser, files: &Files, model: &str, window: Window) -> Page {
    scene.write("pack.zip", zip(files));
    scene
        .run(&format!(
            "convert pack.zip -o out.zip --model {model} --html look.html"
        ))
        .exits(0)
        .prints_nothing();
    browser.open_file(&scene.path("look.html"), window)
}

/// The last parts of the names that are seen, in their order.
fn seen(page: &Page) -> Vec<String> {
    page.js(
        "[...document.querySelectorAll('.card:not([hidden]) .last')].map(name => name.textContent)",
    )
}

/// Where the divider of the first picture that a selector finds stands, in percent.
fn split(page: &Page, selector: &str) -> f64 {
    page.js(&format!(
        "parseFloat(getComputedStyle(document.querySelector({selector:?})).getPropertyValue('--split'))"
    ))
}

#[test]
fn a_page_shows_every_texture_and_its_divider_moves() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let scene = Scene::new();
    let page = page(&scene, &browser, &small_pack(), "lanczos", Window::Desktop);
    assert_eq!(
        seen(&page),
        [
            "stone.png",
            "dirt.png",
            "fern.png",
            "magma.png",
            "apple.png",
            "grass.png"
        ]
    );
    page.wait_until("document.querySelectorAll('.card .stage').length === 6");
    page.wait_until(
        "[...document.images].every(image => image.complete && image.naturalWidth > 0)",
    );
    page.screenshot("small-pack");

    // The original is drawn in squares, the strip shows its first frame, what was not changed has no divider.
    let stone = ".card:first-child .stage";
    let drawn: String =
        page.js("getComputedStyle(document.querySelector('.card .before')).imageRendering");
    assert_eq!(drawn, "pixelated");
    let sizes: Vec<(u32, u32)> = page.js(
        "[...document.querySelectorAll('.card:nth-child(4) img')].map(i => [i.naturalWidth, i.naturalHeight])",
    );
    assert_eq!(sizes, [(16, 16), (128, 128)]);
    let dividers: usize = page.js("document.querySelectorAll('.card .slider').length");
    assert_eq!(dividers, 5);
    assert_eq!(
        page.js::<String>("document.querySelector('.card:nth-child(4) .badge').textContent"),
        "4 frames"
    );

    // By the pointer, by keys, and all at once.
    assert_eq!(split(&page, stone), 50.0);
    page.drag(stone, (0.5, 0.5), (0.8, 0.4));
    assert!((split(&page, stone) - 80.0).abs() < 2.0);
    let clip: String =
        page.js("getComputedStyle(document.querySelector('.card:first-child .after')).clipPath");
    let moved = split(&page, stone);
    assert_eq!(clip, format!("inset(0px 0px 0px {moved}%)"));
    page.press("ArrowLeft");
    assert_eq!(
        split(&page, stone),
        moved - 1.0,
        "the divider has the focus"
    );
    assert_eq!(split(&page, ".card:nth-child(2) .stage"), 50.0);
    page.run("(all => { all.value = 10; all.dispatchEvent(new Event('input')) })(document.getElementById('all'))");
    assert_eq!(split(&page, stone), 10.0);
    assert_eq!(split(&page, ".card:nth-child(2) .stage"), 10.0);

    // Side by side, both are whole.
    page.click("#beside");
    let [left, right]: [[f64; 4]; 2] = page.js(
        "[...document.querySelectorAll('.card:first-child img')].map(image => (r => [r.left, r.top, r.width, r.height])(image.getBoundingClientRect()))",
    );
    assert!(left[0] + left[2] <= right[0], "{left:?} {right:?}");
    assert_eq!((left[1], left[2], left[3]), (right[1], right[2], right[3]));
    let clips: Vec<String> = page.js(
        "[...document.querySelectorAll('.card:first-child img')].map(image => getComputedStyle(image).clipPath)",
    );
    assert_eq!(clips, ["none", "none"]);
    page.screenshot("side-by-side");

    page.is_content();
    assert_eq!(page.fetched(), Vec::<String>::new(), "a page is one file");
}

#[test]
fn search_and_filters_leave_what_fits() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let scene = Scene::new();
    let page = page(&scene, &browser, &small_pack(), "nearest", Window::Desktop);
    page.press("/");
    page.type_text("BLOCK sto");
    assert_eq!(seen(&page), ["stone.png"]);
    let count: String = page.js("document.getElementById('count').textContent");
    assert_eq!(count, "1 of 6");
    page.screenshot("search");
    page.press("Escape");
    assert_eq!(seen(&page).len(), 6);
    page.type_text("no such thing");
    assert_eq!(seen(&page), Vec::<String>::new());
    page.wait_until("!document.getElementById('nothing').hidden");
    page.click("#clear");
    assert_eq!(seen(&page).len(), 6);

    let choose = |field: &str, value: &str| {
        page.run(&format!(
            "(list => {{ list.value = {value:?}; list.dispatchEvent(new Event('change')) }})(document.getElementById({field:?}))"
        ));
    };
    choose("by-kind", "item");
    assert_eq!(seen(&page), ["apple.png"]);
    choose("by-kind", "");
    choose("by-outcome", "copied");
    assert_eq!(seen(&page), ["grass.png"]);
    choose("by-outcome", "");
    choose("order", "name");
    assert_eq!(seen(&page)[0], "dirt.png");
    page.is_content();
}

#[test]
fn a_closer_look_says_why_and_goes_on_to_the_next() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let scene = Scene::new();
    let page = page(&scene, &browser, &small_pack(), "lanczos", Window::Desktop);
    page.click(".card:nth-child(1) .name");
    page.wait_until("document.getElementById('look').open");
    let said = || -> String { page.js("document.getElementById('look').innerText") };
    for part in ["stone.png", "block", "wrap", "16×16 → 128×128"] {
        assert!(said().contains(part), "no {part:?} in {}", said());
    }
    page.screenshot("closer-look");
    // The divider has the focus; the keys of the dialog are others.
    page.press("ArrowRight");
    assert_eq!(split(&page, "#look .stage"), 51.0);
    page.press("n");
    assert!(said().contains("dirt.png"));
    page.press("n");
    assert!(said().contains("fern.png"));
    page.click("#tiled");
    page.wait_until("document.querySelectorAll('#look .tiled').length === 2");
    page.click("#previous");
    assert!(said().contains("dirt.png"));
    page.screenshot("tiled");
    page.press("Escape");
    page.wait_until("!document.getElementById('look').open");
    page.is_content();
}

#[test]
fn hostile_names_are_only_names() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let names = [
        "\"><img src=x onerror=hacked=1>.png",
        "'+(hacked=1)+'.png",
        "<script>hacked=1</script>.png",
        "x</script><script>hacked=1</script>.png",
        "<!--<script>.png",
        "{{hacked=1}}${hacked=1}.png",
        "a\u{2028}b\u{202e}gnp.exe.png",
        "javascript:hacked=1.png",
        "größe e\u{301} 字 😀.png",
    ];
    let mut files = small_pack();
    for name in names {
        files.push((
            format!("{TEXTURES}/block/{name}"),
            png(16, 16, |x, y| [(x * 9) as u8, (y * 9) as u8, 90, 255]),
        ));
    }
    let scene = Scene::new();
    // A hostile name of the pack itself, too.
    let pack = "<img src=x onerror=hacked=1>";
    scene.write(format!("{pack}.zip"), zip(&files));
    scene
        .run_with(&[
            "convert",
            &format!("{pack}.zip"),
            "-o",
            "out.zip",
            "--model",
            "nearest",
            "--html",
            "look.html",
        ])
        .exits(0);
    let page = browser.open_file(&scene.path("look.html"), Window::Desktop);
    let shown = seen(&page);
    // Some hold a slash, and then it is the part behind it that is shown as the last.
    for name in [
        "{{hacked=1}}${hacked=1}.png",
        "größe e\u{301} 字 😀.png",
        "'+(hacked=1)+'.png",
    ] {
        assert!(
            shown.iter().any(|seen| seen == name),
            "no {name:?} in {shown:?}"
        );
    }
    assert!(
        shown.contains(&"a\\u{2028}b\\u{202e}gnp.exe.png".to_owned()),
        "marks are written out: {shown:?}"
    );
    assert_eq!(shown.len(), 6 + names.len());
    assert_eq!(
        page.js::<String>("document.querySelector('h1').textContent"),
        pack
    );
    // Look at each of them closely, and search for one.
    page.click(".card:nth-child(7) .name");
    for _ in 0..names.len() {
        page.press("n");
    }
    page.screenshot("hostile");
    page.press("Escape");
    page.press("/");
    page.type_text("onerror");
    assert_eq!(seen(&page).len(), 1);
    assert_eq!(page.js::<String>("typeof window.hacked"), "undefined");
    // Nothing of it became part of the page.
    assert_eq!(
        page.js::<usize>("document.querySelectorAll('img[src=x]').length"),
        0
    );
    assert_eq!(
        page.js::<usize>(
            "[...document.scripts].filter(script => script.type !== 'application/json').length"
        ),
        1
    );
    page.is_content();

    // And if it had: the page's policy runs no script but its own.
    page.run(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hacked=1\">')",
    );
    page.wait_until("document.querySelector('img[src=x]').complete");
    assert_eq!(page.js::<String>("typeof window.hacked"), "undefined");
    assert!(
        page.complaints()
            .iter()
            .any(|said| said.contains("Content Security Policy")),
        "{:?}",
        page.complaints()
    );
}

#[test]
fn a_pack_without_textures_says_so() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let scene = Scene::new();
    let files = small_pack()
        .into_iter()
        .filter(|(name, _)| !name.contains(".png"))
        .collect();
    let page = page(&scene, &browser, &files, "nearest", Window::Desktop);
    page.wait_until("!document.getElementById('empty').hidden");
    page.wait_until("document.getElementById('bar').hidden");
    page.is_content();
}

#[test]
fn thousands_of_textures_are_drawn_where_they_are_looked_at() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let scene = Scene::new();
    let page = page(
        &scene,
        &browser,
        &large_pack(3000),
        "nearest",
        Window::Desktop,
    );
    page.wait_until("document.querySelectorAll('.card .stage').length > 20");
    assert_eq!(
        page.js::<usize>("document.querySelectorAll('.card').length"),
        3000
    );
    let drawn = |page: &Page| page.js::<usize>("document.querySelectorAll('.card .stage').length");
    assert!(drawn(&page) < 300, "{} are drawn", drawn(&page));
    page.screenshot("three-thousand");
    // At the end the last ones are drawn, and the first no longer.
    page.run("window.scrollTo(0, document.documentElement.scrollHeight)");
    page.wait_until("document.querySelector('.card:last-child .stage')");
    page.wait_until("!document.querySelector('.card:first-child .stage')");
    assert!(drawn(&page) < 300, "{} are drawn", drawn(&page));
    page.press("/");
    page.type_text("block_02999");
    assert_eq!(seen(&page), ["block_02999.png"]);
    page.wait_until("document.querySelectorAll('.card:not([hidden]) .stage').length === 1");
    page.is_content();
}

#[test]
fn a_phone_shows_it_without_scrolling_sideways() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let scene = Scene::new();
    let page = page(&scene, &browser, &small_pack(), "lanczos", Window::Phone);
    page.dark(true);
    page.wait_until("document.querySelectorAll('.card .stage').length > 0");
    let fits = "document.documentElement.scrollWidth <= innerWidth";
    page.wait_until(fits);
    page.screenshot("phone");
    page.click(".card:nth-child(3) .name");
    page.wait_until("document.getElementById('look').open");
    page.wait_until(fits);
    page.screenshot("phone-closer-look");
    page.is_content();
}

#[test]
fn a_page_that_exists_is_only_replaced_by_force() {
    let scene = Scene::new();
    scene.write("pack.zip", zip(&small_pack()));
    scene.write("look.html", "mine");
    let run = "convert pack.zip -o out.zip --model nearest --html look.html";
    scene.run(run).exits(2).says(&["look.html", "--force"]);
    assert_eq!(fs::read(scene.path("look.html")).unwrap(), b"mine");
    assert!(!scene.path("out.zip").exists(), "refused before the work");
    scene.run(&format!("{run} --force")).exits(0);
    let first = fs::read(scene.path("look.html")).unwrap();
    assert!(first.starts_with(b"<!doctype html>"));
    scene.run(&format!("{run} --force")).exits(0);
    assert_eq!(
        fs::read(scene.path("look.html")).unwrap(),
        first,
        "the same again"
    );
}
