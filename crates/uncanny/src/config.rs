//! What the user asked for: `uncanny.toml`, the command line over it, and both merged into [`Options`].
//! Owns validation and the glob rules. Reads no files: the caller passes the text.

use std::ops::Range;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Deserializer, Serialize};
use uncanny_texture::{Edges, Reach, Scale};

use crate::Error;
use crate::dream::MAX_TRIES;

/// The default fidelity of packs, the full one: a pack keeps its colours, and its mipmaps look as before.
pub const DEFAULT_FIDELITY: f32 = 1.0;
/// The most iterations of a texture: times that it goes through the network.
pub const MAX_ITERATIONS: u32 = 16;
/// The default of [`Config::max_size`], in pixels.
pub const DEFAULT_MAX_SIZE: u32 = 4096;
/// The default model of packs.
pub const DEFAULT_MODEL: &str = "textures";
/// The default model where faces are searched.
pub const DREAM_MODEL: &str = "uncanny";
/// The default hint for that model in single pictures ([`crate::picture::Settings::hint`]).
pub const DREAM_HINT: f32 = 2.0;
/// The default fidelity where faces are searched in a pack.
pub const DREAM_FIDELITY: f32 = 0.5;

/// The contents of an `uncanny.toml`, or the same settings given on a command line. `None`: the default.
///
/// ```
/// let text = r#"
/// model = "faces"
/// fidelity = 0.5
///
/// [[rule]]
/// match = "textures/entity/**"
/// iterations = 2
/// "#;
/// let config = uncanny::Config::parse(text, "uncanny.toml".as_ref())?;
/// assert_eq!(config.rules.len(), 1);
/// # Ok::<(), uncanny::ConfigError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// `faces`, `lanczos`, `nearest`, `xbr` or the path of a checkpoint.
    #[serde(default)]
    pub model: Option<String>,
    /// Output pixels per input pixel; by default 8, or the model's own scale where that is less.
    #[serde(default, deserialize_with = "scale")]
    pub scale: Option<Scale>,
    /// How a network of a smaller scale reaches `scale`.
    #[serde(default)]
    pub reach: Option<Reach>,
    /// How far the original colours are kept, 0 to 1: 0 keeps none of them, 1 keeps each texel's average exactly.
    #[serde(default, deserialize_with = "fidelity")]
    pub fidelity: Option<f32>,
    /// Soften the input before the network sees it.
    #[serde(default)]
    pub preblur: Option<bool>,
    /// How many times the network runs, each time on its last output; from 1 to [`MAX_ITERATIONS`].
    #[serde(default, deserialize_with = "iterations")]
    pub iterations: Option<u32>,
    /// The number of tries in which each block, item and mob is searched for a face (see [`crate::dream`]); 0 is none. With
    /// a search the default model is [`DREAM_MODEL`], the default fidelity [`DREAM_FIDELITY`], and each try goes through
    /// the network 10 times, or `iterations` times where that is above 1.
    #[serde(default, deserialize_with = "dream")]
    pub dream: Option<u32>,
    /// Pictures whose longest side would exceed this after enhancement are copied, and so are those of more pixels
    /// than two squares of this side: of an animation a frame counts as a side, but all of it takes memory.
    #[serde(default, alias = "max_size", deserialize_with = "max_size")]
    pub max_size: Option<u32>,
    /// When not empty, only textures that match one of these globs are enhanced.
    #[serde(default, deserialize_with = "globs")]
    pub only: Vec<String>,
    /// Textures matching one of these globs are copied.
    #[serde(default, deserialize_with = "globs")]
    pub skip: Vec<String>,
    /// `[[rule]]` tables, in the file's order; later ones win.
    #[serde(default, rename = "rule")]
    pub rules: Vec<RuleConfig>,
}

