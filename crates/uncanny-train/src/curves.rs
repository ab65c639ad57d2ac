//! A training's measurements as a picture: one small panel a quantity, redrawn whole each time.
//!
//! Owns how curves look; what is measured, and when, is `train`'s.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use image::RgbImage;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

use crate::{Error, Result};

/// A panel's size in pixels.
const PANEL: (u32, u32) = (420, 260);
/// At most so many panels beside each other.
const ACROSS: usize = 3;
/// The series of a panel, in order (Okabe and Ito's colours, told apart by the colour-blind too).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];
const FONT: &str = "DejaVu Sans";
/// Registered once; the letters of ASCII only (`font/LICENSE`).
static REGISTERED: LazyLock<bool> = LazyLock::new(|| {
    let bytes = include_bytes!("font/DejaVuSans-ascii.ttf");
    register_font(FONT, FontStyle::Normal, bytes).is_ok()
});

/// One curve: its name, and its points from left to right.
type Series = (String, Vec<(f64, f64)>);

/// Draws a CSV file of measurements: a header of names, then a line a measurement, the iteration first. Every other
/// column is a curve in a panel of its own; columns `PANEL/NAME` share one. What is not a number leaves a gap.
///
/// # Errors
/// When `csv` cannot be read or has no columns, or `png` cannot be written.
pub fn draw(csv: &Path, png: &Path) -> Result<()> {
    let text = fs::read_to_string(csv).map_err(Error::read(csv))?;
    let wrong = |what: String| Error::Curves {
        path: csv.to_owned(),
        what,
    };
    let panels = panels(&text);
    if panels.is_empty() {
        return Err(wrong("it has no column beside the iteration".to_owned()));
    }
    let image = picture(&panels).map_err(|error| wrong(error.to_string()))?;
    // Whoever looks at the picture meanwhile sees the old one.
    let folder = png.parent().filter(|folder| folder != &Path::new(""));
    let file = tempfile::Builder::new()
        .suffix(".png")
        .tempfile_in(folder.unwrap_or(Path::new(".")))
        .map_err(Error::write(png))?;
    image.save(file.path()).map_err(|source| Error::Image {
        name: png.display().to_string(),
        source,
    })?;
    file.persist(png)
        .map_err(|error| Error::write(png)(error.error))?;
    Ok(())
}

/// The panels in the order of their first columns.
fn panels(csv: &str) -> Vec<(String, Vec<Series>)> {
    let mut lines = csv.lines();
    let names: Vec<&str> = lines
        .next()
        .unwrap_or_default()
        .split(',')
        .skip(1)
        .collect();
    let mut curves: Vec<Vec<(f64, f64)>> = vec![Vec::new(); names.len()];
    for line in lines {
        let mut values = line.split(',').map(|value| value.trim().parse::<f64>());
        let Some(Ok(iteration)) = values.next() else {
            continue;
        };
        for (curve, value) in curves.iter_mut().zip(values) {
            if let Some(value) = value.ok().filter(|value| value.is_finite()) {
                curve.push((iteration, value));
            }
        }
    }
    let mut panels: Vec<(String, Vec<Series>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, curve) in names.into_iter().zip(curves) {
        let (panel, series) = name.split_once('/').unwrap_or((name, ""));
        let place = *places.entry(panel).or_insert_with(|| {
            panels.push((panel.to_owned(), Vec::new()));
            panels.len() - 1
        });
        panels[place].1.push((series.to_owned(), curve));
    }
    panels
}

/// From the least to the greatest value with some room, also for one value or none.
fn range(values: impl Iterator<Item = f64>, room: f64) -> Range<f64> {
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values {
        (least, most) = (least.min(value), most.max(value));
    }
    if least > most {
        return 0.0..1.0;
    }
    let length = most - least;
    let margin = if length > 0.0 {
        length * room
    } else {
        least.abs().max(1e-3) * 0.1
    };
    least - margin..most + margin
}

/// A number as short as tells it from its neighbours along an axis.
fn number(value: f64, axis: &Range<f64>) -> String {
    let step = (axis.end - axis.start) / 8.0;
    let places = (-step.log10()).ceil().clamp(0.0, 8.0) as usize;
    let text = format!("{value:.places$}");
    if text.trim_matches(['-', '0', '.']).is_empty() {
        "0".to_owned()
    } else {
        text
    }
}

