//! Operators that layers of networks are: convolutions, norms, pools, resizes.

use super::{Call, Op, R, product};
use crate::script::value::{Stop, Value};

pub(super) static OPS: &[Op] = &[
    Op::new(
        "_convolution",
        &[
            "input",
            "weight",
            "bias",
            "stride",
            "padding",
            "dilation",
            "transposed",
            "output_padding",
            "groups",
            "benchmark",
            "deterministic",
            "cudnn_enabled",
            "allow_tf32",
        ],
        |c| {
            let convolution = Convolution {
                stride: c.ints(3)?,
                padding: c.ints(4)?,
                dilation: c.ints(5)?,
                transposed: c.bool_or(6, false)?,
                output_padding: c.ints_or(7, &[0])?,
                groups: c.int_or(8, 1)?,
            };
            convolution.run(c)
        },
    ),
    Op::new("conv1d", CONV, convolve),
    Op::new("conv2d", CONV, convolve),
    Op::new("conv3d", CONV, convolve),
    Op::new("_convolution_mode", CONV, convolve),
    Op::new(
        "conv_transpose2d",
        &[
            "input",
            "weight",
            "bias",
            "stride",
            "padding",
            "output_padding",
            "groups",
            "dilation",
        ],
        |c| {
            let convolution = Convolution {
                stride: c.ints_or(3, &[1])?,
                padding: c.ints_or(4, &[0])?,
                output_padding: c.ints_or(5, &[0])?,
                groups: c.int_or(6, 1)?,
                dilation: c.ints_or(7, &[1])?,
                transposed: true,
            };
            convolution.run(c)
        },
    ),
    Op::new("linear", &["input", "weight", "bias"], |c| {
        let (x, weight) = (c.t(0)?, c.t(1)?);
        let mut sides = x.size();
        if let (Some(last), [features, _]) = (sides.last_mut(), weight.size().as_slice()) {
            *last = *features;
        }
        c.room_for(&sides)?;
        c.out(x.f_linear(weight, c.opt_t(2)?))
    }),
    Op::new(
        "embedding",
        &[
            "weight",
            "indices",
            "padding_idx",
            "scale_grad_by_freq",
            "sparse",
        ],
        |c| {
            let (weight, indices) = (c.t(0)?, c.t(1)?);
            let mut sides = indices.size();
            sides.extend(weight.size().get(1));
            c.room_for(&sides)?;
            let flat = indices.f_reshape([-1])?;
            c.out(weight.f_index_select(0, &flat)?.f_reshape(sides.as_slice()))
        },
    ),
    Op::new(
        "layer_norm",
        &[
            "input",
            "normalized_shape",
            "weight",
            "bias",
            "eps",
            "cudnn_enable",
        ],
        |c| {
            let x = c.t(0)?;
            c.room_for(&x.size())?;
            let shape = c.ints(1)?;
            c.out(x.f_layer_norm(
                shape.as_slice(),
                c.opt_t(2)?,
                c.opt_t(3)?,
                c.float_or(4, 1e-5)?,
                true,
            ))
        },
    ),
    Op::new(
        "group_norm",
        &[
            "input",
            "num_groups",
            "weight",
            "bias",
            "eps",
            "cudnn_enabled",
        ],
        |c| {
            let x = c.t(0)?;
            c.room_for(&x.size())?;
            c.out(x.f_group_norm(
                c.int(1)?,
                c.opt_t(2)?,
                c.opt_t(3)?,
                c.float_or(4, 1e-5)?,
                true,
            ))
        },
    ),
    Op::new(
        "batch_norm",
        &[
            "input",
            "weight",
            "bias",
            "running_mean",
            "running_var",
            "training",
            "momentum",
            "eps",
            "cudnn_enabled",
        ],
        |c| {
            c.only(!c.bool_or(5, false)?, "while it is trained")?;
            let x = c.t(0)?;
            c.room_for(&x.size())?;
            let (weight, bias, mean, var) = (c.opt_t(1)?, c.opt_t(2)?, c.opt_t(3)?, c.opt_t(4)?);
            let eps = c.float_or(7, 1e-5)?;
            c.out(x.f_batch_norm(weight, bias, mean, var, false, 0.0, eps, true))
        },
    ),
    Op::new(
        "instance_norm",
        &[
            "input",
            "weight",
            "bias",
            "running_mean",
            "running_var",
            "use_input_stats",
            "momentum",
            "eps",
            "cudnn_enabled",
        ],
        |c| {
            let x = c.t(0)?;
            c.room_for(&x.size())?;
            let own = c.bool_or(5, true)?;
            let (weight, bias, mean, var) = (c.opt_t(1)?, c.opt_t(2)?, c.opt_t(3)?, c.opt_t(4)?);
            // With statistics of its own and others' at once it is being trained.
            c.only(
                !own || (mean.is_none() && var.is_none()),
                "while it is trained",
            )?;
            let eps = c.float_or(7, 1e-5)?;
            c.out(x.f_instance_norm(weight, bias, mean, var, own, 0.0, eps, true))
        },
    ),
    Op::new("dropout", &["input", "p", "train"], dropout),
    Op::new("dropout_", &["input", "p", "train"], dropout),
    Op::new("feature_dropout", &["input", "p", "train"], dropout),
    Op::new("pixel_shuffle", &["self", "upscale_factor"], |c| {
        let x = c.t(0)?;
        c.room_for(&x.size())?;
        c.out(x.f_pixel_shuffle(c.int(1)?))
    }),
    Op::new("pixel_unshuffle", &["self", "downscale_factor"], |c| {
        let x = c.t(0)?;
        c.room_for(&x.size())?;
        c.out(x.f_pixel_unshuffle(c.int(1)?))
    }),
    Op::new("channel_shuffle", &["self", "groups"], |c| {
        let x = c.t(0)?;
        c.room_for(&x.size())?;
        c.out(x.f_channel_shuffle(c.int(1)?))
    }),
    Op::new(
        "max_pool2d",
        &[
            "self",
            "kernel_size",
            "stride",
            "padding",
            "dilation",
            "ceil_mode",
        ],
        |c| {
            let kernel = c.ints(1)?;
            let stride = pool_stride(c, 2, &kernel)?;
            c.out(c.t(0)?.f_max_pool2d(
                kernel.as_slice(),
                stride.as_slice(),
                c.ints_or(3, &[0])?.as_slice(),
                c.ints_or(4, &[1])?.as_slice(),
                c.bool_or(5, false)?,
            ))
        },
    ),
    Op::new(
        "avg_pool2d",
        &[
            "self",
            "kernel_size",
            "stride",
            "padding",
            "ceil_mode",
            "count_include_pad",
            "divisor_override",
        ],
        |c| {
            let kernel = c.ints(1)?;
            let stride = pool_stride(c, 2, &kernel)?;
            c.out(c.t(0)?.f_avg_pool2d(
                kernel.as_slice(),
                stride.as_slice(),
                c.ints_or(3, &[0])?.as_slice(),
                c.bool_or(4, false)?,
                c.bool_or(5, true)?,
                c.opt_int(6)?,
            ))
        },
    ),
    Op::new("adaptive_avg_pool1d", &["self", "output_size"], |c| {
        let size = adaptive(c, 1)?;
        c.out(c.t(0)?.f_adaptive_avg_pool1d(size.as_slice()))
    }),
    Op::new("adaptive_avg_pool2d", &["self", "output_size"], |c| {
        let size = adaptive(c, 2)?;
        c.out(c.t(0)?.f_adaptive_avg_pool2d(size.as_slice()))
    }),
    Op::new("adaptive_avg_pool3d", &["self", "output_size"], |c| {
        let size = adaptive(c, 3)?;
        c.out(c.t(0)?.f_adaptive_avg_pool3d(size.as_slice()))
    }),
    Op::new("adaptive_max_pool2d", &["self", "output_size"], |c| {
        let size = adaptive(c, 2)?;
        c.out_pair(c.t(0)?.f_adaptive_max_pool2d(size.as_slice()))
    }),
    Op::new(
        "upsample_nearest1d",
        &["input", "output_size", "scale_factors"],
        |c| {
            let (size, scale) = resized(c, 1, 2)?;
            c.out(c.t(0)?.f_upsample_nearest1d(size.as_slice(), scale[0]))
        },
    ),
    Op::new("upsample_nearest2d", NEAREST, |c| {
        let (size, scale) = resized(c, 2, 2)?;
        c.out(
            c.t(0)?
                .f_upsample_nearest2d(size.as_slice(), scale[0], scale[1]),
        )
    }),
    Op::new(
        "upsample_nearest3d",
        &["input", "output_size", "scale_factors"],
        |c| {
            let (size, scale) = resized(c, 3, 2)?;
            c.out(
                c.t(0)?
                    .f_upsample_nearest3d(size.as_slice(), scale[0], scale[1], scale[2]),
            )
        },
    ),
    Op::new(
        "_upsample_nearest_exact1d",
        &["input", "output_size", "scale_factors"],
        |c| {
            let (size, scale) = resized(c, 1, 2)?;
            c.out(
                c.t(0)?
                    .f_internal_upsample_nearest_exact1d(size.as_slice(), scale[0]),
            )
        },
    ),
    Op::new("_upsample_nearest_exact2d", NEAREST, |c| {
        let (size, scale) = resized(c, 2, 2)?;
        c.out(
            c.t(0)?
                .f_internal_upsample_nearest_exact2d(size.as_slice(), scale[0], scale[1]),
        )
    }),
    Op::new(
        "_upsample_nearest_exact3d",
        &["input", "output_size", "scale_factors"],
        |c| {
            let (size, scale) = resized(c, 3, 2)?;
            let x = c.t(0)?;
            c.out(x.f_internal_upsample_nearest_exact3d(
                size.as_slice(),
                scale[0],
                scale[1],
                scale[2],
            ))
        },
    ),
    Op::new(
        "upsample_linear1d",
        &["input", "output_size", "align_corners", "scale_factors"],
        |c| {
            let (size, scale) = resized(c, 1, 3)?;
            c.out(
                c.t(0)?
                    .f_upsample_linear1d(size.as_slice(), c.bool_or(2, false)?, scale[0]),
            )
        },
    ),
    Op::new("upsample_bilinear2d", SMOOTH, |c| {
        let (size, scale) = resized(c, 2, 3)?;
        let align = c.bool_or(2, false)?;
        c.out(
            c.t(0)?
                .f_upsample_bilinear2d(size.as_slice(), align, scale[0], scale[1]),
        )
    }),
    Op::new("upsample_bicubic2d", SMOOTH, |c| {
        let (size, scale) = resized(c, 2, 3)?;
        let align = c.bool_or(2, false)?;
        c.out(
            c.t(0)?
                .f_upsample_bicubic2d(size.as_slice(), align, scale[0], scale[1]),
        )
    }),
    Op::new("_upsample_bilinear2d_aa", SMOOTH, |c| {
        let (size, scale) = resized(c, 2, 3)?;
        let (x, align) = (c.t(0)?, c.bool_or(2, false)?);
        c.out(x.f_internal_upsample_bilinear2d_aa(size.as_slice(), align, scale[0], scale[1]))
    }),
    Op::new("_upsample_bicubic2d_aa", SMOOTH, |c| {
        let (size, scale) = resized(c, 2, 3)?;
        let (x, align) = (c.t(0)?, c.bool_or(2, false)?);
        c.out(x.f_internal_upsample_bicubic2d_aa(size.as_slice(), align, scale[0], scale[1]))
    }),
    Op::new(
        "upsample_trilinear3d",
        &["input", "output_size", "align_corners", "scale_factors"],
        |c| {
            let (size, scale) = resized(c, 3, 3)?;
            let (x, align) = (c.t(0)?, c.bool_or(2, false)?);
            c.out(x.f_upsample_trilinear3d(size.as_slice(), align, scale[0], scale[1], scale[2]))
        },
    ),
    Op::new(
        "grid_sampler",
        &[
            "input",
            "grid",
            "interpolation_mode",
            "padding_mode",
            "align_corners",
        ],
        |c| {
            let (x, grid) = (c.t(0)?, c.t(1)?);
            let [batch, channels, ..] = x.size()[..] else {
                return c.wrong(0, "pictures");
            };
            let places = product(&grid.size()[..grid.dim().saturating_sub(1)]);
            c.room(places.and_then(|n| {
                n.checked_mul(channels)?
                    .checked_div(batch.max(1))?
                    .checked_mul(batch)
            }))?;
            let (mode, padding) = (c.int_or(2, 0)?, c.int_or(3, 0)?);
            c.only(
                (0..=2).contains(&mode) && (0..=2).contains(&padding),
                "in an unknown mode",
            )?;
            c.out(x.f_grid_sampler(grid, mode, padding, c.bool_or(4, false)?))
        },
    ),
];

