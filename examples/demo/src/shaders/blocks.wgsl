// Blocks: layers of two texture arrays, the original left of the slider and the enhanced right of it.

#ifdef PREPASS_PIPELINE
#import bevy_pbr::prepass_io::VertexOutput
#ifdef PREPASS_FRAGMENT
#import bevy_pbr::prepass_io::FragmentOutput
#endif
#else
#import bevy_pbr::{
    forward_io::{VertexOutput, FragmentOutput},
    mesh_view_bindings::{globals, view},
    pbr_fragment::pbr_input_from_standard_material,
    pbr_functions::{alpha_discard, apply_pbr_lighting, main_pass_post_lighting_processing},
}
#endif

struct Blocks {
    // Where the slider is, 0 to 1 across the screen.
    slider: f32,
    // 1 where pixels mix with what is behind them.
    translucent: f32,
    unused: vec2<f32>,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(100) var<uniform> blocks: Blocks;
@group(#{MATERIAL_BIND_GROUP}) @binding(101) var originals: texture_2d_array<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(102) var originals_sampler: sampler;
@group(#{MATERIAL_BIND_GROUP}) @binding(103) var enhanced: texture_2d_array<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(104) var enhanced_sampler: sampler;
@group(#{MATERIAL_BIND_GROUP}) @binding(105) var<storage, read> steps: array<u32>;

// Texels are squares with edges one screen pixel soft: nearest close by, and what the sampler does (mipmaps, anisotropy)
// far away, where a screen pixel covers more than a texel.
fn square(uv: vec2<f32>, size: vec2<f32>, across: vec2<f32>) -> vec2<f32> {
    let texel = uv * size;
    let seam = floor(texel + 0.5);
    let soft = clamp(across * size, vec2(0.0001), vec2(1.0));
    return (seam + clamp((texel - seam) / soft, vec2(-0.5), vec2(0.5))) / size;
}

struct Place {
    uv: vec2<f32>,
    dx: vec2<f32>,
    dy: vec2<f32>,
}

fn original_at(place: Place, layer: u32) -> vec4<f32> {
    let size = vec2<f32>(textureDimensions(originals).xy);
    let uv = square(place.uv, size, abs(place.dx) + abs(place.dy));
    return textureSampleGrad(originals, originals_sampler, uv, layer, place.dx, place.dy);
}

fn enhanced_at(place: Place, layer: u32) -> vec4<f32> {
    let size = vec2<f32>(textureDimensions(enhanced).xy);
    let uv = square(place.uv, size, abs(place.dx) + abs(place.dy));
    return textureSampleGrad(enhanced, enhanced_sampler, uv, layer, place.dx, place.dy);
}

#ifdef PREPASS_PIPELINE

#ifdef MAY_DISCARD
fn cut(in: VertexOutput) {
    let across = abs(dpdx(in.uv)) + abs(dpdy(in.uv));
    let layer = steps[u32(in.uv_b.x + 0.5)] & 0xFFFu;
    // Shadows are soft and many: no anisotropy. And a shadow has no left and right of the slider.
    var alpha: f32;
    if blocks.slider < 0.5 {
        let size = vec2<f32>(textureDimensions(enhanced).xy);
        let level = log2(max(max(across.x * size.x, across.y * size.y), 1.0));
        alpha = textureSampleLevel(enhanced, enhanced_sampler, in.uv, layer, level).a;
    } else {
        let size = vec2<f32>(textureDimensions(originals).xy);
        let level = log2(max(max(across.x * size.x, across.y * size.y), 1.0));
        alpha = textureSampleLevel(originals, originals_sampler, in.uv, layer, level).a;
    }
    if alpha < 0.5 {
        discard;
    }
}
#endif

#ifdef PREPASS_FRAGMENT
@fragment
fn fragment(in: VertexOutput) -> FragmentOutput {
#ifdef MAY_DISCARD
    cut(in);
#endif
    var out: FragmentOutput;
#ifdef UNCLIPPED_DEPTH_ORTHO_EMULATION
    out.frag_depth = in.unclipped_depth;
#endif
    return out;
}
#else
@fragment
fn fragment(in: VertexOutput) {
#ifdef MAY_DISCARD
    cut(in);
#endif
}
#endif

#else

@fragment
fn fragment(in: VertexOutput, @builtin(front_facing) is_front: bool) -> FragmentOutput {
    let place = Place(in.uv, dpdx(in.uv), dpdy(in.uv));
    let first = u32(in.uv_b.x + 0.5);
    let count = max(u32(in.uv_b.y + 0.5), 1u);
    let step = steps[first + u32(globals.time * 20.0) % count];
    let layer = step & 0xFFFu;
    let next = (step >> 12u) & 0xFFFu;
    let between = f32(step >> 24u) / 255.0;

    var colour: vec4<f32>;
    if in.position.x - view.viewport.x < blocks.slider * view.viewport.z {
        colour = original_at(place, layer);
        if between > 0.0 {
            colour = mix(colour, original_at(place, next), between);
        }
    } else {
        colour = enhanced_at(place, layer);
        if between > 0.0 {
            colour = mix(colour, enhanced_at(place, next), between);
        }
    }

    var input = pbr_input_from_standard_material(in, is_front);
    let glow = 1.0 - in.color.a;
    let tinted = colour.rgb * in.color.rgb;
    input.material.base_color = alpha_discard(input.material, vec4(tinted, colour.a));
    // Light of its own, and a little more than what is seen, so that it blooms.
    input.material.emissive = vec4(tinted * glow * 1.2, 0.0);

    var out: FragmentOutput;
    out.color = apply_pbr_lighting(input);
    out.color = main_pass_post_lighting_processing(input, out.color);
    return out;
}

#endif
