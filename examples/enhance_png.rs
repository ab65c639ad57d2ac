//! Enhances one texture that repeats, such as a block's face, by a network: `enhance_png IN.png OUT.png`.

use std::fs;

use uncanny_registry::{DeviceChoice, ModelRegistry};
use uncanny_texture::{Cell, DecodeLimits, Edges, Recipe, Scale, decode, encode, enhance};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(input), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("usage: enhance_png IN.png OUT.png".into());
    };
    let texture = decode(&fs::read(input)?, &DecodeLimits::default())?.image;
    let cell = Cell::whole(texture.width(), texture.height(), Edges::WRAP);
    let recipe = Recipe {
        fidelity: 1.0,
        ..Recipe::new(vec![cell], Scale::new(8)?)
    };
    let mut models = ModelRegistry::new(DeviceChoice::Auto);
    let enhanced = enhance(&texture, &recipe, models.model("textures")?)?;
    fs::write(output, encode(&enhanced)?)?;
    Ok(())
}
