//! Decides what a run will do with every file, before anything is written.
//!
//! A [`Plan`] joins what the pack's rules say of a path, what the pixels say, and what the user wants. It is shown
//! by `uncanny plan` and carried out by [`run`](crate::run::run()).

mod atlas;
mod look;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;
use serde::{Serialize, Serializer};
use uncanny_pack::{AssetKind, LeftOut, Pack, Rules, TextureRule, Treatment};
use uncanny_texture::{
    AlphaRule, Cell, Channels, Edge, Edges, Facts, Method, Recipe, Rect, Scale, TileGrid,
};

pub use atlas::{ATLAS_LIMIT, ATLAS_WARNING, AtlasEstimate, together};
pub(crate) use look::Look;

use crate::config::{ActionChoice, AlphaChoice, Settings};
use crate::dream::{DREAM_ITERATIONS, Dream};
use crate::guard::guarded;
use crate::report::ReportModel;
use crate::{Error, ModelInfo, Models, Options};

/// The scale unless a user asks for another, or the model has less.
pub(crate) const DEFAULT_SCALE: u32 = 8;

/// A texture of more texels is not searched for faces: it would take as long as all the others.
const DREAM_TEXELS: u64 = 128 * 128;
/// The seed of a pack's searches.
const DREAM_SEED: u64 = 1;

/// What to do with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Action {
    /// Byte for byte.
    Copy,
    /// Every pixel becomes a square.
    Nearest,
    /// Through the model.
    Enhance,
    /// A sidecar or properties file is adapted to the new sizes.
    Rewrite,
    /// Byte for byte, because `--only` or `--skip` says so.
    Skip,
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Copy => "copy",
            Self::Nearest => "nearest",
            Self::Enhance => "enhance",
            Self::Rewrite => "rewrite",
            Self::Skip => "skip",
        })
    }
}

/// What will be done with one texture or sidecar.
#[derive(Debug, Clone, Serialize)]
pub struct PlanRow {
    /// The index of the entry in the pack.
    pub entry: usize,
    /// The entry's name.
    pub name: String,
    /// What the game uses it for; none for a sidecar.
    pub kind: Option<AssetKind>,
    /// What will be done.
    pub action: Action,
    /// Why.
    pub why: String,
    /// Width and height now, where they can be read.
    pub size_in: Option<(u32, u32)>,
    /// Width and height afterwards.
    pub size_out: Option<(u32, u32)>,
    /// Frames, sprites or glyphs that are enhanced each on its own.
    pub frames: usize,
    /// The model it goes through.
    pub model: Option<String>,
    /// What lies beyond the edges of its frames: "wrap", "clamp", "transparent", "neighbour", "wrap-x", "wrap-y" or "mixed".
    pub edges: Option<&'static str>,
    /// Whether the rules are sure of their case.
    pub sure: bool,
    /// What is wrong with the file, when it is copied because of that.
    pub error: Option<String>,
    #[serde(skip)]
    pub(crate) job: Option<Job>,
}

/// How a texture is enhanced.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) recipe: Recipe,
    /// The search for a face, if there is one.
    pub(crate) dream: Option<Dream>,
    /// Into [`Plan::models`]; none when no model is needed.
    pub(crate) model: Option<usize>,
    /// Tiles that the model will see, at most.
    pub(crate) tiles: u64,
    /// Memory that it needs at its worst moment, about.
    pub(crate) bytes: u64,
    /// The set of textures that share its fate, if any.
    pub(crate) group: Option<usize>,
}

/// What a run will do.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// The pack.
    pub input: String,
    /// Output pixels per input pixel.
    pub scale: Scale,
    /// The models that the run will use, by name.
    #[serde(serialize_with = "as_report")]
    pub models: Vec<ModelInfo>,
    /// Files that the plan says nothing of: they are copied byte for byte.
    pub other_files: usize,
    /// Files of the input that are no part of the pack and are not in the output.
    pub left_out: Vec<LeftOut>,
    /// The atlases that the pack adds to.
    pub atlases: Vec<AtlasEstimate>,
    /// What would make the pack better, whatever is done with it here.
    pub advice: Vec<String>,
    /// What the user should know before starting.
    pub warnings: Vec<String>,
    /// Why [`run`](crate::run::run()) will refuse this plan, if it will.
    pub refusal: Option<String>,
    /// One row a texture or adapted sidecar, in pack order.
    pub rows: Vec<PlanRow>,
    #[serde(skip)]
    pub(crate) sprites: atlas::Sprites,
    #[serde(skip)]
    pub(crate) seconds: f64,
    /// The fingerprint of what judges faces, where any are searched.
    #[serde(skip)]
    pub(crate) judge: Option<[u8; 32]>,
}

