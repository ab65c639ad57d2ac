//! The search for faces with a judge that likes bright middles, and packs that dream.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    reason = "tests say what they skip and may panic; their helpers are shared"
)]

mod common;

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use common::*;
use uncanny::dream::{Dream, DreamInput, DreamRecipe, Dreamt, Subject, dream, pixels_hash};
use uncanny::{Cache, ModelError, Models};
use uncanny_texture::{
    Cell, Edges, Judge, Lanczos, Nudge, Recipe, RgbaImage, UpscaleError, Upscaler, facts,
};

static GO_ON: AtomicBool = AtomicBool::new(false);

/// How much brighter the middle of a picture is than all of it.
struct Middle {
    seen: usize,
    fingerprint: u8,
}

impl Middle {
    fn new() -> Self {
        Self {
            seen: 0,
            fingerprint: 7,
        }
    }
}

impl Judge for Middle {
    fn name(&self) -> &str {
        "middle"
    }
    fn fingerprint(&self) -> [u8; 32] {
        [self.fingerprint; 32]
    }
    fn judge(&mut self, pictures: &[RgbaImage]) -> Result<Vec<f32>, UpscaleError> {
        self.seen += pictures.len();
        Ok(pictures.iter().map(score).collect())
    }
}

fn score(picture: &RgbaImage) -> f32 {
    let (width, height) = picture.dimensions();
    let mean = |inner: bool| {
        let inside = |at: u32, length: u32| at >= length / 4 && at < length - length / 4;
        let all: Vec<f32> = picture
            .enumerate_pixels()
            .filter(|(x, y, _)| !inner || inside(*x, width) && inside(*y, height))
            .map(|(_, _, pixel)| f32::from(pixel.0[1]))
            .collect();
        all.iter().sum::<f32>() / all.len() as f32
    };
    (0.5 + (mean(true) - mean(false)) / 255.0).clamp(0.0, 1.0)
}

fn subject(seed: u32, edges: Edges) -> Subject {
    let mut recipe = Recipe::new(vec![Cell::whole(16, 16, edges)], scale(8));
    recipe.fidelity = 0.0;
    Subject {
        image: picture(seed, 16, 16),
        recipe,
        alone: false,
        alpha: None,
    }
}

const HOW: Dream = Dream {
    tries: 12,
    iterations: 2,
    seed: 3,
};

fn search(subjects: &[Subject], how: &Dream) -> Vec<Dreamt> {
    let (mut model, mut judge) = (Lanczos::new(scale(8)), Middle::new());
    let found = dream(subjects, how, &mut model, &mut judge, &mut |_| true).unwrap();
    assert_eq!(
        judge.seen,
        subjects.len() * (how.tries * how.iterations) as usize,
        "every iteration of every try is judged"
    );
    found.unwrap()
}

#[test]
fn the_best_is_kept_and_can_be_made_again() {
    let subjects: Vec<Subject> = (0..3).map(|seed| subject(seed, Edges::CLAMP)).collect();
    let found = search(&subjects, &HOW);
    assert_eq!(found.len(), 3);
    // Now and then nothing beats the picture as it is.
    let better = found.iter().filter(|d| d.best.score > d.plain.score);
    assert!(better.count() > 0, "nothing was ever better");
    for (subject, Dreamt { plain, best }) in subjects.iter().zip(&found) {
        assert_eq!((plain.nudge, plain.iterations), (None, 1));
        assert!(best.score >= plain.score, "{} {}", best.score, plain.score);
        assert_eq!(best.score, score(&best.picture));
        // From what was written down.
        let recipe = DreamRecipe {
            uncanny: "0".to_owned(),
            input: DreamInput {
                path: "a".into(),
                name: "b".to_owned(),
                pixels: pixels_hash(&subject.image),
            },
            model: "lanczos".to_owned(),
            fingerprint: String::new(),
            nudge: best.nudge,
            iterations: best.iterations,
            fidelity: 0.0,
            scale: scale(8),
            score: best.score,
            seed: HOW.seed,
            tries: HOW.tries,
        };
        let text = serde_json::to_string(&recipe).unwrap();
        let read = DreamRecipe::parse(&text).unwrap();
        assert_eq!(read, recipe);
        let mut model = Lanczos::new(scale(8));
        let made = subject
            .again(read.nudge, read.iterations, &mut model)
            .unwrap();
        assert!(made == best.picture, "another picture");
    }
}

