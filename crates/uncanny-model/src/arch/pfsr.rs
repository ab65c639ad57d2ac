//! PFSR, Progressive Face Super-Resolution: three doubling steps from 16x16 to 128x128.
//!
//! Paper: Kim, Kim, Kwon, Kim, "Progressive Face Super-Resolution via Attention to Facial
//! Landmark", BMVC 2019, <https://arxiv.org/abs/1908.08239>. Field names are the keys of its
//! published checkpoints.
//!
//! Two forms of the same network: [`Generator`] holds trainable variables and keeps its batch
//! norms; [`Folded`] is what enhances, with every batch norm and equalised-learning-rate factor
//! multiplied into the convolution before it.
//!
//! Ours may have a last stage that the paper's has not, the finish: the last step's features through two convolutions at
//! the picture's own resolution, added to the picture. The finest that the paper's can draw are the kernels of its last
//! transposed convolution, alike in every block of 2x2: where an adversary asks for detail that the input does not hold,
//! such as hair, it hatches.
//!
//! And ours may see further, by a context: two dilated convolutions (Yu and Koltun, ICLR 2016, arXiv 1511.07122) after the
//! first, added to its features. Without them a texel's features know 3 texels around it, too few to tell where in a picture it
//! lies or whether there is another eye.

use tch::nn::{self, BatchNorm, ModuleT as _, Path, VarStore};
use tch::{Device, Kind, TchError, Tensor};
use uncanny_texture::{Padding, Scale, TileEdges, Tiling};

use super::layers::{Weight, padded};
use super::{Architecture, Forward, Place, WHOLE};
use crate::checkpoint::{Checkpoint, StateDict};
use crate::tensors::{self, try_channels_last};
use crate::{Error, Result};

/// The published checkpoints' slope for running statistics and variance floor (PyTorch's default).
const BATCH_NORM_EPS: f64 = 1e-5;

/// How many doubling steps the network has.
pub const STEPS: u8 = 3;

/// A texture's 16 pixels with 4 of context on each side, which is cropped away.
///
/// The network pads with zeros, and on a bare 16x16 tile that shows as a frame. With 4 pixels of
/// context no pixel of 14 wrapped blocks was more than 3 levels of 255 from what 12 pixels give
/// (mean 0.03); 2 pixels leave up to 50, 6 pixels none and cost 1.4 times as much.
const TILING: Tiling = Tiling {
    largest: WHOLE,
    whole: WHOLE,
    ..Tiling::fixed(24, 16, 0)
};

/// Hyperparameters, all derived from tensor shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Channels after the first convolution: 512 in the published files. A multiple of 8.
    pub width: i64,
    /// Whether it has a finish. The published ones have none.
    pub finish: bool,
    /// Whether it has a context. The published ones have none.
    pub context: bool,
}

impl Config {
    /// Recognises a PFSR state dict by its key names; `None` when it is something else.
    ///
    /// # Errors
    /// When the keys say PFSR but the shapes make no sense for it.
    pub fn detect(state: &StateDict) -> Result<Option<Config>> {
        if !state.contains("step1.3.conv.0.conv.weight_orig") || !state.contains("to_rgb.0.weight")
        {
            return Ok(None);
        }
        let shape = state.shape("step1.0.weight").unwrap_or_default();
        match shape {
            [width, 3, 3, 3] if *width >= 8 && width % 8 == 0 => Ok(Some(Config {
                width: *width as i64,
                finish: state.contains("finish.conv_0.weight"),
                context: state.contains("context.conv_0.weight"),
            })),
            found => Err(Error::Shape {
                key: "step1.0.weight".into(),
                expected: "[a multiple of 8, 3, 3, 3]".into(),
                found: format!("{found:?}"),
            }),
        }
    }