fn as_report<S: Serializer>(models: &[ModelInfo], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(models.iter().map(ModelInfo::report))
}

impl ModelInfo {
    pub(crate) fn report(&self) -> ReportModel {
        ReportModel {
            name: self.name.clone(),
            scale: self.scale.get(),
            fingerprint: blake3::Hash::from_bytes(self.fingerprint)
                .to_hex()
                .to_string(),
        }
    }
}

impl PlanRow {
    /// The frames of an animation that is scaled: equal rectangles that fill the texture, one beside or below the
    /// other. Empty for everything else; sprites of a sheet and glyphs are no frames.
    #[must_use]
    pub fn animation(&self) -> Vec<Rect> {
        let (Some(job), Some((width, height))) = (&self.job, self.size_in) else {
            return Vec::new();
        };
        let cells = &job.recipe.cells;
        let strip = cells.len() > 1
            && !job.recipe.glyphs
            && self.kind != Some(AssetKind::GuiSheet)
            && (cells.iter().all(|cell| cell.rect.width == width)
                || cells.iter().all(|cell| cell.rect.height == height))
            && cells.iter().all(|cell| {
                (cell.rect.width, cell.rect.height) == (cells[0].rect.width, cells[0].rect.height)
            });
        if strip {
            cells.iter().map(|cell| cell.rect).collect()
        } else {
            Vec::new()
        }
    }
}

impl Plan {
    /// Looks at every texture of `pack` and decides.
    ///
    /// # Errors
    /// [`Error::Model`] and [`Error::ModelTooSmall`]. A texture that cannot be read is a row, not an error.
    pub fn new(
        pack: &Pack,
        rules: &Rules,
        options: &Options,
        models: &mut dyn Models,
    ) -> Result<Self, Error> {
        let look = |entry| {
            let bytes = pack.read(entry).map_err(|error| chain(&error))?;
            Ok(Arc::new(Look::new(bytes)))
        };
        Self::by(pack, rules, options, models, &look)
    }

    /// The same with another way to look at textures: one that remembers.
    pub(crate) fn by(
        pack: &Pack,
        rules: &Rules,
        options: &Options,
        models: &mut dyn Models,
        look: &LookAt<'_>,
    ) -> Result<Self, Error> {
        let started = Instant::now();
        let scale = output_scale(options, models)?;
        let textures: Vec<usize> = (0..pack.entries().len())
            .filter(|entry| is_texture(pack, *entry))
            .collect();
        let mut drafts: Vec<Draft> = textures
            .par_iter()
            .map(|entry| Draft::of(pack, rules, options, scale, *entry, look))
            .collect();
        settle_groups(&mut drafts);
        let infos = resolve(&drafts, scale, models)?;
        let judge = judge(&drafts, models)?;
        let palettes = palettes(pack, &drafts, look);
        let mut rows: Vec<PlanRow> = drafts
            .iter()
            .map(|draft| draft.row(&infos, &palettes))
            .collect();
        let mut warnings = pack_warnings(pack, rules, &rows);
        let names: Vec<&str> = drafts.iter().map(|draft| draft.name.as_str()).collect();
        warnings.extend(options.idle(
            &names,
            "texture of the pack; names start at textures/, at assets/ or at the top",
        ));
        rows.extend(companions(pack, rules, scale, &rows, &mut warnings));
        rows.sort_by_key(|row| row.entry);
        let sprites = atlas::sprites(&drafts);
        let atlases = atlas::estimate(&sprites);
        let refusal = atlas::judge(&atlases, scale, options.scale.is_some(), &mut warnings);
        let files = pack
            .entries()
            .iter()
            .filter(|entry| !entry.directory)
            .count();
        Ok(Self {
            input: pack.path().display().to_string(),
            scale,
            models: infos,
            other_files: files - rows.len(),
            left_out: pack.left_out().to_vec(),
            atlases,
            advice: atlas::advice(&sprites),
            sprites,
            warnings,
            refusal,
            rows,
            seconds: started.elapsed().as_secs_f64(),
            judge,
        })
    }