const CONV: &[&str] = &[
    "input", "weight", "bias", "stride", "padding", "dilation", "groups",
];
const NEAREST: &[&str] = &["input", "output_size", "scale_factors", "scales_w"];
const SMOOTH: &[&str] = &[
    "input",
    "output_size",
    "align_corners",
    "scale_factors",
    "scales_w",
];

/// A convolution's numbers, each one for all dimensions or one for each.
struct Convolution {
    stride: Vec<i64>,
    padding: Vec<i64>,
    dilation: Vec<i64>,
    transposed: bool,
    output_padding: Vec<i64>,
    groups: i64,
}

impl Convolution {
    fn run(&self, c: &Call<'_>) -> R<Value> {
        let (x, weight) = (c.t(0)?, c.t(1)?);
        c.room_for(&self.sides(&x.size(), &weight.size())?)?;
        let padded: Option<i64> = x.size().iter().enumerate().try_fold(1_i64, |n, (i, side)| {
            let more = if i < 2 || self.transposed {
                0
            } else {
                at(&self.padding, i - 2)
            };
            n.checked_mul(side.checked_add(more.checked_mul(2)?)?)
        });
        c.room(padded)?;
        c.out(x.f_convolution(
            weight,
            c.opt_t(2)?,
            self.stride.as_slice(),
            self.padding.as_slice(),
            self.dilation.as_slice(),
            self.transposed,
            self.output_padding.as_slice(),
            self.groups,
        ))
    }