    /// Floating-point operations for one input of `width` x `height`, two per multiply-add.
    #[must_use]
    pub fn flops(&self, width: u64, height: u64) -> u64 {
        let w = self.width as u64;
        let mut macs = 27 * w * width * height;
        if self.context {
            macs += 2 * 9 * w * w * width * height;
        }
        for step in 0..u64::from(STEPS) {
            let channels = w >> step;
            let pixels = (width << step) * (height << step);
            let block = 2 * 9 * channels * channels * pixels;
            let deconvolution = 16 * channels * (channels / 2) * pixels;
            macs += block + deconvolution;
        }
        let (last, pixels) = (w / 8, width * height * 64);
        macs += 3 * last * pixels;
        if self.finish {
            macs += (9 * last * last + 9 * 3 * last) * pixels;
        }
        2 * macs
    }
}

/// Where in the progressive schedule a checkpoint stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The newest step in use: 1 doubles, 2 quadruples, 3 enlarges 8x.
    pub step: u8,
    /// How far the newest step is faded in. Outside 0..1 (the published files say -1 or 1): fully.
    pub alpha: f64,
}

impl Progress {
    /// All three steps, fully faded in.
    pub const COMPLETE: Progress = Progress {
        step: STEPS,
        alpha: 1.0,
    };

    /// The enlargement of this step.
    #[must_use]
    pub fn scale(self) -> Scale {
        Scale::new(1 << self.step).expect("2, 4 and 8 are scales")
    }

    /// A published checkpoint says how far its training was; one without is complete.
    fn of(checkpoint: &Checkpoint) -> Result<Progress> {
        // Published files hold numbers beside the weights; ours, in safetensors, say it in the header.
        let stated = |key| {
            let header = || checkpoint.metadata.get(key)?.parse().ok();
            checkpoint.scalars.get(key).copied().or_else(header)
        };
        let step = stated("step").unwrap_or(f64::from(STEPS));
        if ![1.0, 2.0, 3.0].contains(&step) {
            return Err(Error::Value {
                what: "step",
                value: step,
                expected: "1, 2 or 3",
            });
        }
        let alpha = stated("alpha").unwrap_or(1.0);
        if !alpha.is_finite() {
            return Err(Error::Value {
                what: "alpha",
                value: alpha,
                expected: "a number",
            });
        }
        Ok(Progress {
            step: step as u8,
            alpha,
        })
    }

    /// The weight of the previous step's picture while the newest is fading in.
    fn blend(self) -> Option<f64> {
        (self.step > 1 && (0.0..1.0).contains(&self.alpha)).then_some(self.alpha)
    }
}

/// A checkpoint of a trained generator.
#[derive(Clone, Copy, Debug)]
pub struct Trained {
    /// Its hyperparameters.
    pub config: Config,
    /// How far it came.
    pub progress: Progress,
}

impl Architecture for Trained {
    fn detect(checkpoint: &Checkpoint) -> Result<Option<Trained>> {
        let Some(config) = Config::detect(&checkpoint.state)? else {
            return Ok(None);
        };
        let progress = Progress::of(checkpoint)?;
        Ok(Some(Trained { config, progress }))
    }

    fn describe(&self) -> String {
        let Config {
            width,
            finish,
            context,
        } = self.config;
        let more = match (context, finish) {
            (false, false) => "",
            (false, true) => ", with a finish",
            (true, false) => ", with context",
            (true, true) => ", with context and a finish",
        };
        format!("PFSR, width {width}{more}")
    }

    fn scale(&self) -> Scale {
        self.progress.scale()
    }

    fn flops(&self, width: u64, height: u64) -> u64 {
        self.config.flops(width, height)
    }

    /// Its norms are folded away, and it draws in -1..1.
    fn half(&self) -> bool {
        true
    }

    fn tiling(&self) -> Tiling {
        TILING
    }

    fn load(&self, state: &StateDict, place: Place) -> Result<Box<dyn Forward>> {
        let Trained { config, progress } = *self;
        let network = Folded::load(state, config, progress, place.device, place.kind)?;
        Ok(Box::new(network))
    }
}

/// 3x3 convolution with equalised learning rate: the stored weight is multiplied by
/// sqrt(2 / (in * 3 * 3)) at every use.
#[derive(Debug)]
struct EqualConv {
    weight_orig: Tensor,
    bias: Tensor,
    gain: f64,
}