/// One `[[rule]]` of an `uncanny.toml`: settings for the textures whose path matches a glob.
///
/// The glob is tried against the path below `assets/<namespace>/` (`textures/entity/bee.png`), against the path from
/// `assets/` on, and against the entry's full name in the pack. `*` and `?` stop at `/`; `**` does not.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RuleConfig {
    /// The glob.
    #[serde(rename = "match", deserialize_with = "glob")]
    pub pattern: String,
    /// The model for these textures; `nearest` means plain enlargement.
    #[serde(default)]
    pub model: Option<String>,
    /// What to do with these textures, whatever the pack's own rules say.
    #[serde(default)]
    pub action: Option<ActionChoice>,
    /// See [`Config::fidelity`].
    #[serde(default, deserialize_with = "fidelity")]
    pub fidelity: Option<f32>,
    /// See [`Config::iterations`].
    #[serde(default, deserialize_with = "iterations")]
    pub iterations: Option<u32>,
    /// See [`Config::preblur`].
    #[serde(default)]
    pub preblur: Option<bool>,
    /// See [`Config::dream`].
    #[serde(default, deserialize_with = "dream")]
    pub dream: Option<u32>,
    /// What lies beyond the edges of each frame.
    #[serde(default)]
    pub edges: Option<EdgeChoice>,
    /// How alpha is enlarged.
    #[serde(default)]
    pub alpha: Option<AlphaChoice>,
}

/// `action = "..."` in a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActionChoice {
    /// Leave the file as it is.
    Copy,
    /// Enlarge every pixel to a square.
    Nearest,
    /// Send it through the model.
    Enhance,
}

/// `edges = "..."` in a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeChoice {
    /// The texture repeats in both directions.
    Wrap,
    /// The border's pixels are repeated.
    Clamp,
    /// Transparent pixels lie beyond.
    Transparent,
}

impl EdgeChoice {
    /// The same choice on all four sides.
    #[must_use]
    pub fn edges(self) -> Edges {
        match self {
            Self::Wrap => Edges::WRAP,
            Self::Clamp => Edges::CLAMP,
            Self::Transparent => Edges::TRANSPARENT,
        }
    }
}

/// `alpha = "..."` in a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlphaChoice {
    /// A smooth silhouette, returned to the source's class: hard stays hard.
    Smooth,
    /// The silhouette of the original's pixels.
    Nearest,
}

/// An `uncanny.toml` that was refused, with all that is needed to point at the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read {}: {message}", path.display())]
pub struct ConfigError {
    /// Where the text came from.
    pub path: PathBuf,
    /// The whole text.
    pub text: String,
    /// The bytes of `text` at fault, where known.
    pub span: Option<Range<usize>>,
    /// What is wrong, without the place.
    pub message: String,
}

impl ConfigError {
    /// The line, from 1, on which the fault begins.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        let start = self.span.as_ref()?.start.min(self.text.len());
        Some(
            1 + self.text.as_bytes()[..start]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count(),
        )
    }
}

impl Config {
    /// Reads the text of an `uncanny.toml`; `path` is only for messages. A byte order mark is ignored.
    ///
    /// # Errors
    /// Syntax errors, unknown keys, values out of range and broken globs, each with its place.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        toml::from_str(text).map_err(|error| ConfigError {
            path: path.to_owned(),
            text: text.to_owned(),
            span: error.span(),
            message: error.message().to_owned(),
        })
    }
}

/// Everything decided about a run before the pack is looked at.
///
/// A command line wins over the top of the file; a file's `[[rule]]` wins over both for the textures that it matches.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The model for textures that no rule gives another.
    pub model: String,
    /// The output's scale; when `None` 8, or the model's own where that is less.
    pub scale: Option<Scale>,
    /// See [`Config::reach`]. For the caller's [`Models`](crate::Models) to heed.
    pub reach: Reach,
    /// 0..=1, see [`Config::fidelity`].
    pub fidelity: f32,
    /// See [`Config::preblur`].
    pub preblur: bool,
    /// At least 1.
    pub iterations: u32,
    /// See [`Config::dream`]; 0 is none.
    pub dream: u32,
    /// See [`Config::max_size`].
    pub max_size: u32,
    only: Vec<Glob>,
    skip: Vec<Glob>,
    rules: Vec<(Glob, RuleConfig)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            model: DEFAULT_MODEL.to_owned(),
            scale: None,
            reach: Reach::default(),
            fidelity: DEFAULT_FIDELITY,
            preblur: false,
            iterations: 1,
            dream: 0,
            max_size: DEFAULT_MAX_SIZE,
            only: Vec::new(),
            skip: Vec::new(),
            rules: Vec::new(),
        }
    }
}

