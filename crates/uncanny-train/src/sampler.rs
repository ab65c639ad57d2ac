//! Batches to train on: which picture comes when, what is made of it, ahead of time.

use std::sync::Arc;
use std::sync::mpsc::{IntoIter, sync_channel};
use std::thread;

use image::RgbaImage;
use rayon::prelude::*;
use tch::{Kind, Tensor};

use crate::augment::{Augment, Cut, Jitter, LOW, Prepared};
use crate::degrade::{self, Degrade};
use crate::pareidolia::{self, Portraits};
use crate::random::{Random, shuffled};
use crate::{Error, Pictures, Result};

/// How many batches are made ahead.
const AHEAD: usize = 2;
/// Transparent pictures lie on black this often, as they are measured; otherwise their colour is bled under the
/// transparent texels, as the enhancer gives it to a network.
const ON_BLACK: f32 = 0.5;

/// Pictures, and how often they come.
#[derive(Clone, Debug)]
pub struct Source {
    /// Of at least 128x128.
    pub pictures: Pictures,
    /// Above 0. The samples of the sources are in proportion to it.
    pub weight: f64,
    /// Comes only where there is a teacher.
    pub taught: bool,
    /// For [`Degrade::Pareidolia`]: its pictures are given the faces of the other sources' portraits.
    pub subject: bool,
}

/// What one iteration trains on: RGB in 0..1, 32-bit floats, where the training is.
#[derive(Debug)]
pub struct Batch {
    /// N x 3 x 16 x 16.
    pub low: Tensor,
    /// N x 3 x s x s, where s is 32, 64 and 128: the targets of the steps. The first two are halved from the last
    /// with PIL's bilinear filter.
    pub levels: [Tensor; 3],
}

/// Gives every iteration its batch. The same seed and iteration give the same batch, whatever the number of threads;
/// every picture of a source comes once before any comes again.
#[derive(Debug)]
pub struct Sampler {
    sources: Vec<Prepared>,
    /// Where there is no teacher, and where there is one.
    shares: [Vec<Share>; 2],
    augment: Augment,
    degrade: Degrade,
    /// For [`Degrade::Pareidolia`], and which pictures are given a face of theirs.
    faces: Option<(Portraits, Vec<bool>)>,
    batch: usize,
    seed: u64,
}

/// One source's part of the samples.
#[derive(Debug)]
struct Share {
    /// Its pictures among all.
    pictures: std::ops::Range<usize>,
    /// Of the samples that the sources before leave over, so much is this one's.
    of_rest: f64,
}

/// A finished sample, opaque.
struct Sample {
    /// 16, 32, 64 and 128 pixels a side.
    images: [RgbaImage; 4],
}

impl Sample {
    fn new(low: RgbaImage, target: RgbaImage) -> Sample {
        let at_64 = degrade::half(&target);
        let at_32 = degrade::half(&at_64);
        Sample {
            images: [low, at_32, at_64, target],
        }
    }
}

impl Sampler {
    /// Bleeds colour under transparent texels, once; pictures that are transparent everywhere are left out.
    ///
    /// # Errors
    /// When there is no picture, a weight is not above 0, a picture is too small, or an augmentation is out of its
    /// range.
    pub fn new(
        sources: Vec<Source>,
        augment: Augment,
        degrade: Degrade,
        batch: usize,
        seed: u64,
    ) -> Result<Sampler> {
        augment.check()?;
        let refuse = |option, value: String, expected| {
            Err(Error::Option {
                option,
                value,
                expected,
            })
        };
        if batch == 0 {
            return refuse("batch", batch.to_string(), "at least 1");
        }
        let mut prepared: Vec<Prepared> = Vec::new();
        let mut subjects: Vec<bool> = Vec::new();
        let mut weights = Vec::new();
        for Source {
            pictures,
            weight,
            taught,
            subject,
        } in sources
        {
            if !(weight > 0.0 && weight.is_finite()) {
                return refuse("weight", weight.to_string(), "a number above 0");
            }
            let first = prepared.len();
            let found: Vec<Option<Prepared>> = pictures
                .pictures
                .into_par_iter()
                .map(Prepared::new)
                .collect::<Result<_>>()?;
            prepared.extend(found.into_iter().flatten());
            if prepared.len() == first {
                return refuse(
                    "pictures",
                    format!("source {}", weights.len() + 1),
                    "at least one picture that is not transparent everywhere",
                );
            }
            subjects.resize(prepared.len(), subject);
            weights.push((first..prepared.len(), weight, taught));
        }
        if prepared.is_empty() {
            return refuse("sources", "none".to_owned(), "at least one");
        }
        let faces = match degrade {
            Degrade::Pareidolia => {
                let portraits = (0..prepared.len()).filter(|&place| !subjects[place]);
                let portraits: Vec<usize> = portraits.collect();
                if portraits.is_empty() {
                    return refuse("sources", "subjects alone".to_owned(), "one of portraits");
                }
                Some((Portraits::new(&portraits, &prepared), subjects))
            }
            Degrade::Chain | Degrade::Mixed => None,
        };
        let untaught = weights.iter().filter(|(_, _, taught)| !taught).cloned();
        let shares = [shares(untaught.collect()), shares(weights)];
        Ok(Sampler {
            sources: prepared,
            shares,
            augment,
            degrade,
            faces,
            batch,
            seed,
        })
    }

