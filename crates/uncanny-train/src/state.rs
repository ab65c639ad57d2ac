//! What a training leaves on disk so that it can go on: weights, averaged weights, the optimisers' moments and the
//! iteration, in one file that is replaced whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tch::nn::VarStore;
use tch::{Device, Tensor};
use uncanny_model::checkpoint::{self, Checkpoint, StateDict};
use uncanny_model::tensors::{from_tensor, to_tensor};

use crate::adam::Adam;
use crate::{Error, Result};

const WEIGHTS: &str = "weights.";
const AVERAGE: &str = "average.";
const FIRST: &str = "first.";
const SECOND: &str = "second.";
/// Before all of these, the critic's.
const CRITIC: &str = "critic.";

/// How much faster than the others the generator's weights with an equalised learning rate learn. They are stored
/// about 20 times as large as they are used, and Adam's steps do not grow with them: at 1 a face network of width 128
/// was, after 9,700 iterations, where at 8 it was after 900.
const EQUALISED_HASTE: f64 = 8.0;

/// The file's name in the training's folder.
pub(crate) fn path(folder: &Path) -> PathBuf {
    folder.join("state.safetensors")
}

/// Variables in training, sorted by name, and their optimiser.
pub(crate) struct Learner {
    names: Vec<String>,
    variables: Vec<Tensor>,
    /// Those of `variables` that are learned.
    parameters: Vec<Tensor>,
    parameter_names: Vec<String>,
    haste: Vec<f64>,
    adam: Adam,
    betas: (f64, f64),
    /// Steps since the moments were forgotten.
    taken: u64,
}

impl Learner {
    /// Weights with an equalised learning rate go `haste` times as fast.
    fn new(store: &VarStore, betas: (f64, f64), haste: f64) -> Learner {
        let mut named: Vec<_> = store.variables().into_iter().collect();
        named.sort_by(|a, b| a.0.cmp(&b.0));
        let (names, variables): (Vec<_>, Vec<_>) = named.into_iter().unzip();
        let learned = || {
            names
                .iter()
                .zip(&variables)
                .filter(|(_, variable)| variable.requires_grad())
        };
        let parameters: Vec<Tensor> = learned().map(|(_, v)| v.shallow_clone()).collect();
        let parameter_names: Vec<String> = learned().map(|(name, _)| name.clone()).collect();
        let of = |name: &String| {
            if name.ends_with("weight_orig") {
                haste
            } else {
                1.0
            }
        };
        let haste: Vec<f64> = parameter_names.iter().map(of).collect();
        Learner {
            adam: Adam::new(&parameters, haste.clone(), betas),
            names,
            variables,
            parameters,
            parameter_names,
            haste,
            betas,
            taken: 0,
        }
    }

    /// One step along the gradients, which are then cleared.
    pub(crate) fn step(&mut self, rate: f64) -> Result<()> {
        self.adam.step(&self.parameters, rate, self.taken)?;
        self.taken += 1;
        Ok(())
    }

    /// The next step is the first one again.
    pub(crate) fn forget(&mut self) {
        self.adam = Adam::new(&self.parameters, self.haste.clone(), self.betas);
        self.taken = 0;
    }

    /// Whether gradients go to these variables from now on.
    pub(crate) fn learn(&self, on: bool) {
        for parameter in &self.parameters {
            let _ = parameter.set_requires_grad(on);
        }
    }

    fn put(&self, state: &mut StateDict, prefix: &str) -> Result<()> {
        for (name, variable) in self.names.iter().zip(&self.variables) {
            state.insert(format!("{prefix}{WEIGHTS}{name}"), from_tensor(variable)?);
        }
        for (name, (first, second)) in self.parameter_names.iter().zip(&self.adam.moments) {
            state.insert(format!("{prefix}{FIRST}{name}"), from_tensor(first)?);
            state.insert(format!("{prefix}{SECOND}{name}"), from_tensor(second)?);
        }
        Ok(())
    }

    fn fill(&mut self, saved: &Saved<'_>, prefix: &str, taken: u64) -> Result<()> {
        for (name, variable) in self.names.iter().zip(&self.variables) {
            saved.copy(&format!("{prefix}{WEIGHTS}{name}"), variable)?;
        }
        for (name, (first, second)) in self.parameter_names.iter().zip(&self.adam.moments) {
            saved.copy(&format!("{prefix}{FIRST}{name}"), first)?;
            saved.copy(&format!("{prefix}{SECOND}{name}"), second)?;
        }
        self.taken = taken;
        Ok(())
    }
}