    /// The sides of what it makes.
    fn sides(&self, input: &[i64], weight: &[i64]) -> R<Vec<i64>> {
        let strange = || Stop::failed("a convolution whose numbers make no sense");
        if input.len() != weight.len() || input.len() < 3 {
            return Err(Stop::failed(format!(
                "a convolution by {weight:?} of {input:?}"
            )));
        }
        let channels = if self.transposed {
            weight[1].checked_mul(self.groups).ok_or_else(strange)?
        } else {
            weight[0]
        };
        let mut sides = vec![input[0], channels];
        for (i, (&side, &kernel)) in input.iter().zip(weight).enumerate().skip(2) {
            let of = |numbers: &[i64]| at(numbers, i - 2);
            let (stride, padding) = (of(&self.stride), of(&self.padding));
            if stride < 1 || padding < 0 || of(&self.dilation) < 1 {
                return Err(strange());
            }
            let made = || {
                let reach = of(&self.dilation).checked_mul(kernel - 1)?;
                let edges = padding.checked_mul(2)?;
                if self.transposed {
                    let inner = (side - 1).checked_mul(stride)?.checked_add(reach)?;
                    inner
                        .checked_add(of(&self.output_padding))?
                        .checked_add(1)?
                        .checked_sub(edges)
                } else {
                    let inner = side.checked_add(edges)?.checked_sub(reach)?;
                    Some((inner - 1).div_euclid(stride) + 1)
                }
            };
            sides.push(made().ok_or_else(strange)?);
        }
        Ok(sides)
    }
}