impl EqualConv {
    fn new(path: &Path<'_>, channels: i64) -> EqualConv {
        let path = path / "conv";
        EqualConv {
            weight_orig: path.randn("weight_orig", &[channels, channels, 3, 3], 0.0, 1.0),
            bias: path.zeros("bias", &[channels]),
            gain: (2.0 / (channels as f64 * 9.0)).sqrt(),
        }
    }

    fn weight(&self) -> Tensor {
        &self.weight_orig * self.gain
    }

    fn forward(&self, x: &Tensor) -> Tensor {
        conv(x, &self.weight(), Some(&self.bias), 1)
    }
}

/// A convolution of stride 1, in the input's number format.
fn conv(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, padding: i64) -> Tensor {
    let bias = bias.map(|bias| bias.to_kind(x.kind()));
    let weight = weight.to_kind(x.kind());
    x.conv2d(&weight, bias, [1, 1], [padding; 2], [1, 1], 1)
}

/// x + ReLU(BN(conv(ReLU(BN(conv(x)))))).
#[derive(Debug)]
struct ResBlock {
    conv_0: EqualConv,
    conv_1: BatchNorm,
    conv_3: EqualConv,
    conv_4: BatchNorm,
}

impl ResBlock {
    fn new(path: &Path<'_>, channels: i64) -> ResBlock {
        let path = path / "conv";
        ResBlock {
            conv_0: EqualConv::new(&(&path / 0), channels),
            conv_1: batch_norm(&path / 1, channels),
            conv_3: EqualConv::new(&(&path / 3), channels),
            conv_4: batch_norm(&path / 4, channels),
        }
    }

    fn forward(&self, x: &Tensor, train: bool) -> Tensor {
        let y = self.conv_1.forward_t(&self.conv_0.forward(x), train).relu();
        x + self
            .conv_4
            .forward_t(&self.conv_3.forward(&y), train)
            .relu()
    }
}

/// One doubling: residual block, then a 4x4 transposed convolution of stride 2 that halves the channels.
#[derive(Debug)]
struct Step {
    block: ResBlock,
    deconv: nn::ConvTranspose2D,
    norm: BatchNorm,
}

impl Step {
    /// `first` is the index of the residual block in the published `nn.Sequential`.
    fn new(path: &Path<'_>, first: i64, channels: i64) -> Step {
        let config = nn::ConvTransposeConfig {
            stride: 2,
            padding: 1,
            ..Default::default()
        };
        Step {
            block: ResBlock::new(&(path / first), channels),
            deconv: nn::conv_transpose2d(path / (first + 1), channels, channels / 2, 4, config),
            norm: batch_norm(path / (first + 2), channels / 2),
        }
    }

    /// N x c x h x w to N x c/2 x 2h x 2w.
    fn forward(&self, x: &Tensor, train: bool) -> Tensor {
        let x = self.block.forward(x, train);
        let (weight, bias) = (&self.deconv.ws, self.deconv.bs.as_ref());
        let y = x.conv_transpose2d(
            &weight.to_kind(x.kind()),
            bias.map(|bias| bias.to_kind(x.kind())),
            [2, 2],
            [1, 1],
            [0, 0],
            1,
            [1, 1],
        );
        self.norm.forward_t(&y, train).relu()
    }
}

/// How far apart the texels are that the context's two convolutions look at.
const DILATIONS: [i64; 2] = [2, 4];

/// Sees further: two dilated 3x3 convolutions, whose result is added to the features.
#[derive(Debug)]
struct Context {
    conv_0: nn::Conv2D,
    conv_1: nn::Conv2D,
}

impl Context {
    /// Adds nothing to the features at first.
    fn new(path: &Path<'_>, channels: i64) -> Context {
        let conv = |place: usize, init| {
            let config = nn::ConvConfig {
                padding: DILATIONS[place],
                dilation: DILATIONS[place],
                ws_init: init,
                bs_init: nn::Init::Const(0.0),
                ..Default::default()
            };
            nn::conv2d(
                path / format!("conv_{place}"),
                channels,
                channels,
                3,
                config,
            )
        };
        Context {
            conv_0: conv(0, nn::init::DEFAULT_KAIMING_UNIFORM),
            conv_1: conv(1, nn::Init::Const(0.0)),
        }
    }

