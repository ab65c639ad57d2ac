//! The one thread that owns the models: takes jobs from the queue, one after the other, and tells what comes of them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use uncanny::{ModelError, Models};
use uncanny_texture::{Cell, Edges, Nudge, Recipe, Tiling, Work, upscale_all};

use super::queue::{Job, News, Queue};
use super::settings::SIDE;
use crate::diagnostics;
use crate::enhancer::default_hint;

/// Works until the queue is closed.
pub(crate) fn run(queue: &Queue, models: &mut dyn Models) {
    while let Some(job) = queue.take() {
        // A network that panics spoils one picture, not the page.
        let ended = catch_unwind(AssertUnwindSafe(|| work(&job, models)));
        job.tell(match ended {
            Ok(Ok(())) if job.superseded() => News::Superseded,
            Ok(Ok(())) => News::Done,
            Ok(Err(error)) => News::Failed(diagnostics::one_line(error.as_ref())),
            Err(_) => News::Failed("the model failed".to_owned()),
        });
    }
}

fn work(job: &Job, models: &mut dyn Models) -> Result<(), ModelError> {
    let asked = &job.settings;
    let model = models.resolve(&asked.model)?;
    let scale = model.scale();
    let mut recipe = Recipe::new(vec![Cell::whole(SIDE, SIDE, Edges::CLAMP)], scale);
    recipe.iterations = asked.iterations;
    recipe.preblur = asked.preblur;
    let hint = asked.hint.unwrap_or_else(|| default_hint(&asked.model));
    recipe.nudge = Nudge::hinting(hint);
    recipe.fidelity = asked.fidelity;
    // The network sees all of the picture at once, as in `uncanny::picture`.
    let mut work = Work::new(
        job.picture.clone(),
        recipe,
        scale,
        Tiling::fixed(SIDE, SIDE, 0),
    );
    for iteration in 1..=asked.iterations {
        if !job.wanted() {
            break;
        }
        upscale_all(std::slice::from_mut(&mut work), model, &mut |_| true)?;
        job.tell(News::Iteration(iteration, work.so_far()));
        work.step();
    }
    Ok(())
}
