//! Enhances one texture that repeats, such as a block's face, with Lanczos: `enhance_png IN.png OUT.png`.

use std::fs;

use uncanny_texture::{Cell, DecodeLimits, Edges, Lanczos, Recipe, Scale, decode, encode, enhance};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(input), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("usage: enhance_png IN.png OUT.png".into());
    };
    let scale = Scale::new(8)?;
    let texture = decode(&fs::read(input)?, &DecodeLimits::default())?.image;
    let cell = Cell::whole(texture.width(), texture.height(), Edges::WRAP);
    let recipe = Recipe {
        fidelity: 1.0,
        ..Recipe::new(vec![cell], scale)
    };
    let enhanced = enhance(&texture, &recipe, &mut Lanczos::new(scale))?;
    fs::write(output, encode(&enhanced)?)?;
    Ok(())
}
