//! A checkpoint on a device, ready to enhance: detection, batching, running out of memory.

use std::path::Path;

use tch::{Kind, TchError, Tensor};
use uncanny_texture::{RgbPlanes, Scale, TileEdges, Tiling, UpscaleError, Upscaler};

use crate::arch::{self, Forward, Place, script};
use crate::checkpoint::{self, Checkpoint, Problem};
use crate::error::first_few;
use crate::tensors::{batch, try_channels_last, unbatch};
use crate::workers::spread;
use crate::{Device, Error, Result, runtime};

/// What a checkpoint is, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The architecture and its hyperparameters, as in "PFSR, width 128".
    pub architecture: String,
    /// The enlargement.
    pub scale: Scale,
    /// How many numbers it was trained to.
    pub parameters: u64,
    /// Floating-point operations for one 16x16 tile; 0 where nobody knows, as of a TorchScript program.
    pub flops_per_tile: u64,
}

/// What TorchScript programs may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Programs {
    /// What super-resolution networks are made of, within bounds; anything else is refused by name.
    #[default]
    Checked,
    /// Whatever libtorch can do, writing into files and taking all memory included. For a file of one's own, or of
    /// somebody who is trusted as one trusts the author of a program; never for one that another file names.
    Trusted,
}

/// A super-resolution network on a device.
#[derive(Debug)]
pub struct Network {
    name: String,
    fingerprint: [u8; 32],
    description: Description,
    /// One for each worker; never none.
    workers: Vec<Worker>,
    tiling: Tiling,
    device: Device,
    /// Its usual tiles that go through a worker at once.
    batch: usize,
}

/// The network where one thread uses it.
#[derive(Debug)]
struct Worker {
    network: Box<dyn Forward>,
    device: Device,
    kind: Kind,
}

impl Worker {
    fn forward(&self, x: &Tensor, edges: TileEdges) -> Result<Tensor, TchError> {
        tch::no_grad(|| {
            let x = x.f_to_device(self.device.torch())?.f_to_kind(self.kind)?;
            self.network.forward(&try_channels_last(&x)?, edges)
        })
    }

    /// Always a whole batch, filled up where the tiles are fewer: libtorch sums in another order for another
    /// number of tiles, and a tile's last bit would depend on how many others were wanted (or cached) with it.
    fn enhance(
        &self,
        tiles: &[RgbPlanes],
        count: usize,
        edges: TileEdges,
    ) -> Result<Vec<RgbPlanes>, TchError> {
        let all = batch(tiles, count)?;
        unbatch(&self.forward(&all, edges)?, tiles.len())
    }
}

/// Texels that all workers together may have in work on a CPU, beyond one batch, at least and at most, and for each worker
/// in between: each texel takes some 30 KB, so two workers stay below 800 MB with any texture.
const IN_WORK: (usize, usize) = (128 * 128, 4 * 128 * 128);
const IN_WORK_EACH: usize = 64 * 128;

/// Batches that a call gives each worker: the last of them waits for nobody long.
const SHARE: usize = 8;

impl Network {
    /// Loads a checkpoint: safetensors, PyTorch's `.pth` and `.ckpt`, zipped or old, or a TorchScript program, checked.
    ///
    /// # Errors
    /// When the file cannot be read, holds no known architecture, or does not fit it exactly; of a program, when it asks
    /// for what is not allowed ([`Error::ScriptRefused`]) or does not do what a network does.
    pub fn load(path: &Path, device: Device) -> Result<Network> {
        Network::load_with(path, device, Programs::Checked)
    }

    /// The same, with a say in what a TorchScript program may do.
    ///
    /// # Errors
    /// As [`Network::load`].
    pub fn load_with(path: &Path, device: Device, programs: Programs) -> Result<Network> {
        let bytes = checkpoint::read_file(path)?;
        Network::from_bytes_with(&path.display().to_string(), &bytes, device, programs)
    }

    /// Loads a checkpoint that is already in memory. `name` stands in messages.
    ///
    /// # Errors
    /// As [`Network::load`].
    pub fn from_bytes(name: &str, bytes: &[u8], device: Device) -> Result<Network> {
        Network::from_bytes_in(name, bytes, device, device.kind())
    }

    /// The same, with a say in what a TorchScript program may do.
    ///
    /// # Errors
    /// As [`Network::load`].
    pub fn from_bytes_with(
        name: &str,
        bytes: &[u8],
        device: Device,
        programs: Programs,
    ) -> Result<Network> {
        Network::assemble(name, bytes, device, device.kind(), programs)
    }

    /// The same, with convolutions in `kind` where the architecture bears less than 32 bits: as the teacher of a training
    /// in mixed precision.
    ///
    /// # Errors
    /// As [`Network::load`].
    pub fn from_bytes_in(name: &str, bytes: &[u8], device: Device, kind: Kind) -> Result<Network> {
        Network::assemble(name, bytes, device, kind, Programs::Checked)
    }

