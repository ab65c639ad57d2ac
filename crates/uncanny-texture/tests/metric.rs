//! The metrics agree with scikit-image; `metric_reference.py` makes the numbers.

use uncanny_texture::{RgbaImage, metric};

fn picture(salt: u32) -> RgbaImage {
    RgbaImage::from_fn(32, 24, |x, y| {
        let channel = |c: u32| {
            ((x * x * (3 + c) + y * (7 + 2 * c) + x * y * (1 + salt) + 40 * c * salt) % 251) as u8
        };
        [channel(0), channel(1), channel(2), 255].into()
    })
}

fn close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() < 1e-6 * expected.abs().max(1.0),
        "{found} instead of {expected}"
    );
}

#[test]
fn agrees_with_scikit_image() {
    let a = picture(0);
    let b = RgbaImage::from_fn(32, 24, |x, y| {
        let p = a.get_pixel(x, y).0;
        let channel = |c: u32| {
            (i64::from(p[c as usize]) + i64::from((x + y + c) % 17) - 8).clamp(0, 255) as u8
        };
        [channel(0), channel(1), channel(2), 255].into()
    });
    let c = picture(1);
    close(metric::psnr(&a, &b), 34.41988435960386);
    close(metric::ssim(&a, &b), 0.9964850078981851);
    close(metric::psnr(&a, &c), 7.882325864662418);
    close(metric::ssim(&a, &c), -0.0042409193117604535);
    close(metric::seam_ratio(&a), 1.5151781665734823);
    close(metric::sharpness(&a), 127.76589242424242);
}

#[test]
fn equal_pictures_are_equal() {
    let a = picture(2);
    assert_eq!(metric::psnr(&a, &a), f64::INFINITY);
    close(metric::ssim(&a, &a), 1.0);
}
