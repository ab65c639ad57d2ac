//! The networks that come with the library: weights, cards, a line on each.

use crate::{Device, Network, Result};

/// A network that comes with the library.
#[derive(Debug)]
#[non_exhaustive]
pub struct Shipped {
    /// What it is asked for by.
    pub name: &'static str,
    /// What it is for, in a few words.
    pub summary: &'static str,
    /// Its checkpoint, as safetensors.
    pub bytes: &'static [u8],
    /// Its card, in Markdown: data, licences, training, measurements, limits.
    pub card: &'static str,
}

/// `assets/NAME.safetensors` and the card beside it; the including macros take only literals.
macro_rules! shipped {
    ($name:literal, $summary:literal) => {
        Shipped {
            name: $name,
            summary: $summary,
            bytes: include_bytes!(concat!("../../../assets/", $name, ".safetensors")),
            card: include_str!(concat!("../../../assets/", $name, ".md")),
        }
    };
}

/// The networks that come with the library.
pub static SHIPPED: &[Shipped] = &[TEXTURES, UNCANNY, FACES, FACES_512];

const TEXTURES: Shipped = shipped!("textures", "the network for a faithful pack, 8x");

const UNCANNY: Shipped = shipped!("uncanny", "sees a face in anything, 8x");

const FACES: Shipped = shipped!("faces", "faithful to portraits and emoji, 8x");

const FACES_512: Shipped = shipped!(
    "faces-512",
    "sees more of a face, at sixteen times the cost: for a GPU, 8x"
);

impl Shipped {
    /// The one called `name`.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Shipped> {
        SHIPPED.iter().find(|shipped| shipped.name == name)
    }

    /// Loads it.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn load(&self, device: Device) -> Result<Network> {
        Network::from_bytes(self.name, self.bytes, device)
    }
}

impl Network {
    /// Loads the shipped face network.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn faces(device: Device) -> Result<Network> {
        FACES.load(device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_loads_and_has_a_card_of_its_own() {
        assert!(!SHIPPED.is_empty());
        for shipped in SHIPPED {
            let network = shipped.load(Device::CPU).unwrap();
            assert!(network.description().parameters > 0);
            assert!(shipped.card.starts_with(&format!("# {}\n", shipped.name)));
            let found = Shipped::find(shipped.name).unwrap();
            assert!(
                std::ptr::eq(found, shipped),
                "{} is there twice",
                shipped.name
            );
        }
    }
}