    fn assemble(
        name: &str,
        bytes: &[u8],
        device: Device,
        kind: Kind,
        programs: Programs,
    ) -> Result<Network> {
        let place = |half: bool| Place {
            device: device.torch(),
            kind: if half { kind } else { Kind::Float },
        };
        let built = match checkpoint::read_bytes(name, bytes) {
            Ok(checkpoint) => build(name, &checkpoint, &place)?,
            Err(error) if matches!(error.problem, Problem::TorchScript) => {
                build_script(name, bytes, place(script::HALF), programs)?
            }
            Err(error) => return Err(error.into()),
        };
        let mut hash = blake3::Hasher::new();
        // The number changes when the same weights give another picture: 2 since edges are padded within.
        // Another device or number format may round the other way: its results are kept apart. Those of
        // other batches differ in last bits alone, and may serve each other; the number of workers changes nothing.
        hash.update(if device == Device::CPU {
            b"cpu 2 "
        } else {
            b"cuda 2 "
        });
        hash.update(bytes);
        Ok(Network {
            name: name.to_owned(),
            fingerprint: *hash.finalize().as_bytes(),
            description: built.description,
            workers: vec![Worker {
                network: built.network,
                device,
                kind: built.kind,
            }],
            tiling: built.tiling,
            device,
            batch: 1,
        }
        .fed()
        .with_workers(runtime::threads()))
    }

    /// Runs in so many threads at once, from now on, each with a libtorch of one thread; on a GPU always in one. What it
    /// makes is the same whatever their number.
    #[must_use]
    pub fn with_workers(mut self, count: usize) -> Network {
        let count = if self.device == Device::CPU { count } else { 1 };
        self.workers.truncate(count.max(1));
        while self.workers.len() < count {
            let Worker {
                network,
                device,
                kind,
            } = &self.workers[0];
            let worker = Worker {
                network: network.share(),
                device: *device,
                kind: *kind,
            };
            self.workers.push(worker);
        }
        self
    }

    /// How many tiles go through at once, from now on.
    #[must_use]
    pub fn with_batch(mut self, batch: usize) -> Network {
        self.batch = batch.max(1);
        self
    }

    /// With batches that suit its device. A device fills up with texels, not with tiles.
    fn fed(self) -> Network {
        if self.device == Device::CPU {
            return self.with_batch(1);
        }
        let texels = gpu_tiles(self.description.flops_per_tile) * 24 * 24;
        let batch = texels / self.tiling.texels();
        self.with_batch(batch)
    }

    /// How many tiles of so many texels go through at once.
    fn batch_of(&self, texels: u32) -> usize {
        (self.batch * self.tiling.texels() / (texels as usize).max(1)).max(1)
    }

    /// What it is.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// N x 3 x h x w in 0..1 (any memory layout, on the CPU) to N x 3 x kh x kw on the device,
    /// about 0..1 and not clamped, in one batch.
    ///
    /// # Errors
    /// What libtorch reports, such as memory running out.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        self.forward_padded(x, TileEdges::ZERO)
    }

    /// The same, padding by these edges where its architecture can ([`Tiling::whole`] is not 0).
    ///
    /// # Errors
    /// What libtorch reports, such as memory running out.
    pub fn forward_padded(&self, x: &Tensor, edges: TileEdges) -> Result<Tensor, TchError> {
        self.workers[0].forward(x, edges)
    }

    /// Goes on with half the workers, then with half the batch, for good, when the device's memory has run out; false
    /// where there is nothing left to halve.
    fn shrink(&mut self, workers: usize, count: usize) -> bool {
        if workers > 1 {
            self.workers.truncate(workers / 2);
            tracing::warn!(
                workers = self.workers.len(),
                "the machine ran out of memory: fewer workers from here on"
            );
        } else if count > 1 && self.batch > 1 {
            self.batch /= 2;
            tracing::warn!(
                batch = self.batch,
                "the device ran out of memory: smaller batches from here on"
            );
        } else {
            return false;
        }
        true
    }
}

impl Upscaler for Network {
    fn name(&self) -> &str {
        &self.name
    }

    fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    fn scale(&self) -> Scale {
        self.description.scale
    }

    fn tiling(&self) -> Tiling {
        self.tiling
    }

    fn batch(&self) -> usize {
        if self.device == Device::CPU {
            self.batch * self.workers.len() * SHARE
        } else {
            self.batch
        }
    }