impl Options {
    /// Lays `flags` (the command line) over `file` (the `uncanny.toml`) over the defaults.
    /// A list given on the command line replaces the file's; rules of the command line come after the file's.
    ///
    /// # Errors
    /// [`Error::Option`] for a value out of range or a broken glob, which only `flags` can still hold.
    pub fn new(flags: Config, file: Config) -> Result<Self, Error> {
        let default = Self::default();
        let list =
            |flags: Vec<String>, file: Vec<String>| if flags.is_empty() { file } else { flags };
        let checked = |name: &'static str, result: Result<(), String>| {
            result.map_err(|message| Error::Option { name, message })
        };
        let compile = |name: &'static str, patterns: Vec<String>| {
            patterns
                .iter()
                .map(|pattern| Glob::new(pattern))
                .collect::<Result<Vec<_>, _>>()
                .map_err(|message| Error::Option { name, message })
        };
        let dream = flags.dream.or(file.dream).unwrap_or(default.dream);
        // Who wants faces wants the network that sees them, and not held so fast that there are none.
        let (model, fidelity) = match dream {
            0 => (default.model, default.fidelity),
            _ => (DREAM_MODEL.to_owned(), DREAM_FIDELITY),
        };
        let options = Self {
            model: flags.model.or(file.model).unwrap_or(model),
            scale: flags.scale.or(file.scale),
            reach: flags.reach.or(file.reach).unwrap_or(default.reach),
            fidelity: flags.fidelity.or(file.fidelity).unwrap_or(fidelity),
            dream,
            preblur: flags.preblur.or(file.preblur).unwrap_or(default.preblur),
            iterations: flags
                .iterations
                .or(file.iterations)
                .unwrap_or(default.iterations),
            max_size: flags.max_size.or(file.max_size).unwrap_or(default.max_size),
            only: compile("only", list(flags.only, file.only))?,
            skip: compile("skip", list(flags.skip, file.skip))?,
            rules: file
                .rules
                .into_iter()
                .chain(flags.rules)
                .map(|rule| Glob::new(&rule.pattern).map(|glob| (glob, rule)))
                .collect::<Result<_, _>>()
                .map_err(|message| Error::Option {
                    name: "rule",
                    message,
                })?,
        };
        checked("fidelity", check_fidelity(options.fidelity))?;
        checked("iterations", check_iterations(options.iterations))?;
        checked("dream", check_dream(options.dream))?;
        checked("max-size", check_max_size(options.max_size))?;
        for (_, rule) in &options.rules {
            checked("fidelity", rule.fidelity.map_or(Ok(()), check_fidelity))?;
            checked(
                "iterations",
                rule.iterations.map_or(Ok(()), check_iterations),
            )?;
            checked("dream", rule.dream.map_or(Ok(()), check_dream))?;
        }
        Ok(options)
    }

    /// Why `--only` or `--skip` leaves this entry alone, if one does.
    pub(crate) fn skipped(&self, entry: &str) -> Option<&'static str> {
        let paths = Paths::of(entry);
        if !self.only.is_empty() && !self.only.iter().any(|glob| glob.matches(&paths)) {
            Some("not among --only")
        } else if self.skip.iter().any(|glob| glob.matches(&paths)) {
            Some("asked for by --skip")
        } else {
            None
        }
    }

    /// What to say of each `--only` and `--skip` that matches none of these entries: most likely it was written for
    /// another folder. Rules may well be meant for other packs. `what` is what entries are, and how they are named.
    pub(crate) fn idle(&self, entries: &[&str], what: &str) -> Vec<String> {
        let paths: Vec<Paths<'_>> = entries.iter().map(|entry| Paths::of(entry)).collect();
        let lists = [("--only", &self.only), ("--skip", &self.skip)];
        let globs = lists
            .into_iter()
            .flat_map(|(option, globs)| globs.iter().map(move |glob| (option, glob)));
        globs
            .filter(|(_, glob)| !paths.iter().any(|paths| glob.matches(paths)))
            .map(|(option, Glob(glob))| {
                let glob = glob.glob();
                format!("{option} {glob} matches no {what}")
            })
            .collect()
    }

    /// The models that are named, for whatever files.
    pub(crate) fn models(&self) -> impl Iterator<Item = &str> {
        let rules = self.rules.iter();
        let named = rules.filter_map(|(_, rule)| rule.model.as_deref());
        std::iter::once(self.model.as_str()).chain(named)
    }

    /// The settings of this entry alone: its rules' where they give any, and no globs.
    pub(crate) fn for_one(&self, entry: &str) -> Self {
        let settings = self.settings(entry);
        Self {
            model: settings.model,
            fidelity: settings.fidelity,
            preblur: settings.preblur,
            iterations: settings.iterations,
            only: Vec::new(),
            skip: Vec::new(),
            rules: Vec::new(),
            ..self.clone()
        }
    }

    /// The rules for this entry, merged: of each setting, the last rule that gives it wins.
    pub(crate) fn settings(&self, entry: &str) -> Settings {
        let paths = Paths::of(entry);
        let mut settings = Settings {
            model: self.model.clone(),
            fidelity: self.fidelity,
            preblur: self.preblur,
            iterations: self.iterations,
            dream: self.dream,
            action: None,
            edges: None,
            alpha: None,
        };
        for (_, rule) in self.rules.iter().filter(|(glob, _)| glob.matches(&paths)) {
            if let Some(model) = &rule.model {
                settings.model.clone_from(model);
            }
            settings.fidelity = rule.fidelity.unwrap_or(settings.fidelity);
            settings.preblur = rule.preblur.unwrap_or(settings.preblur);
            settings.iterations = rule.iterations.unwrap_or(settings.iterations);
            settings.dream = rule.dream.unwrap_or(settings.dream);
            if let Some(action) = rule.action {
                settings.action = Some((action, rule.pattern.clone()));
            }
            settings.edges = rule.edges.or(settings.edges);
            settings.alpha = rule.alpha.or(settings.alpha);
        }
        settings
    }
}

