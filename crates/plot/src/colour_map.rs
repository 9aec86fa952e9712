//! Which colours rise as evenly to the eye as the heights that they stand for?
//!
//! The scales are straight lines in Oklch (Ottosson 2020): lightness, chroma and hue change by the same amount from step to
//! step, and lightness alone tells high from low, so that nobody's sight misleads. The lowest is nearly the paper: the low
//! ground is where trails run, and they keep there the contrast that they have with paper.

use crate::colour::Rgb;

/// Steps of the scale of heights.
pub(crate) const HEIGHTS: u8 = 24;

/// An Oklch colour: lightness from 0 to 1, chroma from 0 (grey), hue in degrees.
#[derive(Debug, Clone, Copy)]
struct Oklch {
    lightness: f64,
    chroma: f64,
    hue: f64,
}

const fn oklch(lightness: f64, chroma: f64, hue: f64) -> Oklch {
    Oklch { lightness, chroma, hue }
}

/// The ends of the scales on light and on dark paper: from sand over green to blue.
const LIGHT: [Oklch; 2] = [oklch(0.975, 0.025, 100.0), oklch(0.62, 0.105, 262.0)];
const DARK: [Oklch; 2] = [oklch(0.215, 0.03, 275.0), oklch(0.62, 0.085, 165.0)];

/// How much darker, on dark paper lighter, a line is than the height that it is drawn on.
const RELIEF: f64 = 0.085;

/// The colours of a height on light and dark paper.
pub(crate) fn height(level: u8) -> (Rgb, Rgb) {
    (at(LIGHT, level, 0.0), at(DARK, level, 0.0))
}

/// The colours of a line on that height.
pub(crate) fn level_line(level: u8) -> (Rgb, Rgb) {
    (at(LIGHT, level, -RELIEF), at(DARK, level, RELIEF))
}

fn at([low, high]: [Oklch; 2], level: u8, lift: f64) -> Rgb {
    let share = f64::from(level.min(HEIGHTS - 1)) / f64::from(HEIGHTS - 1);
    let mix = |a: f64, b: f64| a + (b - a) * share;
    let lightness = mix(low.lightness, high.lightness) + lift;
    let (sin, cos) = mix(low.hue, high.hue).to_radians().sin_cos();
    let chroma = mix(low.chroma, high.chroma);
    of_oklab([lightness, chroma * cos, chroma * sin])
}

/// The screen's colour of an Oklab one; what the screen cannot show is cut off.
fn of_oklab([lightness, a, b]: [f64; 3]) -> Rgb {
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    let channel = |linear: f64| {
        let c = if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
        (c * 255.0).round().clamp(0.0, 255.0) as u8
    };
    Rgb(
        channel(4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s),
        channel(-1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s),
        channel(-0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::{Paint, SERIES, SIGHT, seen};

    fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }

    #[test]
    fn white_is_white_and_grey_is_grey() {
        assert_eq!(of_oklab([1.0, 0.0, 0.0]), Rgb(255, 255, 255));
        assert_eq!(of_oklab([0.0, 0.0, 0.0]), Rgb(0, 0, 0));
        // Oklab's lightness of a grey is the cube root of its light: that of 128 is 0.2159 of white.
        assert_eq!(of_oklab([0.215_861_f64.cbrt(), 0.0, 0.0]), Rgb(128, 128, 128));
    }

    #[test]
    fn steps_are_even_and_lightness_tells_high_from_low_whoever_looks() {
        let scales = [|level| height(level).0, |level| height(level).1];
        for (scale, direction) in scales.into_iter().zip([-1.0, 1.0]) {
            for (sight, matrix) in SIGHT {
                let colours: Vec<[f64; 3]> = (0..HEIGHTS).map(|level| seen(scale(level), &matrix)).collect();
                for pair in colours.windows(2) {
                    assert!((pair[1][0] - pair[0][0]) * direction > 0.004, "{sight}: {pair:?}");
                }
                if sight == "full" {
                    let steps: Vec<f64> = colours.windows(2).map(|pair| distance(pair[0], pair[1])).collect();
                    let mean = steps.iter().sum::<f64>() / steps.len() as f64;
                    // Rounding to 8 bits alone is a tenth of a step.
                    assert!(steps.iter().all(|step| (step / mean - 1.0).abs() < 0.45), "{mean}: {steps:?}");
                }
            }
        }
    }

    #[test]
    fn trails_stand_out_from_the_low_ground() {
        for series in 0..SERIES {
            let (light, dark) = (Paint::Series(series).light(), Paint::Series(series).dark());
            for level in 0..HEIGHTS / 4 {
                assert!(
                    light.contrast(height(level).0) > 2.2 && dark.contrast(height(level).1) > 2.2,
                    "{series} {level}"
                );
            }
        }
    }

    #[test]
    fn a_level_line_can_be_seen_on_its_height() {
        for level in 0..HEIGHTS {
            let (ground, line) = (height(level), level_line(level));
            for (ground, line) in [(ground.0, line.0), (ground.1, line.1)] {
                let [ground, line] = [ground, line].map(|colour| seen(colour, &SIGHT[0].1));
                assert!((ground[0] - line[0]).abs() > 0.05, "{level}");
            }
        }
    }
}