/// A network in training: its variables, their running average, its critic, and how far it is.
pub(crate) struct Training {
    pub(crate) network: Learner,
    average: Vec<Tensor>,
    /// How much of the average stays at every iteration.
    decay: f64,
    pub(crate) critic: Option<Learner>,
    /// How many iterations are done.
    pub(crate) iteration: u64,
}

impl Training {
    pub(crate) fn new(
        store: &VarStore,
        betas: (f64, f64),
        decay: f64,
        critic: Option<(&VarStore, (f64, f64))>,
    ) -> Training {
        let network = Learner::new(store, betas, EQUALISED_HASTE);
        Training {
            average: network
                .variables
                .iter()
                .map(|variable| variable.detach().copy())
                .collect(),
            network,
            decay,
            critic: critic.map(|(store, betas)| Learner::new(store, betas, 1.0)),
            iteration: 0,
        }
    }

    /// The iteration is done: the average follows.
    pub(crate) fn follow(&mut self) -> Result<()> {
        // Early on the average follows closely: the first weights are noise.
        let done = self.iteration as f64;
        let decay = self.decay.min((1.0 + done) / (10.0 + done));
        tch::no_grad(|| {
            for (average, variable) in self.average.iter_mut().zip(&self.network.variables) {
                let _ = average.f_lerp_(variable, 1.0 - decay)?;
            }
            Ok::<_, tch::TchError>(())
        })?;
        self.iteration += 1;
        Ok(())
    }

    /// The averaged weights, by their published key names.
    pub(crate) fn averaged(&self) -> Result<StateDict> {
        let mut state = StateDict::new();
        for (name, tensor) in self.network.names.iter().zip(&self.average) {
            state.insert(name.clone(), from_tensor(tensor)?);
        }
        Ok(state)
    }

    pub(crate) fn save(&self, path: &Path, identity: &str) -> Result<()> {
        let mut state = StateDict::new();
        self.network.put(&mut state, "")?;
        for (name, average) in self.network.names.iter().zip(&self.average) {
            state.insert(format!("{AVERAGE}{name}"), from_tensor(average)?);
        }
        let mut metadata = BTreeMap::from([
            ("iteration".to_owned(), self.iteration.to_string()),
            ("options".to_owned(), identity.to_owned()),
            ("taken".to_owned(), self.network.taken.to_string()),
        ]);
        if let Some(critic) = &self.critic {
            critic.put(&mut state, CRITIC)?;
            metadata.insert("critic_taken".to_owned(), critic.taken.to_string());
        }
        Ok(checkpoint::write_safetensors(
            path, &state, &metadata, None,
        )?)
    }

    /// Goes on from `path`, which must come from a training of the same `identity`.
    pub(crate) fn load(&mut self, path: &Path, identity: &str, device: Device) -> Result<()> {
        let checkpoint = checkpoint::read(path)?;
        let saved = Saved {
            path,
            checkpoint: &checkpoint,
            device,
        };
        let was = saved.said("options")?;
        if was != identity {
            return Err(Error::OtherTraining {
                path: path.to_owned(),
                was: was.to_owned(),
                wanted: identity.to_owned(),
            });
        }
        self.network.fill(&saved, "", saved.number("taken")?)?;
        for (name, average) in self.network.names.iter().zip(&self.average) {
            saved.copy(&format!("{AVERAGE}{name}"), average)?;
        }
        // A critic that the recipe has only now begins anew.
        if let (Some(critic), Ok(taken)) = (&mut self.critic, saved.number("critic_taken")) {
            critic.fill(&saved, CRITIC, taken)?;
        }
        self.iteration = saved.number("iteration")?;
        Ok(())
    }
}

/// A state that was read.
struct Saved<'a> {
    path: &'a Path,
    checkpoint: &'a Checkpoint,
    device: Device,
}

impl Saved<'_> {
    fn lacks(&self, what: &str) -> Error {
        Error::BadState {
            path: self.path.to_owned(),
            what: what.to_owned(),
        }
    }

    fn said(&self, key: &str) -> Result<&str> {
        let found = self.checkpoint.metadata.get(key);
        found.map(String::as_str).ok_or_else(|| self.lacks(key))
    }

    fn number(&self, key: &str) -> Result<u64> {
        self.said(key)?.parse().map_err(|_| self.lacks(key))
    }

    fn copy(&self, key: &str, target: &Tensor) -> Result<()> {
        let data = self
            .checkpoint
            .state
            .get(key)
            .ok_or_else(|| self.lacks(key))?;
        let value = to_tensor(data)?.f_to_device(self.device)?;
        if value.size() != target.size() {
            return Err(self.lacks(&format!("{key} of shape {:?}", target.size())));
        }
        tch::no_grad(|| target.shallow_clone().f_copy_(&value))?;
        Ok(())
    }
}