    /// How many rows have this action.
    #[must_use]
    pub fn count(&self, action: Action) -> usize {
        self.rows.iter().filter(|row| row.action == action).count()
    }

    /// The rows of the textures that are scaled.
    pub(crate) fn scaled_rows(&self) -> Vec<usize> {
        let rows = self.rows.iter().enumerate();
        rows.filter(|(_, row)| row.job.is_some())
            .map(|(at, _)| at)
            .collect()
    }

    /// Tiles that the models will see at most; repeated ones and cached textures will lower it.
    #[must_use]
    pub fn tiles(&self) -> u64 {
        self.rows
            .iter()
            .filter_map(|row| row.job.as_ref())
            .map(|job| job.tiles)
            .sum()
    }
}

/// Looks at an entry's pixels.
type LookAt<'a> = dyn Fn(usize) -> Result<Arc<Look>, String> + Sync + 'a;

fn is_texture(pack: &Pack, entry: usize) -> bool {
    let entry = &pack.entries()[entry];
    !entry.directory && entry.name.ends_with(".png")
}

fn output_scale(options: &Options, models: &mut dyn Models) -> Result<Scale, Error> {
    let default = Scale::new(DEFAULT_SCALE).expect("a constant within the range");
    match options.scale {
        Some(scale) => Ok(scale),
        None if options.model == "nearest" => Ok(default),
        None => Ok(info(models, &options.model)?.scale.min(default)),
    }
}

fn info(models: &mut dyn Models, name: &str) -> Result<ModelInfo, Error> {
    models.info(name).map_err(|source| Error::Model {
        name: name.to_owned(),
        source,
    })
}

/// The models that the drafts need, by name.
fn resolve(
    drafts: &[Draft],
    scale: Scale,
    models: &mut dyn Models,
) -> Result<Vec<ModelInfo>, Error> {
    let names: BTreeSet<&str> = drafts
        .iter()
        .filter(|draft| draft.action == Action::Enhance)
        .map(|draft| draft.settings.model.as_str())
        .collect();
    names
        .into_iter()
        .map(|name| {
            let info = info(models, name)?;
            if info.scale < scale {
                return Err(Error::ModelTooSmall {
                    name: name.to_owned(),
                    scale: info.scale,
                    wanted: scale,
                });
            }
            Ok(info)
        })
        .collect()
}

/// What judges the faces that some draft searches for.
fn judge(drafts: &[Draft], models: &mut dyn Models) -> Result<Option<[u8; 32]>, Error> {
    let Some(draft) = drafts.iter().find(|draft| draft.dream().is_some()) else {
        return Ok(None);
    };
    let name = &draft.settings.model;
    let (_, judge) = models.dreamer(name).map_err(|source| Error::Model {
        name: name.clone(),
        source,
    })?;
    Ok(Some(judge.fingerprint()))
}

/// A texture's row in the making.
struct Draft {
    entry: usize,
    name: String,
    settings: Settings,
    rule: Option<TextureRule>,
    action: Action,
    why: String,
    size: Option<(u32, u32)>,
    facts: Option<Facts>,
    /// Output pixels per pixel, where it is scaled.
    scale: Scale,
    /// Copied only because it is of one colour: it may as well be enlarged.
    plain: bool,
    /// The colours of the texture itself, when it is bound to a palette.
    colours: Vec<[u8; 3]>,
    error: Option<String>,
    group: Option<usize>,
}