    /// How many pictures there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// Never: a sampler has a picture.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// The batch of one iteration, on a device. It is made on the processor and sent as bytes.
    ///
    /// # Errors
    /// When there is no teacher and no picture for that, or libtorch refuses.
    pub fn batch(&self, iteration: u64, taught: bool, device: tch::Device) -> Result<Batch> {
        if self.shares[usize::from(taught)].is_empty() {
            return Err(Error::Option {
                option: "sources",
                value: "for stages with a teacher alone".to_owned(),
                expected: "one for the stages without",
            });
        }
        let first = iteration * self.batch as u64;
        let samples: Vec<Sample> = (first..first + self.batch as u64)
            .into_par_iter()
            .map(|number| self.sample(number, taught))
            .collect();
        let tensor = |level: usize| -> Result<Tensor> {
            let side = i64::from(LOW << level);
            let planes: Vec<u8> = samples
                .iter()
                .flat_map(|sample| (0..3).map(move |c| (&sample.images[level], c)))
                .flat_map(|(image, c)| image.pixels().map(move |pixel| pixel.0[c]))
                .collect();
            let shape = [samples.len() as i64, 3, side, side];
            let bytes = Tensor::f_from_slice(&planes)?.f_reshape(shape)?;
            let bytes = bytes.f_to_device(device)?;
            Ok(bytes.f_to_kind(Kind::Float)?.f_div_scalar(255.0)?)
        };
        Ok(Batch {
            low: tensor(0)?,
            levels: [tensor(1)?, tensor(2)?, tensor(3)?],
        })
    }

    /// The batches from iteration `from` on, each with its number, made on a thread of their own ahead of time: they lie
    /// on the device when they are wanted. `taught` says which iterations have a teacher. It ends when the iterator is
    /// dropped, or after an error.
    pub fn ahead(
        self: Arc<Self>,
        from: u64,
        device: tch::Device,
        taught: impl Fn(u64) -> bool + Send + 'static,
    ) -> IntoIter<Result<(u64, Batch)>> {
        let (sender, receiver) = sync_channel(AHEAD);
        thread::spawn(move || {
            for iteration in from.. {
                let batch = self.batch(iteration, taught(iteration), device);
                let batch = batch.map(|batch| (iteration, batch));
                let failed = batch.is_err();
                if sender.send(batch).is_err() || failed {
                    break;
                }
            }
        });
        receiver.into_iter()
    }

    /// The first `count` samples: inputs and truths.
    pub(crate) fn preview(&self, count: u64, taught: bool) -> Vec<(RgbaImage, RgbaImage)> {
        if self.shares[usize::from(taught)].is_empty() {
            return Vec::new();
        }
        let pair = |number| {
            let [low, .., truth] = self.sample(number, taught).images;
            (low, truth)
        };
        (0..count).into_par_iter().map(pair).collect()
    }

    fn sample(&self, number: u64, taught: bool) -> Sample {
        let place = self.picture(number, taught);
        let picture = &self.sources[place];
        let mut random = Random::new(self.seed ^ 0x5eed, number);
        if let Some((portraits, subjects)) = &self.faces {
            let pareidolia::Sample { low, truth } = if subjects[place] {
                let subject = picture.cut(&self.augment, &mut random).high;
                portraits.possess(&subject, &self.sources, &mut random)
            } else {
                pareidolia::portrait(picture, &mut random)
            };
            return Sample::new(low, truth);
        }
        let Cut {
            mut high,
            mut low,
            opaque,
        } = picture.cut(&self.augment, &mut random);
        if let Some(jitter) = Jitter::new(self.augment.jitter, &mut random) {
            jitter.apply(&mut high);
            low.iter_mut().for_each(|low| jitter.apply(low));
        }
        let on_black = random.chance(ON_BLACK) && !opaque;
        let seen = if on_black {
            degrade::over_black
        } else {
            degrade::opaque
        };
        let target = seen(&high);
        let low = match (low, self.degrade) {
            (Some(low), _) => seen(&low),
            (None, Degrade::Mixed) => degrade::authored(&high, on_black, &mut random),
            (None, _) => degrade::chain(&target),
        };
        Sample::new(low, target)
    }

