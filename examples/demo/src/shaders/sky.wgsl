// The sky: a gradient, the sun, flat clouds of square cells that drift.

#import bevy_pbr::forward_io::VertexOutput
#import bevy_pbr::mesh_view_bindings::{globals, view}

struct Sky {
    sun: vec4<f32>,
    horizon: vec4<f32>,
    zenith: vec4<f32>,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> sky: Sky;

fn dice(cell: vec2<f32>) -> f32 {
    return fract(sin(dot(cell, vec2(127.1, 311.7))) * 43758.547);
}

fn smoothly(at: vec2<f32>) -> f32 {
    let cell = floor(at);
    let t = smoothstep(vec2(0.0), vec2(1.0), at - cell);
    let north = mix(dice(cell), dice(cell + vec2(1.0, 0.0)), t.x);
    let south = mix(dice(cell + vec2(0.0, 1.0)), dice(cell + vec2(1.0, 1.0)), t.x);
    return mix(north, south, t.y);
}

fn cloud(at: vec2<f32>) -> f32 {
    let cell = floor(at);
    return 0.6 * smoothly(cell / 7.0) + 0.3 * smoothly(cell / 3.0 + 40.0) + 0.1 * dice(cell);
}

@fragment
fn fragment(in: VertexOutput) -> @location(0) vec4<f32> {
    let look = normalize(in.world_position.xyz - view.world_position);
    let up = max(look.y, 0.0);
    var colour = mix(sky.horizon.rgb, sky.zenith.rgb, 1.0 - pow(1.0 - up, 2.6));
    let toward = max(dot(look, sky.sun.xyz), 0.0);
    // Warm haze around the sun, then its glare, then the disc: a square one would be too much.
    colour += vec3(1.0, 0.72, 0.42) * (0.22 * pow(toward, 12.0) + 0.30 * pow(toward, 90.0));
    colour = mix(colour, vec3(9.0, 7.8, 5.6), smoothstep(0.9988, 0.9993, toward));
    if look.y > 0.015 {
        let at = look.xz / look.y * 26.0 + vec2(globals.time * 0.25, 0.0) + view.world_position.xz * 0.05;
        let cover = smoothstep(0.54, 0.6, cloud(at));
        let lit = mix(vec3(0.86, 0.92, 1.0), vec3(1.35, 1.25, 1.1), pow(toward, 3.0) * 0.7 + 0.3);
        colour = mix(colour, lit, cover * 0.72 * smoothstep(0.03, 0.22, look.y));
    }
    return vec4(colour, 1.0);
}