impl Draft {
    fn of(
        pack: &Pack,
        rules: &Rules,
        options: &Options,
        scale: Scale,
        entry: usize,
        look: &LookAt<'_>,
    ) -> Self {
        let name = pack.entries()[entry].name.clone();
        let mut draft = Self {
            entry,
            settings: options.settings(&name),
            name,
            rule: None,
            action: Action::Copy,
            why: String::new(),
            size: None,
            facts: None,
            scale,
            plain: false,
            colours: Vec::new(),
            error: None,
            group: None,
        };
        if let Err(error) = guarded(|| draft.decide(pack, rules, options, look)) {
            draft.action = Action::Copy;
            draft.why = format!("cannot be read: {error}");
            draft.error = Some(error);
        }
        draft
    }

    /// Decides as far as the texture alone can tell.
    fn decide(
        &mut self,
        pack: &Pack,
        rules: &Rules,
        options: &Options,
        look: &LookAt<'_>,
    ) -> Result<(), String> {
        let look = look(self.entry)?;
        let again = || pack.read(self.entry).map_err(|error| chain(&error));
        let skipped = options.skipped(&self.name);
        let size = match look.size() {
            Ok(size) => size,
            Err(_) if skipped.is_some() => {
                self.skip(skipped);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.size = Some(size);
        let rule = rules.texture(&self.name, size);
        let treatment = rule.treatment;
        self.why = rule.why.to_string();
        self.rule = Some(rule);
        if skipped.is_some() {
            self.skip(skipped);
            return Ok(());
        }
        let wished = self.settings.action.clone();
        self.action = match (&wished, treatment) {
            (Some((ActionChoice::Copy, _)), _) | (None, Treatment::Copy) => Action::Copy,
            (Some((ActionChoice::Nearest, _)), _) | (None, Treatment::Nearest) => Action::Nearest,
            (Some((ActionChoice::Enhance, _)), _) | (None, Treatment::Enhance) => Action::Enhance,
        };
        if let Some((_, pattern)) = &wished {
            self.why = format!("the rule for {pattern}");
        }
        if self.action == Action::Enhance && self.settings.model == "nearest" {
            self.action = Action::Nearest;
            self.why = "the model is nearest".to_owned();
        }
        if self.action == Action::Copy {
            return Ok(());
        }
        let Some(scale) = self.fitting_scale() else {
            self.action = Action::Copy;
            self.why = "larger than half of what the game draws: enlarged it would not be shown"
                .to_owned();
            return Ok(());
        };
        if scale != self.scale {
            let why = &self.why;
            self.why = format!("{why}; {scale}, since the game draws no more than that");
            self.scale = scale;
        }
        let longest = self.longest_side(size) as u64 * u64::from(scale.get());
        if longest > u64::from(options.max_size) {
            self.action = Action::Copy;
            self.why = format!(
                "would be {longest} pixels long, above --max-size {}",
                options.max_size
            );
            return Ok(());
        }
        let pixels =
            (u64::from(size.0) * u64::from(size.1)).saturating_mul(u64::from(scale.get()).pow(2));
        if pixels > 2 * u64::from(options.max_size).pow(2) {
            self.action = Action::Copy;
            self.why = format!(
                "would have {} million pixels in all, too many for --max-size {}",
                pixels / 1_000_000,
                options.max_size
            );
            return Ok(());
        }
        let facts = look.facts(&again)?;
        self.facts = Some(facts);
        self.rule = self.rule.take().map(|rule| match rule.maybe_normals {
            true if facts.normals => {
                let rule = rule.as_normals();
                if wished.is_none() {
                    self.why = rule.why.to_string();
                }
                rule
            }
            _ => rule,
        });
        if facts.uniform && wished.is_none() {
            self.action = Action::Copy;
            self.why = "one colour".to_owned();
            self.plain = true;
        }
        if self
            .rule
            .as_ref()
            .is_some_and(|rule| rule.palette_key.is_some() || rule.own_palette)
        {
            self.colours = look.colours(&again)?;
        }
        Ok(())
    }

    fn skip(&mut self, why: Option<&'static str>) {
        self.action = Action::Skip;
        self.why = why.unwrap_or_default().to_owned();
    }

    /// What a graphics card must hold in one piece: a frame of an animation or of a sprite in an atlas, a whole
    /// other texture.
    fn longest_side(&self, (width, height): (u32, u32)) -> u32 {
        let whole = width.max(height);
        let Some(rule) = &self.rule else { return whole };
        let strip = rule.cells.len() > 1 && rule.cells.iter().all(|cell| cell.rect.width == width);
        if rule.atlas.is_none() && !strip {
            return whole;
        }
        let sides = rule
            .cells
            .iter()
            .map(|cell| cell.rect.width.max(cell.rect.height));
        sides.max().unwrap_or(whole)
    }

    /// The scale that is wanted, or what remains of it by halves where the game draws only so many pixels.
    fn fitting_scale(&self) -> Option<Scale> {
        let rule = self.rule.as_ref()?;
        let Some(largest) = rule.largest_cell else {
            return Some(self.scale);
        };
        let sides = rule.cells.iter();
        let side = sides
            .map(|cell| cell.rect.width.max(cell.rect.height))
            .max()?;
        let halves = std::iter::successors(Some(self.scale.get()), |scale| Some(scale / 2));
        let fits = |scale: &u32| u64::from(side) * u64::from(*scale) <= u64::from(largest);
        let scale = halves.take_while(|scale| *scale > 0).find(fits)?;
        // Not at all, but for who asked for that.
        (scale > 1 || scale == self.scale.get())
            .then(|| Scale::new(scale).ok())
            .flatten()
    }

    fn scaled(&self) -> bool {
        matches!(self.action, Action::Nearest | Action::Enhance)
    }

    /// The search for a face, where one is wanted and may find one: in blocks, items, mobs and pictures, but not in
    /// what is recoloured, and not for ever in a large one.
    fn dream(&self) -> Option<Dream> {
        let rule = self.rule.as_ref()?;
        let suits = matches!(
            rule.kind,
            AssetKind::Block
                | AssetKind::Item
                | AssetKind::Entity
                | AssetKind::Painting
                | AssetKind::MobEffect
        );
        let colour = rule.channels == Channels::Colour;
        let recoloured = rule.palette_key.is_some() || rule.own_palette;
        let (width, height) = self.size?;
        let small = u64::from(width) * u64::from(height) <= DREAM_TEXELS;
        let Settings {
            dream, iterations, ..
        } = self.settings;
        (self.action == Action::Enhance && dream > 0 && suits && colour && !recoloured && small)
            .then_some(Dream {
                tries: dream,
                iterations: if iterations > 1 {
                    iterations
                } else {
                    DREAM_ITERATIONS
                },
                seed: DREAM_SEED,
            })
    }

    fn cells(&self) -> Vec<Cell> {
        let (width, height) = self.size.unwrap_or_default();
        let mut cells = match &self.rule {
            Some(rule) if !rule.cells.is_empty() => rule.cells.clone(),
            _ => vec![Cell::whole(width, height, Edges::CLAMP)],
        };
        if let Some(choice) = self.settings.edges {
            for cell in &mut cells {
                cell.edges = choice.edges();
            }
        }
        cells
    }

    fn row(&self, models: &[ModelInfo], palettes: &Palettes) -> PlanRow {
        let job = self.scaled().then(|| self.job(models, palettes));
        let size_out = match self.size {
            Some((width, height)) if self.scaled() => {
                let scale = self.scale.get();
                Some((width * scale, height * scale))
            }
            size => size,
        };
        PlanRow {
            entry: self.entry,
            name: self.name.clone(),
            kind: self.rule.as_ref().map(|rule| rule.kind),
            action: self.action,
            why: self.why.clone(),
            size_in: self.size,
            size_out,
            frames: job.as_ref().map_or(1, |job| job.recipe.cells.len()),
            model: (self.action == Action::Enhance).then(|| self.settings.model.clone()),
            edges: job.as_ref().map(|job| edges_label(&job.recipe.cells)),
            sure: self.rule.as_ref().is_none_or(|rule| rule.sure),
            error: self.error.clone(),
            job,
        }
    }

    fn job(&self, models: &[ModelInfo], palettes: &Palettes) -> Job {
        let rule = self.rule.as_ref().expect("a scaled texture has a rule");
        let enhance = self.action == Action::Enhance;
        let model = if enhance {
            models
                .iter()
                .position(|model| model.name == self.settings.model)
        } else {
            None
        };
        let key = rule.palette_key.as_ref();
        let palette = match key.and_then(|key| palettes.get(key)) {
            Some(colours) => Some(colours.clone()),
            None => (key.is_some() || rule.own_palette).then(|| self.colours.clone()),
        };
        let recipe = Recipe {
            method: if enhance {
                Method::Network
            } else {
                Method::Nearest
            },
            cells: self.cells(),
            channels: rule.channels,
            alpha: match self.settings.alpha {
                Some(AlphaChoice::Nearest) => AlphaRule::Nearest,
                _ => AlphaRule::KeepClass,
            },
            grey: self.facts.is_some_and(|facts| facts.grey),
            palette,
            glyphs: rule.glyphs,
            keep_hidden_rgb: rule.keep_hidden_rgb,
            alpha_channel: rule.kind == AssetKind::Banner,
            fidelity: self.settings.fidelity,
            preblur: self.settings.preblur,
            nudge: None,
            iterations: self.settings.iterations,
            scale: self.scale,
        };
        let dream = self.dream();
        let (tiles, bytes) = cost(
            &recipe,
            dream,
            self.size.unwrap_or_default(),
            model.map(|model| &models[model]),
        );
        Job {
            recipe,
            dream,
            model,
            tiles,
            bytes,
            group: self.group,
        }
    }
}

/// Tiles, and memory at the worst moment: the blend, the picture before and after its last steps.
fn cost(
    recipe: &Recipe,
    dream: Option<Dream>,
    (width, height): (u32, u32),
    model: Option<&ModelInfo>,
) -> (u64, u64) {
    let pixels = u64::from(width) * u64::from(height);
    let factor = |scale: Scale| u64::from(scale.get()).pow(2);
    let finished = pixels * factor(recipe.scale) * 4;
    let Some(model) = model else {
        return (0, finished * 2);
    };
    let (mut tiles, mut cut) = (0, 0);
    for cell in &recipe.cells {
        let Rect { width, height, .. } = cell.rect;
        let grid = TileGrid::new(width, height, cell.edges, model.tiling);
        tiles += grid.len() as u64;
        let (columns, rows) = grid.tile();
        cut += grid.len() as u64 * u64::from(columns) * u64::from(rows) * 12;
    }
    let blend = pixels * factor(model.scale) * 12;
    let runs = dream.map_or(u64::from(recipe.iterations), |dream| {
        u64::from(dream.tries) * u64::from(dream.iterations)
    });
    (tiles * runs, cut + blend + finished * 2)
}

fn edges_label(cells: &[Cell]) -> &'static str {
    let label = |edges: Edges| match edges {
        Edges::WRAP => "wrap",
        Edges::CLAMP => "clamp",
        Edges::TRANSPARENT => "transparent",
        Edges::WRAP_X => "wrap-x",
        Edges::WRAP_Y => "wrap-y",
        edges if edges == Edges::all(Edge::Neighbour) => "neighbour",
        _ => "mixed",
    };
    let mut labels = cells.iter().map(|cell| label(cell.edges));
    let first = labels.next().unwrap_or("clamp");
    if labels.all(|label| label == first) {
        first
    } else {
        "mixed"
    }
}

/// The colours of each palette picture that some texture is bound to.
type Palettes = BTreeMap<String, Vec<[u8; 3]>>;

fn palettes(pack: &Pack, drafts: &[Draft], look: &LookAt<'_>) -> Palettes {
    let keys: BTreeSet<&String> = drafts
        .iter()
        .filter(|draft| draft.scaled())
        .filter_map(|draft| draft.rule.as_ref()?.palette_key.as_ref())
        .collect();
    keys.into_iter()
        .filter_map(|key| {
            let entry = pack.find(key)?;
            let again = || pack.read(entry).map_err(|error| chain(&error));
            let colours = look(entry).ok()?.colours(&again).ok()?;
            (!colours.is_empty()).then(|| (key.clone(), colours))
        })
        .collect()
}

/// Textures that must have the same factor get it: those of one group of the rules, such as those at the same path in
/// the pack and its overlays. If one of them cannot be scaled, none is.
fn settle_groups(drafts: &mut [Draft]) {
    let mut sets: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, draft) in drafts.iter().enumerate() {
        if let Some(group) = draft.rule.as_ref().and_then(|rule| rule.group.as_ref()) {
            sets.entry(group.clone()).or_default().push(at);
        }
    }
    // Sets that share a texture are one: each texture points at the smallest of its set, as far as is known.
    let mut leader: Vec<usize> = (0..drafts.len()).collect();
    fn find(leader: &[usize], mut at: usize) -> usize {
        while leader[at] != at {
            at = leader[at];
        }
        at
    }
    for set in sets.values() {
        for pair in set.windows(2) {
            let (one, other) = (find(&leader, pair[0]), find(&leader, pair[1]));
            leader[one.max(other)] = one.min(other);
        }
    }
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in 0..drafts.len() {
        members.entry(find(&leader, at)).or_default().push(at);
    }
    for (group, set) in members.into_iter().filter(|(_, set)| set.len() > 1) {
        let stays = set
            .iter()
            .find(|at| !drafts[**at].scaled() && !drafts[**at].plain);
        let some_scaled = set.iter().any(|at| drafts[*at].scaled());
        if !some_scaled {
            continue;
        }
        let stays = stays.map(|at| drafts[*at].name.clone());
        for at in set {
            let draft = &mut drafts[at];
            draft.group = Some(group);
            match &stays {
                Some(other) if draft.scaled() => {
                    draft.action = Action::Copy;
                    draft.why = format!("must stay as large as {other}");
                }
                None if draft.plain => {
                    draft.action = Action::Nearest;
                    draft.why = "one colour, but as large as the rest of its group".to_owned();
                }
                _ => {}
            }
        }
    }
}