    /// N x c x h x w to the same.
    fn forward(&self, x: &Tensor) -> Tensor {
        let apply = |x: &Tensor, layer: &nn::Conv2D, dilation: i64| {
            let bias = layer.bs.as_ref().map(|bias| bias.to_kind(x.kind()));
            let weight = layer.ws.to_kind(x.kind());
            x.conv2d(&weight, bias, [1, 1], [dilation; 2], [dilation; 2], 1)
        };
        let y = apply(x, &self.conv_0, DILATIONS[0]);
        x + apply(&y.maximum(&(&y * SLOPE)), &self.conv_1, DILATIONS[1])
    }
}

/// What negative values keep of themselves in the context and the finish.
const SLOPE: f64 = 0.2;

/// The last stage, at the picture's resolution: two 3x3 convolutions, around the first of which the features are led.
#[derive(Debug)]
struct Finish {
    conv_0: nn::Conv2D,
    conv_1: nn::Conv2D,
}

impl Finish {
    /// Adds nothing to a picture at first.
    fn new(path: &Path<'_>, channels: i64) -> Finish {
        let conv = |name: &str, out: i64, init| {
            let config = nn::ConvConfig {
                padding: 1,
                ws_init: init,
                bs_init: nn::Init::Const(0.0),
                ..Default::default()
            };
            nn::conv2d(path / name, channels, out, 3, config)
        };
        Finish {
            conv_0: conv("conv_0", channels, nn::init::DEFAULT_KAIMING_UNIFORM),
            conv_1: conv("conv_1", 3, nn::Init::Const(0.0)),
        }
    }

    /// Features, N x c x h x w, to what is added to the picture, N x 3 x h x w.
    fn forward(&self, x: &Tensor) -> Tensor {
        let apply = |x: &Tensor, layer: &nn::Conv2D| conv(x, &layer.ws, layer.bs.as_ref(), 1);
        let y = apply(x, &self.conv_0);
        apply(&(x + y.maximum(&(&y * SLOPE))), &self.conv_1)
    }
}

fn batch_norm(path: Path<'_>, channels: i64) -> BatchNorm {
    // The trainer starts from PyTorch's own initial values: weight 1, bias 0.
    let config = nn::BatchNormConfig {
        eps: BATCH_NORM_EPS,
        ws_init: nn::Init::Const(1.0),
        ..Default::default()
    };
    nn::batch_norm2d(path, channels, config)
}

/// The trainable generator. Its variables carry the published key names.
#[derive(Debug)]
pub struct Generator {
    conv_first: nn::Conv2D,
    norm_first: BatchNorm,
    context: Option<Context>,
    steps: [Step; STEPS as usize],
    to_rgb: [nn::Conv2D; STEPS as usize],
    finish: Option<Finish>,
}

impl Generator {
    /// Makes the variables under `path` (a variable store's root), with random weights.
    #[must_use]
    pub fn new(path: &Path<'_>, config: Config) -> Generator {
        let w = config.width;
        let same = nn::ConvConfig {
            padding: 1,
            ..Default::default()
        };
        let step1 = path / "step1";
        let rgb = |i: i64| {
            nn::conv2d(
                path / "to_rgb" / i,
                w >> (i + 1),
                3,
                1,
                nn::ConvConfig::default(),
            )
        };
        Generator {
            conv_first: nn::conv2d(&step1 / 0, 3, w, 3, same),
            norm_first: batch_norm(&step1 / 1, w),
            context: (config.context).then(|| Context::new(&(path / "context"), w)),
            steps: [
                Step::new(&step1, 3, w),
                Step::new(&(path / "step2"), 0, w / 2),
                Step::new(&(path / "step3"), 0, w / 4),
            ],
            to_rgb: [rgb(0), rgb(1), rgb(2)],
            finish: (config.finish).then(|| Finish::new(&(path / "finish"), w >> STEPS)),
        }
    }