    /// Which picture sample `number` is of. The sources take turns evenly, each in its own shuffled order.
    fn picture(&self, number: u64, taught: bool) -> usize {
        let mut place = number;
        for (key, Share { pictures, of_rest }) in (0..).zip(&self.shares[usize::from(taught)]) {
            let before = |place: u64| (place as f64 * of_rest) as u64;
            if before(place + 1) > before(place) {
                let (turn, count) = (before(place), pictures.len() as u64);
                let (epoch, place) = (turn / count, turn % count);
                let key = Random::new(self.seed ^ key, epoch).next();
                return pictures.start + shuffled(place, count, key) as usize;
            }
            place -= before(place);
        }
        unreachable!("the last source takes every sample")
    }
}

/// By the sources' pictures and weights.
fn shares(sources: Vec<(std::ops::Range<usize>, f64, bool)>) -> Vec<Share> {
    let mut rest: f64 = sources.iter().map(|(_, weight, _)| weight).sum();
    let mut shares: Vec<Share> = Vec::new();
    for (pictures, weight, _) in sources {
        shares.push(Share {
            pictures,
            of_rest: weight / rest,
        });
        rest -= weight;
    }
    // Whatever the rounding, the last takes all that comes to it.
    if let Some(last) = shares.last_mut() {
        last.of_rest = 1.0;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::Crop;
    use crate::{Picture, SIDE};

    const TEXTURES: Augment = Augment {
        crop: Crop::Random,
        flip: true,
        vertical_flip: true,
        quarter_turns: true,
        rotate: 0.0,
        shift: 0.0,
        zoom: 0.15,
        jitter: 0.1,
        wrap: true,
    };

    fn pictures(count: u8, tone: u8, alpha: u8) -> Pictures {
        let pictures = (0..count).map(|i| Picture {
            name: i.to_string(),
            high: RgbaImage::from_fn(140, 130, |x, y| {
                let alpha = if x > 60 { 255 } else { alpha };
                [(x ^ y) as u8, tone + i, y as u8, alpha].into()
            }),
            low: None,
        });
        Pictures {
            pictures: pictures.collect(),
            skipped: 0,
        }
    }

    fn sources() -> Vec<Source> {
        let source = |pictures, weight, taught| Source {
            pictures,
            weight,
            taught,
            subject: false,
        };
        vec![
            source(pictures(5, 10, 255), 3.0, false),
            source(pictures(3, 90, 0), 1.0, true),
            source(pictures(7, 180, 255), 4.0, false),
        ]
    }

    fn bytes(batch: &Batch) -> Vec<Vec<f32>> {
        let all = std::iter::once(&batch.low).chain(&batch.levels);
        all.map(|t| Vec::<f32>::try_from(t.flatten(0, -1)).unwrap())
            .collect()
    }

    #[test]
    fn a_batch_depends_on_seed_and_iteration_alone() {
        let sampler = |seed| Sampler::new(sources(), TEXTURES, Degrade::Mixed, 6, seed).unwrap();
        let batch_of =
            |sampler: &Sampler, number| sampler.batch(number, true, tch::Device::Cpu).unwrap();
        let first = sampler(1);
        let batch = batch_of(&first, 10);
        assert_eq!(batch.low.size(), [6, 3, 16, 16]);
        assert_eq!(batch.levels[0].size(), [6, 3, 32, 32]);
        assert_eq!(batch.levels[2].size(), [6, 3, 128, 128]);
        assert_ne!(bytes(&batch_of(&first, 9)), bytes(&batch));
        assert_ne!(bytes(&batch_of(&sampler(2), 10)), bytes(&batch));
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let again = pool.install(|| batch_of(&sampler(1), 10));
            assert_eq!(bytes(&again), bytes(&batch), "{threads} threads");
        }
        let mut ahead = Arc::new(first).ahead(9, tch::Device::Cpu, |iteration| iteration == 10);
        ahead.next();
        let (iteration, made) = ahead.next().unwrap().unwrap();
        assert_eq!((iteration, bytes(&made)), (10, bytes(&batch)));
    }

    #[test]
    fn sources_come_by_their_weight_and_every_picture_once_an_epoch() {
        let sampler = Sampler::new(sources(), TEXTURES, Degrade::Mixed, 1, 7).unwrap();
        let seen = |count: u64, taught| {
            let mut seen = [0; 15];
            (0..count).for_each(|number| seen[sampler.picture(number, taught)] += 1);
            seen
        };
        let untaught = seen(7000, false);
        assert_eq!(untaught[..5].iter().sum::<u32>(), 3000);
        assert_eq!(untaught[5..8], [0; 3]);
        let seen = seen(8000, true);
        let in_source = |range: std::ops::Range<usize>| seen[range].iter().sum::<u32>();
        assert_eq!(in_source(0..5), 3000);
        assert_eq!(in_source(5..8), 1000);
        assert_eq!(in_source(8..15), 4000);
        for (range, expected) in [(0..5, 600), (5..8, 333), (8..15, 571)] {
            assert!(seen[range].iter().all(|&n: &u32| n.abs_diff(expected) <= 1));
        }
    }

    #[test]
    fn transparent_pictures_have_no_dark_fringe_or_lie_on_black() {
        // A bright disc with a soft edge; hidden colour is black, as editors save it.
        let disc = RgbaImage::from_fn(SIDE, SIDE, |x, y| {
            let (dx, dy) = (f64::from(x) - 63.5, f64::from(y) - 63.5);
            let alpha = ((50.0 - dx.hypot(dy)) * 64.0).clamp(0.0, 255.0) as u8;
            if alpha == 0 {
                [0; 4].into()
            } else {
                [250, 200, 100, alpha].into()
            }
        });
        let low = image::imageops::crop_imm(&disc, 56, 10, 16, 16).to_image();
        let picture = |low| Picture {
            name: String::new(),
            high: disc.clone(),
            low,
        };
        let pictures = Pictures {
            pictures: vec![picture(None), picture(Some(low))],
            skipped: 0,
        };
        let sources = vec![Source {
            pictures,
            weight: 1.0,
            taught: false,
            subject: false,
        }];
        for degrade in [Degrade::Chain, Degrade::Mixed] {
            let augment = Augment {
                flip: true,
                ..Augment::NONE
            };
            let sampler = Sampler::new(sources.clone(), augment, degrade, 1, 1).unwrap();
            let (mut bled, mut black) = (0, 0);
            for number in 0..100 {
                let [low, .., high] = sampler.sample(number, false).images;
                if high.get_pixel(0, 0).0 == [0, 0, 0, 255] {
                    black += 1;
                    continue;
                }
                bled += 1;
                assert!(high.pixels().all(|pixel| pixel.0 == [250, 200, 100, 255]));
                if sampler.picture(number, false) == 1 || degrade == Degrade::Chain {
                    assert!(low.pixels().all(|pixel| pixel.0 == [250, 200, 100, 255]));
                }
            }
            assert!(bled > 30 && black > 30, "{bled} bled, {black} black");
        }
    }

    #[test]
    fn what_cannot_be_sampled_is_refused() {
        let refused = |sources, augment, batch| {
            Sampler::new(sources, augment, Degrade::Chain, batch, 1)
                .unwrap_err()
                .to_string()
        };
        let mut weightless = sources();
        weightless[1].weight = 0.0;
        assert!(refused(weightless, TEXTURES, 1).contains("weight 0"));
        assert!(refused(vec![], TEXTURES, 1).contains("sources none"));
        assert!(refused(sources(), TEXTURES, 0).contains("batch 0"));
        let zoom = Augment {
            zoom: 2.0,
            ..TEXTURES
        };
        assert!(refused(sources(), zoom, 1).contains("zoom 2"));
        let taught = sources().remove(1);
        let taught = Sampler::new(vec![taught], TEXTURES, Degrade::Chain, 2, 1).unwrap();
        let batch = |with| taught.batch(0, with, tch::Device::Cpu);
        assert!(batch(true).is_ok());
        let refusal = batch(false).unwrap_err().to_string();
        assert!(refusal.contains("with a teacher alone"), "{refusal}");
        let mut odd = sources();
        odd[2].pictures.pictures[0].low = Some(RgbaImage::new(16, 16));
        assert!(refused(odd, TEXTURES, 1).contains("140x130"));
    }
}