fn pack_warnings(pack: &Pack, rules: &Rules, rows: &[PlanRow]) -> Vec<String> {
    let mut warnings: Vec<String> = pack.warnings().iter().map(ToString::to_string).collect();
    warnings.extend(rules.notes().iter().map(ToString::to_string));
    warnings.extend(rows.iter().filter_map(|row| {
        row.error
            .as_ref()
            .map(|error| format!("{}: {error}", row.name))
    }));
    let texture = |row: &PlanRow| row.kind.is_some_and(|kind| kind != AssetKind::PackIcon);
    if !rows.iter().any(texture) {
        warnings.push(
            "the pack holds no textures (PNG files in assets): there is nothing to enhance"
                .to_owned(),
        );
    }
    warnings
}

/// Whether the rules may have something to say about this file when textures grow.
pub(crate) fn is_companion(name: &str) -> bool {
    name.ends_with(".png.mcmeta") || name.ends_with(".properties")
}

/// Rows for the sidecars and properties that follow their textures.
fn companions(
    pack: &Pack,
    rules: &Rules,
    scale: Scale,
    rows: &[PlanRow],
    warnings: &mut Vec<String>,
) -> Vec<PlanRow> {
    let scaled: HashMap<&str, bool> = rows
        .iter()
        .map(|row| (row.name.as_str(), row.job.is_some()))
        .collect();
    let enhanced = |name: &str| scaled.get(name).copied().unwrap_or(false);
    let mut found = Vec::new();
    for (entry, file) in pack.entries().iter().enumerate() {
        if file.directory || !is_companion(&file.name) {
            continue;
        }
        // An unreadable one is the writer's concern.
        let Ok(bytes) = pack.read(entry) else {
            continue;
        };
        match rules.companion(&file.name, &bytes, scale, &enhanced) {
            Ok(None) => {}
            Ok(Some(_)) => found.push(PlanRow {
                entry,
                name: file.name.clone(),
                kind: None,
                action: Action::Rewrite,
                why: "its numbers are pixels".to_owned(),
                size_in: None,
                size_out: None,
                frames: 1,
                model: None,
                edges: None,
                sure: true,
                error: None,
                job: None,
            }),
            Err(error) => warnings.push(format!("{}: {}", file.name, chain(&error))),
        }
    }
    found
}

/// An error with its sources, on one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