/// What the user wants for one texture.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) model: String,
    pub(crate) fidelity: f32,
    pub(crate) preblur: bool,
    pub(crate) iterations: u32,
    pub(crate) dream: u32,
    /// With the glob of the rule that says so.
    pub(crate) action: Option<(ActionChoice, String)>,
    pub(crate) edges: Option<EdgeChoice>,
    pub(crate) alpha: Option<AlphaChoice>,
}

#[derive(Debug, Clone)]
struct Glob(GlobMatcher);

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.0.glob() == other.0.glob()
    }
}

impl Glob {
    fn new(pattern: &str) -> Result<Self, String> {
        if pattern.is_empty() {
            return Err("an empty glob matches nothing".to_owned());
        }
        GlobBuilder::new(pattern)
            .literal_separator(true)
            .build()
            .map(|glob| Self(glob.compile_matcher()))
            .map_err(|error| format!("bad glob {pattern:?}: {}", error.kind()))
    }

    fn matches(&self, paths: &Paths<'_>) -> bool {
        [Some(paths.full), paths.from_assets, paths.below_namespace]
            .into_iter()
            .flatten()
            .any(|path| self.0.is_match(path))
    }
}

/// The names by which a glob may mean an entry.
pub(crate) struct Paths<'a> {
    full: &'a str,
    /// `assets/minecraft/textures/...`, without a wrapping folder or overlay.
    pub(crate) from_assets: Option<&'a str>,
    below_namespace: Option<&'a str>,
}