/// The number for a dimension: each has its own, or all have one.
fn at(numbers: &[i64], i: usize) -> i64 {
    numbers.get(i).or(numbers.first()).copied().unwrap_or(0)
}

fn convolve(c: &Call<'_>) -> R<Value> {
    let stride = c.ints_or(3, &[1])?;
    let dilation = c.ints_or(5, &[1])?;
    let groups = c.int_or(6, 1)?;
    let (mut padding, mut odd) = (vec![0], false);
    match c.get(4) {
        Some(Value::Str(mode)) if &**mode == "valid" => {}
        Some(Value::Str(mode)) if &**mode == "same" => {
            let kernel = c.t(1)?.size();
            let reach = |i: usize| at(&dilation, i).saturating_mul(kernel[i + 2] - 1);
            let reach: Vec<i64> = (0..kernel.len().saturating_sub(2)).map(reach).collect();
            odd = reach.iter().any(|reach| reach % 2 != 0);
            padding = reach.iter().map(|reach| reach / 2).collect();
        }
        _ => padding = c.ints_or(4, &[0])?,
    }
    c.only(!odd, "with a padding that differs by side")?;
    let convolution = Convolution {
        stride,
        padding,
        dilation,
        groups,
        transposed: false,
        output_padding: vec![0],
    };
    convolution.run(c)
}