#[test]
fn what_is_found_depends_on_seed_and_picture_alone() {
    let nudges = |found: &[Dreamt]| found.iter().map(|d| d.best.nudge).collect::<Vec<_>>();
    let all: Vec<Subject> = (0..4).map(|seed| subject(seed, Edges::WRAP)).collect();
    let together = search(&all, &HOW);
    let alone: Vec<Dreamt> = all
        .iter()
        .flat_map(|subject| search(std::slice::from_ref(subject), &HOW))
        .collect();
    assert_eq!(nudges(&together), nudges(&alone));
    for (a, b) in together.iter().zip(&alone) {
        assert!(a.best.picture == b.best.picture && a.best.score == b.best.score);
    }
    let other = search(&all, &Dream { seed: 4, ..HOW });
    assert_ne!(nudges(&together), nudges(&other));
    // More tries never find less: the first generation of twice as many begins with the same.
    let one = search(&all, &Dream { tries: 1, ..HOW });
    assert!(one.iter().all(|found| found.best.nudge.is_none()));
}

#[test]
fn what_tiles_still_tiles() {
    let all: Vec<Subject> = (0..6).map(|seed| subject(seed, Edges::WRAP)).collect();
    let mut moved = 0;
    for found in search(&all, &HOW) {
        let Nudge {
            zoom, turn, shift, ..
        } = found.best.nudge.unwrap_or_default();
        assert_eq!((zoom, turn), (1.0, 0.0));
        moved += usize::from(shift != [0.0; 2]);
        let (across, inside) = uncanny_texture::metric::seam(&found.best.picture);
        assert!(across < 2.0 * inside + 2.0, "{across} {inside}");
    }
    assert!(moved > 0, "nothing was ever moved");
}

#[test]
fn a_search_stops_when_it_is_told() {
    let all: Vec<Subject> = (0..4).map(|seed| subject(seed, Edges::CLAMP)).collect();
    let (mut model, mut judge) = (Lanczos::new(scale(8)), Middle::new());
    let mut calls = 0;
    let mut stop = |_| {
        calls += 1;
        calls < 2
    };
    assert!(
        dream(&all, &HOW, &mut model, &mut judge, &mut stop)
            .unwrap()
            .is_none()
    );
    assert_eq!(calls, 2);
}

#[test]
fn a_recipe_that_is_none_says_why() {
    let found = search(&[subject(1, Edges::CLAMP)], &HOW);
    let recipe = |nudge: Nudge, iterations| DreamRecipe {
        uncanny: "0".to_owned(),
        input: DreamInput {
            path: "a".into(),
            name: "b".to_owned(),
            pixels: String::new(),
        },
        model: "faces".to_owned(),
        fingerprint: String::new(),
        nudge: Some(nudge),
        iterations,
        fidelity: 0.0,
        scale: scale(8),
        score: found[0].best.score,
        seed: 1,
        tries: 1,
    };
    let refused = |recipe: &DreamRecipe| {
        DreamRecipe::parse(&serde_json::to_string(recipe).unwrap()).unwrap_err()
    };
    let zoomed = Nudge {
        zoom: 0.0,
        ..Nudge::default()
    };
    assert!(refused(&recipe(zoomed, 1)).contains("nudge"));
    assert!(refused(&recipe(Nudge::default(), 99)).contains("99"));
    let error = DreamRecipe::parse("{\"uncanny\": \"1\", \"wings\": 2}").unwrap_err();
    assert!(
        error.contains("wings") && error.contains("line 1"),
        "{error}"
    );
}

/// Lanczos and the judge, for packs.
struct Dreamer {
    model: Lanczos,
    judge: Middle,
}

impl Dreamer {
    fn new() -> Self {
        Self {
            model: Lanczos::new(scale(8)),
            judge: Middle::new(),
        }
    }
}

impl Models for Dreamer {
    fn resolve(&mut self, _: &str) -> Result<&mut dyn Upscaler, ModelError> {
        Ok(&mut self.model)
    }
    fn dreamer(&mut self, _: &str) -> Result<(&mut dyn Upscaler, &mut dyn Judge), ModelError> {
        Ok((&mut self.model, &mut self.judge))
    }
}