    /// N x 3 x h x w in -1..1 to N x 3 x kh x kw, about -1..1 (not clamped), k = 2, 4 or 8 by `progress`, in the number
    /// format of `x`: the variables stay f32.
    /// `train`: batch norms use the batch's statistics and update their running ones.
    pub fn forward(&self, x: &Tensor, progress: Progress, train: bool) -> Tensor {
        let apply = |x: &Tensor, layer: &nn::Conv2D, padding| {
            conv(x, &layer.ws, layer.bs.as_ref(), padding)
        };
        let mut x = apply(x, &self.conv_first, 1);
        x = self.norm_first.forward_t(&x, train).relu();
        if let Some(context) = &self.context {
            x = context.forward(&x);
        }
        let newest = usize::from(progress.step) - 1;
        for step in &self.steps[..newest] {
            x = step.forward(&x, train);
        }
        let features = self.steps[newest].forward(&x, train);
        let mut y = apply(&features, &self.to_rgb[newest], 0);
        if let (STEPS, Some(finish)) = (progress.step, &self.finish) {
            y += finish.forward(&features);
        }
        match progress.blend() {
            None => y,
            Some(alpha) => {
                let previous = doubled(&apply(&x, &self.to_rgb[newest - 1], 0))
                    .expect("a training has memory for it");
                previous * (1.0 - alpha) + y * alpha
            }
        }
    }
}

/// Enlarges N x 3 x h x w twice by repeating pixels.
fn doubled(x: &Tensor) -> Result<Tensor, TchError> {
    let (_, _, h, w) = x.size4()?;
    x.f_upsample_nearest2d([2 * h, 2 * w], None, None)
}

/// A convolution with its batch norm folded in.
#[derive(Debug, Clone)]
struct Conv {
    weight: Weight,
    bias: Weight,
}

impl Conv {
    fn place(weight: Tensor, bias: Tensor, device: Device, kind: Kind) -> Result<Conv, TchError> {
        let there = |x: &Tensor| x.f_to_device(device)?.f_to_kind(kind);
        Ok(Conv {
            weight: try_channels_last(&there(&weight)?)?.into(),
            bias: there(&bias)?.into(),
        })
    }

    /// 1x1.
    fn point(&self, x: &Tensor) -> Result<Tensor, TchError> {
        x.f_conv2d(&self.weight, Some(&*self.bias), [1, 1], [0, 0], [1, 1], 1)
    }

    /// 3x3, padding by these edges.
    fn conv(&self, x: &Tensor, edges: TileEdges) -> Result<Tensor, TchError> {
        self.dilated(x, 1, edges)
    }

    /// 3x3, of texels so far apart.
    fn dilated(&self, x: &Tensor, apart: i64, edges: TileEdges) -> Result<Tensor, TchError> {
        let padding = [edges.y, edges.x].map(|padding| match padding {
            Padding::Zero => apart,
            _ => 0,
        });
        let x = padded(x, apart, edges)?;
        x.f_conv2d(
            &self.weight,
            Some(&*self.bias),
            [1, 1],
            padding,
            [apart; 2],
            1,
        )
    }

    /// Twice as large. A texel more on each side becomes two pixels there, which more of the convolution's own padding
    /// takes away again.
    fn deconv(&self, x: &Tensor, edges: TileEdges) -> Result<Tensor, TchError> {
        let padding = [edges.y, edges.x].map(|padding| match padding {
            Padding::Zero => 1,
            _ => 3,
        });
        padded(x, 1, edges)?.f_conv_transpose2d(
            &self.weight,
            Some(&*self.bias),
            [2, 2],
            padding,
            [0, 0],
            1,
            [1, 1],
        )
    }
}

#[derive(Debug, Clone)]
struct FoldedStep {
    conv_0: Conv,
    conv_3: Conv,
    deconv: Conv,
}

#[derive(Debug, Clone)]
struct FoldedFinish {
    conv_0: Conv,
    conv_1: Conv,
}

/// The network as it enhances: batch norms folded, weights channels-last, on one device.
#[derive(Debug, Clone)]
pub struct Folded {
    conv_first: Conv,
    context: Option<[Conv; 2]>,
    steps: Vec<FoldedStep>,
    to_rgb: Vec<Conv>,
    finish: Option<FoldedFinish>,
    progress: Progress,
}