impl<'a> Paths<'a> {
    pub(crate) fn of(full: &'a str) -> Self {
        let from_assets = if full.starts_with("assets/") {
            Some(full)
        } else {
            full.find("/assets/").map(|at| &full[at + 1..])
        };
        let below_namespace = from_assets.and_then(|path| path.splitn(3, '/').nth(2));
        Self {
            full,
            from_assets,
            below_namespace,
        }
    }
}

fn check_fidelity(value: f32) -> Result<(), String> {
    if (0.0..=1.0).contains(&value) {
        Ok(())
    } else {
        Err(format!(
            "fidelity goes from 0 (the network is free) to 1 (exact), found {value}"
        ))
    }
}

fn check_iterations(value: u32) -> Result<(), String> {
    if (1..=MAX_ITERATIONS).contains(&value) {
        Ok(())
    } else {
        Err(format!(
            "iterations go from 1 to {MAX_ITERATIONS}, found {value}"
        ))
    }
}

fn check_dream(value: u32) -> Result<(), String> {
    if value <= MAX_TRIES {
        Ok(())
    } else {
        Err(format!(
            "dream goes from 0 to {MAX_TRIES} tries, found {value}"
        ))
    }
}

fn check_max_size(value: u32) -> Result<(), String> {
    if (16..=16384).contains(&value) {
        Ok(())
    } else {
        Err(format!(
            "max-size goes from 16 to 16384 pixels, found {value}"
        ))
    }
}

fn checked<'de, D: Deserializer<'de>, T>(
    value: T,
    check: impl Fn(T) -> Result<(), String>,
) -> Result<Option<T>, D::Error>
where
    T: Copy,
{
    check(value).map_err(serde::de::Error::custom)?;
    Ok(Some(value))
}

fn scale<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Scale>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a scale is a whole number such as 4, or \"4x\"")]
    enum Form {
        Number(i64),
        Text(String),
    }
    let text = match Form::deserialize(deserializer)? {
        Form::Number(number) => number.to_string(),
        Form::Text(text) => text,
    };
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

fn dream<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    checked::<D, _>(u32::deserialize(deserializer)?, check_dream)
}

fn fidelity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f32>, D::Error> {
    checked::<D, _>(f32::deserialize(deserializer)?, check_fidelity)
}

fn iterations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    checked::<D, _>(u32::deserialize(deserializer)?, check_iterations)
}

fn max_size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    checked::<D, _>(u32::deserialize(deserializer)?, check_max_size)
}

fn glob<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let pattern = String::deserialize(deserializer)?;
    Glob::new(&pattern).map_err(serde::de::Error::custom)?;
    Ok(pattern)
}

