//! Metrics and resizing agree with scikit-image, PyTorch and Pillow; `tests/fixtures/metrics/make.py` made the pictures
//! and the numbers.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be read must fail the test"
)]

use std::path::Path;

use uncanny_texture::{DecodeLimits, Filter, RgbaImage, decode, metric, resize};

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/metrics");
    std::fs::read(folder.join(name)).unwrap()
}

fn picture(name: &str) -> RgbaImage {
    let bytes = fixture(&format!("{name}.png"));
    decode(&bytes, &DecodeLimits::default()).unwrap().image
}

/// As PIL's `convert("RGB")`: alpha is dropped.
fn opaque(mut image: RgbaImage) -> RgbaImage {
    image.pixels_mut().for_each(|pixel| pixel.0[3] = 255);
    image
}

#[test]
fn metrics_agree_with_scikit_image_and_pytorch() {
    let values: serde_json::Value = serde_json::from_slice(&fixture("values.json")).unwrap();
    let close = |found: f64, of: &str, what: &str| {
        let expected = values[of][what].as_f64().unwrap();
        assert!(
            (found - expected).abs() < 1e-6 * expected.abs().max(1.0),
            "{of}'s {what}: {found} instead of {expected}"
        );
    };
    let (truth, low) = (picture("truth"), picture("low"));
    for name in ["near", "far"] {
        let other = picture(name);
        close(metric::psnr(&truth, &other), name, "psnr");
        close(metric::ssim(&truth, &other), name, "ssim");
        close(metric::ms_ssim(&truth, &other), name, "ms_ssim");
        close(metric::consistency(&other, &low), name, "consistency");
        close(metric::seam_ratio(&other), name, "seam");
        close(metric::sharpness(&other), name, "sharpness");
        close(metric::alpha_errors(&other, &truth), name, "alpha_errors");
        let overlap = metric::silhouette_overlap(&other, &truth);
        close(overlap, name, "silhouette_overlap");
        close(f64::from(metric::outline(&other)), name, "outline");
    }
    let large = metric::ms_ssim(&picture("large"), &picture("large-near"));
    close(large, "large", "ms_ssim");
}

#[test]
fn equal_pictures_are_equal() {
    let a = picture("truth");
    assert_eq!(metric::psnr(&a, &a), f64::INFINITY);
    assert!((metric::ssim(&a, &a) - 1.0).abs() < 1e-12);
    assert!((metric::ms_ssim(&a, &a) - 1.0).abs() < 1e-12);
    assert_eq!(metric::alpha_errors(&a, &a), 0.0);
    assert_eq!(metric::silhouette_overlap(&a, &a), 1.0);
}

#[test]
fn silhouettes_are_cut_at_a_half() {
    let of = |rows: [&str; 3]| {
        RgbaImage::from_fn(4, 3, |x, y| {
            let alpha = match rows[y as usize].as_bytes()[x as usize] {
                b'#' => 255,
                b'+' => 128,
                b'-' => 127,
                _ => 0,
            };
            [9, 9, 9, alpha].into()
        })
    };
    let (a, b) = (of(["....", ".##.", ".+-."]), of(["....", ".##.", "...."]));
    assert_eq!(metric::silhouette_overlap(&a, &b), 2.0 / 3.0);
    assert_eq!(metric::silhouette_overlap(&a, &a), 1.0);
    // The picture's border is no outline: the lowest pixel of `a` has three sides, one of them beyond it.
    assert_eq!((metric::outline(&a), metric::outline(&b)), (7, 6));
    let (none, all) = (of(["...."; 3]), of(["####"; 3]));
    assert_eq!((metric::outline(&none), metric::outline(&all)), (0, 0));
    assert_eq!(metric::silhouette_overlap(&none, &none), 1.0);
    assert_eq!(metric::silhouette_overlap(&none, &all), 0.0);
}

#[test]
fn a_replicated_picture_is_consistent_with_its_input() {
    let low = picture("low");
    let high = RgbaImage::from_fn(128, 128, |x, y| *low.get_pixel(x / 8, y / 8));
    assert_eq!(metric::consistency(&high, &low), f64::INFINITY);
}

#[test]
fn alpha_that_the_input_has_not_is_told() {
    let with =
        |alphas: [u8; 2]| RgbaImage::from_fn(2, 1, |x, _| [0, 0, 0, alphas[x as usize]].into());
    let (opaque, cut_out, soft) = (with([255, 255]), with([0, 255]), with([255, 9]));
    for (low, high, leaves) in [
        (&opaque, &opaque, false),
        (&opaque, &cut_out, true),
        (&opaque, &soft, true),
        (&cut_out, &opaque, false),
        (&cut_out, &cut_out, false),
        (&cut_out, &soft, true),
        (&soft, &cut_out, false),
        (&soft, &soft, false),
    ] {
        assert_eq!(
            metric::leaves_alpha_class(high, low),
            leaves,
            "{low:?} {high:?}"
        );
    }
}

#[test]
fn a_ground_shows_through() {
    // PIL mixes with a few more bits and may round another way.
    let found = metric::over(&picture("truth"), [0, 0, 0]);
    let expected = picture("truth-over-black");
    let most = found
        .as_raw()
        .iter()
        .zip(expected.as_raw())
        .map(|(a, b)| a.abs_diff(*b));
    assert!(most.max().unwrap() <= 1);
    assert_eq!(
        metric::over(&RgbaImage::new(1, 1), [9, 8, 7])
            .get_pixel(0, 0)
            .0,
        [9, 8, 7, 255]
    );
}

#[test]
fn resizing_is_pils_bit_for_bit() {
    let (truth, low) = (picture("truth"), picture("low"));
    for (filter, name) in [
        (Filter::Box, "box"),
        (Filter::Bilinear, "bilinear"),
        (Filter::Bicubic, "bicubic"),
        (Filter::Lanczos, "lanczos"),
    ] {
        let rgb = resize(&opaque(low.clone()), (37, 45), filter);
        assert!(
            rgb == picture(&format!("resize-rgb-37x45-{name}")),
            "{name} RGB"
        );
        let small = resize(&truth, (16, 16), filter);
        assert!(
            small == picture(&format!("resize-rgba-16-{name}")),
            "{name} 16x16"
        );
        let odd = resize(&low, (40, 40), filter);
        assert!(
            odd == picture(&format!("resize-rgba-40x40-{name}")),
            "{name} 40x40"
        );
    }
    let chain = [64, 32, 16].into_iter().fold(opaque(truth), |image, side| {
        resize(&image, (side, side), Filter::Bilinear)
    });
    assert!(chain == picture("resize-rgb-chain"));
}
