//! `uncanny models list|show|add|remove`. What a name means is decided in `crate::models`.

mod about;
mod add;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use uncanny_model::{Device, Network, Programs};
use uncanny_registry::{Catalogue, ModelFile, NamedModel};

use self::about::{About, Facts, count, gflop};
use crate::args::{ModelsAction, ModelsArgs};
use crate::diagnostics::after_output;
use crate::error::Error;
use crate::logging::Talk;
use crate::models;
use crate::{diagnostics, output};

pub(crate) fn run(args: &ModelsArgs, talk: Talk) -> Result<u8, Error> {
    let catalogue = Catalogue::of_user();
    match &args.action {
        None | Some(ModelsAction::List) => list(&catalogue, args.json),
        Some(ModelsAction::Show { model, trust }) => {
            show(&catalogue, model, trust.programs(), args.json)
        }
        Some(ModelsAction::Add(add)) => add::run(&catalogue, add, args.json, talk),
        Some(ModelsAction::Remove { name }) => remove(&catalogue, name, args.json),
    }
}

/// What `list` says of a model.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    from: From,
    /// The file of a model in the user's folder.
    path: Option<PathBuf>,
    #[serde(flatten)]
    facts: Option<Facts>,
    /// Why it cannot be used.
    problem: Option<String>,
}

/// Where a model comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum From {
    Shipped,
    Classical,
    File,
}

#[derive(Debug, Serialize)]
struct Listing {
    /// The user's folder, where one is known.
    folder: Option<PathBuf>,
    models: Vec<Row>,
}

fn list(catalogue: &Catalogue, json: bool) -> Result<u8, Error> {
    let ours = Catalogue::built_in().map(|(name, _)| Row::built_in(catalogue, name));
    let own = catalogue.files()?;
    let listing = Listing {
        folder: catalogue.folder().map(Path::to_owned),
        models: ours.chain(own.iter().map(Row::own)).collect(),
    };
    print(json, &listing, |out| listing.write(out))?;
    Ok(0)
}

/// Data for programs or for people.
fn print(
    json: bool,
    data: &impl Serialize,
    text: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    output::print(|out| {
        if json {
            serde_json::to_writer_pretty(&mut *out, data)?;
            writeln!(out)
        } else {
            text(out)
        }
    })
}

impl Row {
    fn new(name: &str, from: From, network: Option<uncanny_model::Result<Network>>) -> Self {
        let (facts, problem) = match network {
            None => (None, None),
            Some(Ok(network)) => (Some(Facts::of(&network)), None),
            Some(Err(error)) => (None, Some(diagnostics::one_line(&error))),
        };
        Self {
            name: name.to_owned(),
            from,
            path: None,
            facts,
            problem,
        }
    }

    fn built_in(catalogue: &Catalogue, name: &str) -> Self {
        match catalogue.find(name) {
            Ok(NamedModel::Shipped(shipped)) => {
                Self::new(name, From::Shipped, Some(shipped.load(Device::CPU)))
            }
            _ => Self::new(name, From::Classical, None),
        }
    }

    fn own(file: &ModelFile) -> Self {
        let network = Network::load(&file.path, Device::CPU);
        let mut row = Self::new(&file.name, From::File, Some(network));
        row.path = Some(file.path.clone());
        if file.hidden() {
            let file = file.file_name();
            row.problem.get_or_insert(format!(
                "hidden by the model that comes with the program; rename {file}"
            ));
        }
        row
    }

    fn cells(&self) -> [String; 6] {
        let facts = self.facts.as_ref();
        let cell = |text: Option<String>, none: &str| text.unwrap_or_else(|| none.to_owned());
        [
            self.name.clone(),
            cell(facts.map(|facts| facts.architecture.clone()), "resizing"),
            cell(facts.map(|facts| format!("{}x", facts.scale)), "any"),
            cell(facts.map(|facts| count(facts.parameters)), "-"),
            cell(facts.map(|facts| gflop(facts.gflop_per_tile)), "-"),
            match (&self.path, self.from) {
                (Some(path), _) => name_of_file(path),
                (None, From::Shipped) => "shipped".to_owned(),
                (None, _) => "classical".to_owned(),
            },
        ]
    }
}

fn name_of_file(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

impl Listing {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let head = [
            "NAME",
            "ARCHITECTURE",
            "SCALE",
            "PARAMETERS",
            "GFLOP/TILE",
            "FROM",
        ];
        let usable: Vec<[String; 6]> = self
            .models
            .iter()
            .filter(|row| row.problem.is_none())
            .map(Row::cells)
            .collect();
        let width = |column: usize| {
            let cells = usable.iter().map(|cells| cells[column].chars().count());
            cells.max().unwrap_or(0).max(head[column].len())
        };
        let widths: [usize; 6] = std::array::from_fn(width);
        let mut line = |cells: [&str; 6]| {
            let mut text = String::new();
            for (column, cell) in cells.into_iter().enumerate() {
                let width = widths[column];
                // Numbers stand under numbers.
                match column {
                    2..=4 => text.push_str(&format!("{cell:>width$}  ")),
                    _ => text.push_str(&format!("{cell:<width$}  ")),
                }
            }
            writeln!(out, "{}", text.trim_end())
        };
        line(head)?;
        for cells in &usable {
            line(cells.each_ref().map(String::as_str))?;
        }
        for row in &self.models {
            if let (Some(problem), Some(path)) = (&row.problem, &row.path) {
                writeln!(out, "{} cannot be used: {problem}", name_of_file(path))?;
            } else if let Some(problem) = &row.problem {
                writeln!(out, "{} cannot be used: {problem}", row.name)?;
            }
        }
        if let Some(folder) = &self.folder {
            writeln!(
                out,
                "\n`uncanny models add FILE|URL` puts more into {}",
                folder.display()
            )?;
        }
        Ok(())
    }
}

fn show(catalogue: &Catalogue, model: &str, programs: Programs, json: bool) -> Result<u8, Error> {
    let about = About::new(model, &catalogue.find(model)?, programs)?;
    print(json, &about, |out| about.write(out))?;
    Ok(0)
}

#[derive(Debug, Serialize)]
struct Removed {
    removed: Vec<PathBuf>,
}

fn remove(catalogue: &Catalogue, name: &str, json: bool) -> Result<u8, Error> {
    let file = match catalogue.file(name)? {
        Some(file) => file,
        None if Catalogue::is_built_in(name) => {
            return Err(models::Error::BuiltIn {
                name: name.to_owned(),
            }
            .into());
        }
        None => return Err(catalogue.unknown(name).into()),
    };
    let mut removed = vec![file.path.clone()];
    delete(&file.path)?;
    // Its card goes with it, unless another file of its name is left to describe.
    let card = about::card_of(&file.path);
    if card.is_file() && catalogue.called(&file.name)?.is_empty() {
        delete(&card)?;
        removed.push(card);
    }
    let removed = Removed { removed };
    let printed = print(json, &removed, |out| {
        for path in &removed.removed {
            writeln!(out, "removed {}", path.display())?;
        }
        Ok(())
    });
    Ok(after_output(printed))
}

fn delete(path: &Path) -> Result<(), models::Error> {
    fs::remove_file(path).map_err(|source| models::Error::File {
        doing: "remove",
        path: path.to_owned(),
        source,
    })
}