/// Only while a network is trained does it do anything.
fn dropout(c: &Call<'_>) -> R<Value> {
    c.only(!c.bool_or(2, true)?, "while it is trained")?;
    c.out(Ok(c.t(0)?.shallow_clone()))
}

/// The stride of a pool: its kernel, where none is given.
fn pool_stride(c: &Call<'_>, i: usize, kernel: &[i64]) -> R<Vec<i64>> {
    let stride = c.ints_or(i, kernel)?;
    Ok(if stride.is_empty() {
        kernel.to_vec()
    } else {
        stride
    })
}

/// The size that an adaptive pool is asked for.
fn adaptive(c: &Call<'_>, dims: usize) -> R<Vec<i64>> {
    let size = c.ints(1)?;
    let size: Vec<i64> = (0..dims).map(|i| at(&size, i)).collect();
    let outer = c.t(0)?.size();
    let outer = &outer[..outer.len().saturating_sub(dims)];
    c.room_for(&[outer, &size].concat())?;
    Ok(size)
}

/// What a resize is asked for: the sides, and the factors where they were given instead.
fn resized(c: &Call<'_>, dims: usize, factors: usize) -> R<(Vec<i64>, Vec<Option<f64>>)> {
    let sides = c.t(0)?.size();
    if sides.len() != dims + 2 {
        return c.wrong(0, &format!("a tensor of {} dimensions", dims + 2));
    }
    let mut scale = vec![None; dims];
    let size = match (c.opt_ints(1)?, c.get(factors)) {
        (Some(size), None) => size,
        // An older way: the size, and a factor for each side.
        (Some(size), Some(_)) if dims == 2 => {
            scale = vec![c.opt_float(factors)?, c.opt_float(factors + 1)?];
            size
        }
        (None, Some(_)) => {
            let given = c.opt_floats(factors)?.unwrap_or_default();
            if given.len() != dims {
                return c.wrong(factors, "a factor for each side");
            }
            scale = given.iter().copied().map(Some).collect();
            let side = |(side, factor): (&i64, &f64)| (*side as f64 * factor) as i64;
            sides[2..].iter().zip(&given).map(side).collect()
        }
        _ => return c.wrong(1, "a size or factors"),
    };
    c.room_for(&[&sides[..2], &size].concat())?;
    Ok((size, scale))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Kind, Tensor};

    #[test]
    fn what_a_convolution_makes_is_known_before() {
        for (input, weight, stride, padding, dilation, transposed, output_padding, groups) in [
            ([2, 4, 9, 7], [6, 4, 3, 3], 1, 1, 1, false, 0, 1),
            ([1, 4, 9, 8], [6, 2, 3, 5], 2, 0, 1, false, 0, 2),
            ([1, 4, 9, 9], [6, 4, 3, 3], 3, 2, 2, false, 0, 1),
            ([1, 4, 9, 7], [4, 3, 4, 4], 2, 1, 1, true, 0, 1),
            ([1, 4, 5, 7], [4, 3, 3, 3], 3, 1, 2, true, 1, 2),
        ] {
            let convolution = Convolution {
                stride: vec![stride],
                padding: vec![padding],
                dilation: vec![dilation; 2],
                transposed,
                output_padding: vec![output_padding],
                groups,
            };
            let [x, w] = [input, weight].map(|s| Tensor::zeros(s, (Kind::Float, tch::Device::Cpu)));
            let made = x.convolution(
                &w,
                None::<Tensor>,
                [stride; 2],
                [padding; 2],
                [dilation; 2],
                transposed,
                [output_padding; 2],
                groups,
            );
            assert_eq!(convolution.sides(&input, &weight).unwrap(), made.size());
        }
    }
}