    fn upscale(
        &mut self,
        tiles: &[RgbPlanes],
        edges: TileEdges,
    ) -> Result<Vec<RgbPlanes>, UpscaleError> {
        let mut enhanced = Vec::with_capacity(tiles.len());
        let texels = tiles.first().map_or(0, |tile| tile.width * tile.height);
        while enhanced.len() < tiles.len() {
            let count = self.batch_of(texels);
            let batches: Vec<&[RgbPlanes]> = tiles[enhanced.len()..].chunks(count).collect();
            let work =
                |worker: &mut Worker, tiles: &&[RgbPlanes]| worker.enhance(tiles, count, edges);
            // Memory stays within bounds, however many workers there are.
            let workers = self.workers.len();
            let in_work = (workers * IN_WORK_EACH).clamp(IN_WORK.0, IN_WORK.1);
            let most = (in_work / (count * texels as usize).max(1)).clamp(1, workers);
            let results = if self.device == Device::CPU {
                spread(&mut self.workers[..most], &batches, work)
            } else {
                vec![work(&mut self.workers[0], &batches[0])]
            };
            for result in results {
                match result {
                    Ok(done) => enhanced.extend(done),
                    Err(error) if out_of_memory(&error) && self.shrink(most, count) => {}
                    Err(error) => {
                        let what = format!("run {} on {}", self.name, self.device);
                        return Err(UpscaleError::with_source(what, error));
                    }
                }
            }
        }
        Ok(enhanced)
    }
}

/// tch reports running out of memory only as text; this is the one place that reads it.
fn out_of_memory(error: &TchError) -> bool {
    let text = error.to_string();
    text.contains("out of memory") || text.contains("can't allocate memory")
}

/// How many 24x24 tiles a GPU is best fed with: what keeps it busy for some milliseconds, by `flops` for a 16x16 tile
/// where anybody knows them. 256 tiles of `faces`, 18 of `faces-512`, of which as many would fill a small GPU's memory.
/// A worker on a processor is about as quick with tiles one by one as with many, and whoever wants a single tile waits
/// for a whole batch.
fn gpu_tiles(flops: u64) -> usize {
    const BUSY: u64 = 500_000_000_000;
    const MOST: u64 = 256;
    // 24x24 texels are 9/4 of 16x16.
    let tile = flops / 4 * 9;
    BUSY.checked_div(tile).unwrap_or(MOST).clamp(1, MOST) as usize
}

/// A checkpoint become a network.
struct Built {
    network: Box<dyn Forward>,
    description: Description,
    tiling: Tiling,
    kind: Kind,
}

fn build(name: &str, checkpoint: &Checkpoint, place: &dyn Fn(bool) -> Place) -> Result<Built> {
    for (_, detect) in arch::KNOWN {
        let Some(found) = detect(checkpoint)? else {
            continue;
        };
        let place = place(found.half());
        return Ok(Built {
            network: found.load(&checkpoint.state, place)?,
            description: Description {
                architecture: found.describe(),
                scale: found.scale(),
                parameters: parameters(checkpoint),
                flops_per_tile: found.flops(16, 16),
            },
            tiling: found.tiling(),
            kind: place.kind,
        });
    }
    let names: Vec<&str> = checkpoint.state.names().collect();
    Err(Error::UnknownArchitecture {
        name: name.to_owned(),
        familiar: arch::familiar(&checkpoint.state),
        count: names.len(),
        first: first_few(&names),
    })
}

fn build_script(name: &str, bytes: &[u8], place: Place, programs: Programs) -> Result<Built> {
    let program = script::Script::load(name, bytes, place, programs)?;
    Ok(Built {
        description: Description {
            architecture: "TorchScript program".into(),
            scale: program.scale(),
            parameters: program.parameters()?,
            flops_per_tile: 0,
        },
        tiling: program.tiling(),
        network: Box::new(program),
        kind: place.kind,
    })
}

/// Parts of the names of what a file holds and nobody trained: running statistics of batch norms, places within windows.
const UNTRAINED: [&str; 5] = [
    "running_",
    "num_batches",
    "attn_mask",
    "relative_position_index",
    "rpe_biases",
];

/// Trained numbers.
fn parameters(checkpoint: &Checkpoint) -> u64 {
    let tensors = checkpoint.state.iter();
    let trained = tensors.filter(|(name, _)| !UNTRAINED.iter().any(|part| name.contains(part)));
    trained.map(|(_, tensor)| tensor.numel() as u64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpu_gets_what_keeps_it_busy() {
        // Of faces, faces-512, a program, and something enormous.
        let tiles = [760_000_000, 11_900_000_000, 0, u64::MAX / 1000];
        assert_eq!(tiles.map(gpu_tiles), [256, 18, 256, 1]);
    }

    /// The texts of libtorch 2.11's allocators.
    #[test]
    fn running_out_of_memory_is_told_from_other_errors() {
        let torch = |text: &str| TchError::Torch(text.to_owned());
        assert!(out_of_memory(&torch(
            "CUDA out of memory. Tried to allocate 2.00 GiB."
        )));
        assert!(out_of_memory(&torch(
            "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."
        )));
        assert!(!out_of_memory(&torch("Expected 4-dimensional input")));
    }
}
