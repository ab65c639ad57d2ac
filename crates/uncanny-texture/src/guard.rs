//! Keeps a decoder's panic from costing more than its picture.
//!
//! The decoders are others' work, fed with strangers' files. Known to panic, and told upstream here:
//!
//! - `image-webp` 0.2.4, `WebPDecoder::read_frame` (decoder.rs): in a frame of an animation that is `ALPH` and `VP8 `
//!   the size that `VP8 ` states is not compared with the frame's, as it is where `VP8 ` stands alone and in a still
//!   picture; `InconsistentImageSizes` belongs there too. A larger one writes beyond the frame: "index out of bounds" at
//!   decoder.rs:858, or a range that ends too far at yuv.rs:93 or yuv.rs:230 (`fill_rgb_buffer_fancy` and what it
//!   calls). `tests/bad/pictures.rs` makes such files.
//! - `png` 0.18.1, `create_rgba_palette` (decoder/transform/palette.rs:74): a palette whose length is no multiple of three is
//!   sliced beyond its end, where the PNG specification calls it an error.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{Error, PictureFormat};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is in a decoder whose panic becomes an [`Error::Decoder`]. A program that asks this in its panic
/// hook can keep silent about what it will be told anyway.
///
/// ```
/// let usual = std::panic::take_hook();
/// std::panic::set_hook(Box::new(move |panic| {
///     if !uncanny_texture::is_guarded() {
///         usual(panic);
///     }
/// }));
/// ```
#[must_use]
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// Lets a decoder work. What it was working on must be thrown away when it fails.
pub(crate) fn guarded<T>(
    format: PictureFormat,
    decode: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    let outer = GUARDED.replace(true);
    let decoded = catch_unwind(AssertUnwindSafe(decode));
    GUARDED.set(outer);
    decoded.unwrap_or_else(|panic| {
        Err(Error::Decoder {
            format,
            what: told(panic.as_ref()).to_owned(),
        })
    })
}

/// What a panic said.
fn told(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it does not say why")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_only_inside_is_silent() {
        assert!(!is_guarded());
        let inside = guarded(PictureFormat::Gif, || {
            // Nested: the outer one still holds after it.
            guarded(PictureFormat::Png, || Ok(()))?;
            Ok(is_guarded())
        });
        assert!(inside.unwrap());
        let panics: [fn(); 2] = [
            || panic!("a plain text"),
            || panic!("{} texts", std::hint::black_box(2)),
        ];
        for (panic, text) in panics.into_iter().zip(["a plain text", "2 texts"]) {
            let failed = guarded(PictureFormat::WebP, || {
                panic();
                Ok(())
            });
            let said = failed.unwrap_err().to_string();
            assert!(said.contains("WebP") && said.contains(text), "{said}");
            assert!(!is_guarded());
        }
    }
}