fn picture(panels: &[(String, Vec<Series>)]) -> Result<RgbImage, Box<dyn std::error::Error>> {
    if !*REGISTERED {
        return Err("the font that is compiled in is broken".into());
    }
    let across = panels.len().min(ACROSS);
    let down = panels.len().div_ceil(across);
    let size = (PANEL.0 * across as u32, PANEL.1 * down as u32);
    let mut pixels = vec![0; (3 * size.0 * size.1) as usize];
    {
        let root = BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area();
        root.fill(&WHITE)?;
        for (area, (name, series)) in root.split_evenly((down, across)).iter().zip(panels) {
            let points = || series.iter().flat_map(|(_, points)| points);
            let x = range(points().map(|point| point.0), 0.0);
            let y = range(points().map(|point| point.1), 0.06);
            let mut chart = ChartBuilder::on(area)
                .caption(name, (FONT, 17))
                .margin(8)
                .margin_right(20)
                .x_label_area_size(36)
                .y_label_area_size(58)
                .build_cartesian_2d(x.clone(), y.clone())?;
            chart
                .configure_mesh()
                .x_labels(5)
                .y_labels(6)
                .x_desc("iteration")
                .x_label_formatter(&|value| number(*value, &x))
                .y_label_formatter(&|value| number(*value, &y))
                .label_style((FONT, 12))
                .axis_desc_style((FONT, 12))
                .light_line_style(WHITE)
                .bold_line_style(RGBColor(225, 225, 225))
                .draw()?;
            let named = series.iter().any(|(name, _)| !name.is_empty());
            for ((name, points), colour) in series.iter().zip(COLOURS.iter().cycle()) {
                let style = colour.stroke_width(2);
                let drawn = chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
                if named {
                    drawn
                        .label(name)
                        .legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], style));
                }
                // A curve of one point is no line.
                if let [point] = points[..] {
                    chart.draw_series([Circle::new(point, 3, colour.filled())])?;
                }
            }
            if named {
                chart
                    .configure_series_labels()
                    .position(SeriesLabelPosition::MiddleRight)
                    .label_font((FONT, 12))
                    .background_style(WHITE.mix(0.8))
                    .draw()?;
            }
        }
        root.present()?;
    }
    RgbImage::from_raw(size.0, size.1, pixels).ok_or_else(|| "three bytes a pixel".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_make_panels_and_gaps_are_left_out() {
        let csv =
            "iteration,loss,psnr/network,psnr/bicubic\n0,1.5,20,21\n10,nan,22,\nbroken\n20,0.5";
        let panels = panels(csv);
        assert_eq!(panels.len(), 2);
        assert_eq!(
            panels[0].1,
            [(String::new(), vec![(0.0, 1.5), (20.0, 0.5)])]
        );
        assert_eq!(panels[1].0, "psnr");
        assert_eq!(
            panels[1].1[0],
            ("network".to_owned(), vec![(0.0, 20.0), (10.0, 22.0)])
        );
        assert_eq!(panels[1].1[1], ("bicubic".to_owned(), vec![(0.0, 21.0)]));
    }

    #[test]
    fn curves_are_drawn_over_an_older_picture() {
        let folder = tempfile::tempdir().unwrap();
        let (csv, png) = (folder.path().join("m.csv"), folder.path().join("m.png"));
        let mut text =
            "iteration,loss,psnr/network,psnr/bicubic,ssim,empty,landmark error in %\n".to_owned();
        for i in 0..60u32 {
            let t = f64::from(i);
            text += &format!(
                "{},{:.5},{:.3},21.23,{:.4},,{:.2}\n",
                i * 500,
                0.02 + 0.2 * (-t / 10.0).exp(),
                24.0 - 6.0 * (-t / 15.0).exp() + 0.1 * (t * 1.7).sin(),
                0.68 - 0.2 * (-t / 20.0).exp(),
                40.0 * (-t / 12.0).exp() + 8.0,
            );
        }
        fs::write(&csv, text).unwrap();
        fs::write(&png, b"old").unwrap();
        draw(&csv, &png).unwrap();
        let image = image::open(&png).unwrap().to_rgb8();
        assert_eq!(image.dimensions(), (3 * PANEL.0, 2 * PANEL.1));
        let [r, g, b] = [COLOURS[0].0, COLOURS[0].1, COLOURS[0].2];
        assert!(image.pixels().filter(|pixel| pixel.0 == [r, g, b]).count() > 1000);
        // Nothing but the two files is left.
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        // One measurement, as at a training's begin.
        fs::write(&csv, "iteration,loss\n500,0.5\n").unwrap();
        draw(&csv, &png).unwrap();
        fs::write(&csv, "").unwrap();
        assert!(
            draw(&csv, &png)
                .unwrap_err()
                .to_string()
                .contains("no column")
        );
    }
}