#[test]
fn a_pack_dreams_within_its_budget_and_the_second_run_comes_from_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_zip(&at("in.zip"), &small());
    let cache = Cache::new(&at("cache"), 1 << 30);
    let toml = "dream = 6\niterations = 2\n[[rule]]\nmatch = '**/grey.png'\ndream = 0\n";
    let run = |output: &str, toml: &str, models: &mut Dreamer| {
        Job {
            input: &at("in.zip"),
            output: &at(output),
            options: options(toml),
            cache: Some(&cache),
            cancel: &GO_ON,
            events: &|_| {},
        }
        .run(models)
        .unwrap()
    };
    let mut models = Dreamer::new();
    let report = run("first.zip", toml, &mut models);
    assert_eq!(report.counts.enhanced, 4);
    // dirt, fire and apple; not what the rule spares.
    assert_eq!(models.judge.seen, 3 * 6 * 2);

    let mut again = Dreamer::new();
    let second = run("second.zip", toml, &mut again);
    assert_eq!((again.judge.seen, second.cache_hits), (0, 4));
    assert_eq!(
        fs::read(at("first.zip")).unwrap(),
        fs::read(at("second.zip")).unwrap()
    );

    // Without a cache, the same.
    let mut fresh = Dreamer::new();
    let job = Job {
        input: &at("in.zip"),
        output: &at("third.zip"),
        options: options(toml),
        cache: None,
        cancel: &GO_ON,
        events: &|_| {},
    };
    job.run(&mut fresh).unwrap();
    assert_eq!(
        fs::read(at("first.zip")).unwrap(),
        fs::read(at("third.zip")).unwrap()
    );

    // Everything that decides what is found is in the key.
    for (output, toml, fingerprint) in [
        ("tries.zip", toml.replace("dream = 6", "dream = 7"), 7),
        (
            "iterations.zip",
            toml.replace("iterations = 2", "iterations = 3"),
            7,
        ),
        ("judge.zip", toml.to_owned(), 8),
    ] {
        let mut other = Dreamer::new();
        other.judge.fingerprint = fingerprint;
        run(output, &toml, &mut other);
        assert!(other.judge.seen > 0, "{output}");
    }

    // It dreamt, and kept to its kinds of alpha and its sizes.
    let mut awake = Dreamer::new();
    run("awake.zip", "iterations = 2\nfidelity = 0.5", &mut awake);
    assert_eq!(awake.judge.seen, 0);
    let (dreamt, awake) = (read_zip(&at("first.zip")), read_zip(&at("awake.zip")));
    let mut changed = Vec::new();
    for ((name, dreamt), (_, awake)) in dreamt.iter().zip(&awake) {
        if dreamt == awake {
            continue;
        }
        let (dreamt, awake) = (image(dreamt), image(awake));
        assert_eq!(dreamt.dimensions(), awake.dimensions());
        assert_eq!(facts(&dreamt).alpha, facts(&awake).alpha, "{name}");
        let alphas = |image: &RgbaImage| image.pixels().map(|p| p.0[3]).collect::<Vec<_>>();
        assert!(alphas(&dreamt) == alphas(&awake), "{name}");
        changed.push(name.rsplit('/').next().unwrap());
    }
    assert_eq!(changed, ["dirt.png", "fire_0.png", "apple.png"]);
}

#[test]
fn a_pack_without_a_judge_cannot_dream() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.zip"), folder.path().join("out.zip"));
    write_zip(&input, &small());
    let mut models = uncanny::Baselines::new(scale(8));
    let error = uncanny::convert(&input, &output, &options("dream = 2"), &mut models, None);
    assert!(error.is_err() && !output.exists());
}

#[test]
fn dreaming_stops_with_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.zip"), folder.path().join("out.zip"));
    write_zip(&input, &small());
    let cancel = AtomicBool::new(false);
    let job = Job {
        input: &input,
        output: &output,
        options: options("dream = 50"),
        cache: None,
        cancel: &cancel,
        events: &|event| {
            if matches!(event, uncanny::Event::Tiles { .. }) {
                cancel.store(true, Ordering::Relaxed);
            }
        },
    };
    let error = job.run(&mut Dreamer::new()).unwrap_err();
    assert!(matches!(error, uncanny::Error::Interrupted), "{error}");
    assert!(!output.exists());
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "only the input is there");
}

#[test]
fn who_dreams_wants_faces_unless_told() {
    let parsed = |text: &str| {
        let file = uncanny::Config::parse(text, "uncanny.toml".as_ref()).unwrap();
        let options = uncanny::Options::new(uncanny::Config::default(), file).unwrap();
        (options.model.clone(), options.fidelity, options.dream)
    };
    assert_eq!(parsed(""), ("textures".to_owned(), 1.0, 0));
    assert_eq!(parsed("dream = 0"), ("textures".to_owned(), 1.0, 0));
    assert_eq!(
        parsed("dream = 8"),
        ("uncanny".to_owned(), uncanny::DREAM_FIDELITY, 8)
    );
    assert_eq!(
        parsed("dream = 8\nmodel = 'lanczos'\nfidelity = 0.25"),
        ("lanczos".to_owned(), 0.25, 8)
    );
    assert!(uncanny::Config::parse("dream = 5000", "uncanny.toml".as_ref()).is_err());
}
