//! What a training leaves on disk so that it can go on: weights, averaged weights, the optimiser's
//! moments and the iteration, in one file that is replaced whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tch::nn::VarStore;
use tch::{Device, Tensor};
use uncanny_model::checkpoint::{self, StateDict};
use uncanny_model::tensors::{from_tensor, to_tensor};

use crate::adam::Adam;
use crate::{Error, Result};

const WEIGHTS: &str = "weights.";
const AVERAGE: &str = "average.";
const FIRST: &str = "first.";
const SECOND: &str = "second.";

/// How slowly the running average of the weights, which is what is kept, follows them.
const AVERAGE_DECAY: f64 = 0.999;

/// The file's name in the training's folder.
pub(crate) fn path(folder: &Path) -> PathBuf {
    folder.join("state.safetensors")
}

/// A network in training: its variables sorted by name, their running average, and the optimiser.
pub(crate) struct Training {
    names: Vec<String>,
    variables: Vec<Tensor>,
    average: Vec<Tensor>,
    /// Those of `variables` that are learned.
    parameters: Vec<Tensor>,
    parameter_names: Vec<String>,
    adam: Adam,
    betas: (f64, f64),
    /// How many iterations are done.
    pub(crate) iteration: u64,
}

impl Training {
    pub(crate) fn new(store: &VarStore, betas: (f64, f64)) -> Training {
        let mut named: Vec<_> = store.variables().into_iter().collect();
        named.sort_by(|a, b| a.0.cmp(&b.0));
        let (names, variables): (Vec<_>, Vec<_>) = named.into_iter().unzip();
        let learned = |v: &Tensor| v.requires_grad();
        let parameters: Vec<Tensor> = variables
            .iter()
            .filter(|v| learned(v))
            .map(Tensor::shallow_clone)
            .collect();
        let parameter_names = names
            .iter()
            .zip(&variables)
            .filter(|(_, v)| learned(v))
            .map(|(n, _)| n.clone())
            .collect();
        Training {
            average: variables.iter().map(|v| v.detach().copy()).collect(),
            adam: Adam::new(&parameters, betas),
            names,
            variables,
            parameters,
            parameter_names,
            betas,
            iteration: 0,
        }
    }

    /// One step along the gradients; `within` counts the iterations of the network's newest step,
    /// at whose start the moments are forgotten.
    pub(crate) fn step(&mut self, rate: f64, within: u64) -> Result<()> {
        if within == 0 {
            self.adam = Adam::new(&self.parameters, self.betas);
        }
        self.adam.step(&self.parameters, rate, within)?;
        // Early on the average follows closely: the first weights are noise.
        let done = self.iteration as f64;
        let decay = AVERAGE_DECAY.min((1.0 + done) / (10.0 + done));
        tch::no_grad(|| {
            for (average, variable) in self.average.iter_mut().zip(&self.variables) {
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
        for (name, tensor) in self.names.iter().zip(&self.average) {
            state.insert(name.clone(), from_tensor(tensor)?);
        }
        Ok(state)
    }

    pub(crate) fn save(&self, path: &Path, options: &str) -> Result<()> {
        let mut state = StateDict::new();
        let mut put = |prefix: &str, name: &str, tensor: &Tensor| -> Result<()> {
            state.insert(format!("{prefix}{name}"), from_tensor(tensor)?);
            Ok(())
        };
        for ((name, variable), average) in self.names.iter().zip(&self.variables).zip(&self.average)
        {
            put(WEIGHTS, name, variable)?;
            put(AVERAGE, name, average)?;
        }
        for (name, (first, second)) in self.parameter_names.iter().zip(&self.adam.moments) {
            put(FIRST, name, first)?;
            put(SECOND, name, second)?;
        }
        let metadata = BTreeMap::from([
            ("iteration".to_owned(), self.iteration.to_string()),
            ("options".to_owned(), options.to_owned()),
        ]);
        Ok(checkpoint::write_safetensors(
            path, &state, &metadata, None,
        )?)
    }

    /// Goes on from `path`, which must come from the same `options`.
    pub(crate) fn load(&mut self, path: &Path, options: &str, device: Device) -> Result<()> {
        let saved = checkpoint::read(path)?;
        let lacks = |what: &str| Error::BadState {
            path: path.to_owned(),
            what: what.to_owned(),
        };
        let was = saved
            .metadata
            .get("options")
            .ok_or_else(|| lacks("its options"))?;
        if was != options {
            return Err(Error::OtherTraining {
                path: path.to_owned(),
                was: was.clone(),
                wanted: options.to_owned(),
            });
        }
        let iteration = saved
            .metadata
            .get("iteration")
            .and_then(|text| text.parse().ok());
        let iteration = iteration.ok_or_else(|| lacks("its iteration"))?;
        let fill = |prefix: &str, name: &str, target: &Tensor| -> Result<()> {
            let key = format!("{prefix}{name}");
            let data = saved.state.get(&key).ok_or_else(|| lacks(&key))?;
            let value = to_tensor(data)?.f_to_device(device)?;
            tch::no_grad(|| target.shallow_clone().f_copy_(&value))?;
            Ok(())
        };
        for ((name, variable), average) in self.names.iter().zip(&self.variables).zip(&self.average)
        {
            fill(WEIGHTS, name, variable)?;
            fill(AVERAGE, name, average)?;
        }
        for (name, (first, second)) in self.parameter_names.iter().zip(&self.adam.moments) {
            fill(FIRST, name, first)?;
            fill(SECOND, name, second)?;
        }
        self.iteration = iteration;
        Ok(())
    }
}