fn globs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let patterns = Vec::<String>::deserialize(deserializer)?;
    for pattern in &patterns {
        Glob::new(pattern).map_err(serde::de::Error::custom)?;
    }
    Ok(patterns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> (String, String, usize) {
        let error = Config::parse(text, Path::new("uncanny.toml")).unwrap_err();
        let span = error.span.clone().expect("a place");
        (
            error.message.clone(),
            error.text[span].to_owned(),
            error.line().unwrap(),
        )
    }

    #[test]
    fn reads_every_key() {
        let config = Config::parse(
            "model = 'lanczos'\nscale = 4\nreach = 'again'\nfidelity = 0.25\npreblur = true\niterations = 2\nmax-size = 512\n\
             only = ['textures/block/**']\nskip = ['**/stone.png']\n\
             [[rule]]\nmatch = 'textures/entity/**'\nmodel = 'nearest'\naction = 'enhance'\nfidelity = 1\n\
             iterations = 3\npreblur = false\nedges = 'wrap'\nalpha = 'nearest'\n",
            Path::new("uncanny.toml"),
        )
        .unwrap();
        assert_eq!(config.scale.unwrap().get(), 4);
        assert_eq!(config.reach, Some(Reach::Again));
        assert_eq!(config.max_size, Some(512));
        let rule = &config.rules[0];
        assert_eq!(
            (rule.action, rule.edges),
            (Some(ActionChoice::Enhance), Some(EdgeChoice::Wrap))
        );
        assert_eq!(
            (rule.alpha, rule.fidelity),
            (Some(AlphaChoice::Nearest), Some(1.0))
        );
        assert_eq!(
            Config::parse("max_size = 64", Path::new("x"))
                .unwrap()
                .max_size,
            Some(64)
        );
        assert_eq!(
            Config::parse("scale = '2x'", Path::new("x"))
                .unwrap()
                .scale
                .unwrap()
                .get(),
            2
        );
        assert_eq!(
            Config::parse("\u{feff}scale = 2", Path::new("x"))
                .unwrap()
                .scale
                .unwrap()
                .get(),
            2
        );
    }

    #[test]
    fn errors_point_at_the_place() {
        let (message, at, line) = error("model = 'faces'\nmodle = 'faces'\n");
        assert!(message.contains("modle"), "{message}");
        assert_eq!((at.as_str(), line), ("modle", 2));

        let (message, at, line) = error("\n\nfidelity = 1.5\n");
        assert!(
            message.contains("from 0 (the network is free) to 1"),
            "{message}"
        );
        assert_eq!((at.as_str(), line), ("1.5", 3));

        let (message, at, _) = error("iterations = 0");
        assert!(message.contains("1 to 16"), "{message}");
        assert_eq!(at, "0");

        let (message, at, _) = error("scale = 65");
        assert!(message.contains("64"), "{message}");
        assert_eq!(at, "65");

        let (_, at, line) = error("[[rule]]\nmatch = '**'\nedges = 'round'\n");
        assert_eq!((at.as_str(), line), ("'round'", 3));

        let (message, at, line) = error("[[rule]]\nmatch = 'a[b'\n");
        assert!(message.contains("bad glob"), "{message}");
        assert_eq!((at.as_str(), line), ("'a[b'", 2));

        let (message, at, line) =
            error("[[rule]]\nmatch = '**'\n[[rule]]\nmatch = '**'\ncolour = 1\n");
        assert!(message.contains("colour"), "{message}");
        assert_eq!((at.as_str(), line), ("colour", 5));

        let (message, _, line) = error("a = 'x\n");
        assert!(!message.is_empty());
        assert_eq!(line, 1);
    }

    #[test]
    fn globs_match_three_spellings() {
        for pattern in [
            "textures/entity/**",
            "assets/*/textures/entity/*.png",
            "over/assets/minecraft/textures/entity/bee.png",
            "**/bee.png",
        ] {
            let glob = Glob::new(pattern).unwrap();
            let paths = Paths::of("over/assets/minecraft/textures/entity/bee.png");
            assert!(glob.matches(&paths), "{pattern}");
        }
        let glob = Glob::new("textures/*.png").unwrap();
        assert!(!glob.matches(&Paths::of("assets/minecraft/textures/entity/bee.png")));
        assert!(
            Glob::new("pack.png")
                .unwrap()
                .matches(&Paths::of("pack.png"))
        );
    }

    #[test]
    fn later_rules_win_and_flags_win_over_the_file() {
        let parse = |text| Config::parse(text, Path::new("x")).unwrap();
        let file = parse(
            "fidelity = 0.1\nskip = ['a.png']\n[[rule]]\nmatch = '**'\nfidelity = 0.3\niterations = 2\n\
             [[rule]]\nmatch = '**/bee.png'\nfidelity = 0.4\n",
        );
        let options = Options::new(parse("fidelity = 0.2\nskip = ['b.png']"), file).unwrap();
        assert_eq!(options.fidelity, 0.2);
        assert_eq!(options.settings("x/bee.png").fidelity, 0.4);
        assert_eq!(options.settings("x/bee.png").iterations, 2);
        assert_eq!(options.settings("x/cow.png").fidelity, 0.3);
        assert!(options.skipped("b.png").is_some() && options.skipped("a.png").is_none());
        let flags = Config {
            fidelity: Some(f32::NAN),
            ..Config::default()
        };
        assert!(matches!(
            Options::new(flags, Config::default()),
            Err(Error::Option {
                name: "fidelity",
                ..
            })
        ));
    }
}