impl Folded {
    /// Folds the weights of a PFSR state dict.
    ///
    /// # Errors
    /// Missing or surplus keys, or a tensor of another shape: each named.
    pub fn load(
        state: &StateDict,
        config: Config,
        progress: Progress,
        device: Device,
        kind: Kind,
    ) -> Result<Folded> {
        let mut store = VarStore::new(Device::Cpu);
        let generator = Generator::new(&store.root(), config);
        tensors::load_exactly(&mut store, state, |key| {
            key.ends_with("num_batches_tracked")
        })?;
        Ok(tch::no_grad(|| {
            Folded::fold(&generator, progress, device, kind)
        })?)
    }

    fn fold(
        generator: &Generator,
        progress: Progress,
        device: Device,
        kind: Kind,
    ) -> Result<Folded, TchError> {
        let place = |(weight, bias)| Conv::place(weight, bias, device, kind);
        let used = usize::from(progress.step);
        let steps = generator.steps[..used].iter().map(|step| {
            Ok(FoldedStep {
                conv_0: place(fold_equal(&step.block.conv_0, &step.block.conv_1))?,
                conv_3: place(fold_equal(&step.block.conv_3, &step.block.conv_4))?,
                deconv: place(fold(
                    &step.deconv.ws,
                    step.deconv.bs.as_ref(),
                    &step.norm,
                    1,
                ))?,
            })
        });
        let first = &generator.conv_first;
        let to_rgb = generator.to_rgb[..used].iter().map(|conv| {
            // The network draws in -1..1; halving here gives 0..1 for nothing.
            let bias = conv.bs.as_ref().expect("to_rgb has a bias");
            place((&conv.ws * 0.5, bias * 0.5 + 0.5))
        });
        let layer = |conv: &nn::Conv2D, gain: f64| {
            let bias = conv.bs.as_ref().expect("every part has a bias");
            place((&conv.ws * gain, bias * gain))
        };
        let context = generator.context.as_ref().map(|context| {
            Ok::<_, TchError>([layer(&context.conv_0, 1.0)?, layer(&context.conv_1, 1.0)?])
        });
        let finish = generator.finish.as_ref();
        let finish = finish.filter(|_| progress.step == STEPS).map(|finish| {
            Ok::<_, TchError>(FoldedFinish {
                conv_0: layer(&finish.conv_0, 1.0)?,
                conv_1: layer(&finish.conv_1, 0.5)?,
            })
        });
        Ok(Folded {
            finish: finish.transpose()?,
            context: context.transpose()?,
            conv_first: place(fold(&first.ws, first.bs.as_ref(), &generator.norm_first, 0))?,
            steps: steps.collect::<Result<_, TchError>>()?,
            to_rgb: to_rgb.collect::<Result<_, TchError>>()?,
            progress,
        })
    }

    /// N x 3 x h x w in 0..1, channels-last, to N x 3 x kh x kw, about 0..1 (not clamped), padding by these edges: the
    /// published networks were trained with zeros.
    ///
    /// # Errors
    /// What libtorch reports, such as memory running out.
    pub fn forward(&self, x: &Tensor, edges: TileEdges) -> Result<Tensor, TchError> {
        let x = x.f_mul_scalar(2.0)?.f_sub_scalar_(1.0)?;
        let mut x = self.conv_first.conv(&x, edges)?.f_relu_()?;
        if let Some([conv_0, conv_1]) = &self.context {
            let y = conv_0.dilated(&x, DILATIONS[0], edges)?;
            let y = y.f_maximum(&y.f_mul_scalar(SLOPE)?)?;
            x = conv_1.dilated(&y, DILATIONS[1], edges)?.f_add_(&x)?;
        }
        let (newest, earlier) = self.steps.split_last().expect("at least one step");
        for step in earlier {
            x = step.forward(&x, edges)?;
        }
        let rgb = self.to_rgb.last().expect("as many as steps");
        let features = newest.forward(&x, edges)?;
        let mut y = rgb.point(&features)?;
        if let Some(finish) = &self.finish {
            y = y.f_add_(&finish.forward(&features, edges)?)?;
        }
        match self.progress.blend() {
            None => Ok(y),
            Some(alpha) => {
                let previous = doubled(&self.to_rgb[self.to_rgb.len() - 2].point(&x)?)?;
                let mut previous = previous.f_mul_scalar(1.0 - alpha)?;
                previous.f_add_(&y.f_mul_scalar(alpha)?)
            }
        }
    }
}

