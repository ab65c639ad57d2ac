//! The upscale factor as a type.

use std::{fmt, num::NonZeroU32, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::Error;

/// An integer upscale factor from 1 to 64, shown as "8x".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Scale(NonZeroU32);

impl Scale {
    /// The factor that changes nothing.
    pub const ONE: Scale = Scale(NonZeroU32::MIN);

    /// A checked factor.
    ///
    /// # Errors
    /// [`Error::Scale`] unless the factor is in 1..=64.
    pub fn new(factor: u32) -> Result<Scale, Error> {
        match NonZeroU32::new(factor) {
            Some(nonzero) if factor <= 64 => Ok(Scale(nonzero)),
            _ => Err(Error::Scale {
                found: factor.to_string(),
            }),
        }
    }

    /// The factor as a number.
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x", self.0)
    }
}

impl FromStr for Scale {
    type Err = Error;

    /// Reads "8" or "8x".
    fn from_str(text: &str) -> Result<Scale, Error> {
        let trimmed = text.trim();
        let digits = trimmed.strip_suffix(['x', 'X']).unwrap_or(trimmed);
        let factor = digits.parse().map_err(|_| Error::Scale {
            found: format!("\"{text}\""),
        })?;
        Scale::new(factor)
    }
}

impl TryFrom<u32> for Scale {
    type Error = Error;

    fn try_from(factor: u32) -> Result<Scale, Error> {
        Scale::new(factor)
    }
}

impl From<Scale> for u32 {
    fn from(scale: Scale) -> u32 {
        scale.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_shows() {
        for factor in [1, 2, 3, 8, 64] {
            let scale = Scale::new(factor).unwrap();
            assert_eq!(scale.to_string().parse::<Scale>().unwrap(), scale);
            assert_eq!(factor.to_string().parse::<Scale>().unwrap(), scale);
        }
    }

    #[test]
    fn refuses_what_is_no_scale() {
        for text in ["", "x", "0", "65", "-8", "8.5", "8xx", "eight"] {
            assert!(text.parse::<Scale>().is_err(), "{text}");
        }
    }
}
