//! `draw-packs`: writes packs/starter, packs/starter.zip and packs/sheets, or a contact sheet to look at.

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let pack = draw_packs::starter();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => {
            let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
            pack.write(&packs.join("starter"))?;
            std::fs::write(packs.join("starter.zip"), pack.zip()?)?;
            draw_packs::sheets::sheets().write(&packs.join("sheets"))?;
            Ok(())
        }
        [flag, file, rest @ ..] if flag == "--sheet" => {
            let filter = rest.first().map_or("", String::as_str);
            let sheet = draw_packs::sheet::contact(&pack, filter, 9);
            Ok(std::fs::write(file, draw_packs::pack::encode(&sheet))?)
        }
        _ => Err("usage: draw-packs [--sheet FILE.png [PART-OF-A-NAME]]".into()),
    }
}