impl Forward for Folded {
    fn forward(&self, x: &Tensor, edges: TileEdges) -> Result<Tensor, TchError> {
        Folded::forward(self, x, edges)
    }
}

impl FoldedStep {
    fn forward(&self, x: &Tensor, edges: TileEdges) -> Result<Tensor, TchError> {
        let y = self.conv_0.conv(x, edges)?.f_relu_()?;
        let y = self.conv_3.conv(&y, edges)?.f_relu_()?.f_add_(x)?;
        self.deconv.deconv(&y, edges)?.f_relu_()
    }
}

impl FoldedFinish {
    fn forward(&self, x: &Tensor, edges: TileEdges) -> Result<Tensor, TchError> {
        let y = self.conv_0.conv(x, edges)?;
        let mut y = y.f_maximum(&y.f_mul_scalar(SLOPE)?)?;
        self.conv_1.conv(&y.f_add_(x)?, edges)
    }
}

fn fold_equal(conv: &EqualConv, norm: &BatchNorm) -> (Tensor, Tensor) {
    fold(&conv.weight(), Some(&conv.bias), norm, 0)
}

/// Multiplies a batch norm into the convolution before it. `out_dim` is the dimension of the
/// weight that counts output channels: 0, or 1 for a transposed convolution.
fn fold(
    weight: &Tensor,
    bias: Option<&Tensor>,
    norm: &BatchNorm,
    out_dim: usize,
) -> (Tensor, Tensor) {
    let gamma = norm.ws.as_ref().expect("batch norms have weights here");
    let beta = norm.bs.as_ref().expect("batch norms have biases here");
    let gain = gamma / (&norm.running_var + BATCH_NORM_EPS).sqrt();
    let mut shape = [1; 4];
    shape[out_dim] = -1;
    let folded = weight * gain.reshape(shape);
    let bias = bias.map_or_else(|| gain.zeros_like(), Tensor::shallow_clone);
    (folded, (bias - &norm.running_mean) * gain + beta)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensors::state_of;

    const CONFIG: Config = Config {
        width: 16,
        finish: true,
        context: true,
    };

    fn folded(store: &VarStore) -> Folded {
        let state = state_of(store).unwrap();
        let config = Config::detect(&state).unwrap().unwrap();
        assert_eq!(config, CONFIG);
        Folded::load(&state, config, Progress::COMPLETE, Device::Cpu, Kind::Float).unwrap()
    }

    fn worst(a: &Tensor, b: &Tensor) -> f64 {
        (a - b).abs().max().double_value(&[])
    }

    #[test]
    fn context_and_finish_are_the_same_in_training_and_folded_and_add_nothing_at_first() {
        tch::manual_seed(5);
        let store = VarStore::new(Device::Cpu);
        let network = Generator::new(&store.root(), CONFIG);
        let x = Tensor::rand([2, 3, 16, 16], (Kind::Float, Device::Cpu));
        let x = tensors::channels_last(&x);
        let trained = || {
            tch::no_grad(|| {
                (network.forward(&(&x * 2.0 - 1.0), Progress::COMPLETE, false) + 1.0) * 0.5
            })
        };
        let plain = trained();
        let mut before = plain;
        for (key, strength) in [
            ("finish.conv_1.weight", 0.3),
            ("context.conv_1.weight", 0.1),
        ] {
            let last = &store.variables()[key];
            assert_eq!(last.abs().max().double_value(&[]), 0.0);
            let _ = tch::no_grad(|| last.shallow_clone().normal_(0.0, strength));
            let now = trained();
            assert!(worst(&before, &now) > 0.05, "{key}");
            before = now;
        }
        let finished = before;
        let folded = folded(&store).forward(&x, TileEdges::ZERO).unwrap();
        assert!(worst(&finished, &folded) < 1e-4);
    }
}
