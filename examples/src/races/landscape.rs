//! On which functions do the optimizers race, from where, and how are they shown?

use tape::Var;

use super::square;

/// A function of two numbers, and the race on it.
#[derive(Debug)]
pub struct Landscape {
    /// Its name, in lower case.
    pub name: &'static str,
    /// What its picture is called.
    pub title: &'static str,
    /// The function, to be read.
    pub formula: &'static str,
    /// The same, and its slopes, as the text of a program.
    pub code: Code,
    /// Where all start.
    pub start: [f64; 2],
    /// How many positions are shown, the start included.
    pub frames: usize,
    /// The ends of both axes.
    pub x: [f64; 2],
    /// The ends of the axis that runs away from the reader.
    pub y: [f64; 2],
    /// From where it is looked at.
    pub pictured: Pictured,
    /// The lowest point, where there is one.
    pub minimum: Option<[f64; 2]>,
    value: fn(f64, f64) -> f64,
    recorded: fn(Var<f64>, Var<f64>) -> Var<f64>,
    slopes: [fn(f64, f64) -> f64; 2],
}

/// A landscape's formulas as written in this file, which are JavaScript just as well.
#[derive(Debug, Clone, Copy)]
pub struct Code {
    /// The function of `x` and `y`.
    pub value: &'static str,
    /// Its derivatives.
    pub slopes: [&'static str; 2],
}

/// Seen from above or from the side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pictured {
    /// Level lines.
    Map,
    /// A surface between two heights, seen from an elevation and an azimuth in degrees.
    Surface {
        /// Degrees above the horizon.
        elevation: f64,
        /// Degrees about the vertical axis, from the direction of x towards that of y.
        azimuth: f64,
        /// The ends of the vertical axis.
        z: [f64; 2],
    },
}

impl Landscape {
    /// The height at a place.
    #[must_use]
    pub fn value(&self, [x, y]: [f64; 2]) -> f64 {
        (self.value)(x, y)
    }

    /// The height and its slopes, by the tape.
    ///
    /// ```
    /// let valley = examples::races::landscape("valley").unwrap();
    /// // 5 x^2 - y^2
    /// assert_eq!(valley.value_and_gradient([2.0, 1.0]), (19.0, [20.0, -2.0]));
    /// ```
    #[must_use]
    pub fn value_and_gradient(&self, position: [f64; 2]) -> (f64, [f64; 2]) {
        let (value, gradient) = tape::value_and_grad(|p| (self.recorded)(p[0], p[1]), &position);
        (value, [gradient[0], gradient[1]])
    }

    /// The slopes by the formulas that the page has.
    #[must_use]
    pub fn written_gradient(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        self.slopes.map(|slope| slope(x, y))
    }
}

/// The landscape of this name.
#[must_use]
pub fn landscape(name: &str) -> Option<&'static Landscape> {
    LANDSCAPES.iter().find(|landscape| landscape.name == name)
}

/// One formula, three machines: numbers, the tape, and the page, which is given the text.
macro_rules! formulas {
    (|$x:ident, $y:ident| $value:expr, $in_x:expr, $in_y:expr; $($field:ident: $of:expr),*) => {
        Landscape {
            $($field: $of,)*
            code: Code { value: stringify!($value), slopes: [stringify!($in_x), stringify!($in_y)] },
            value: |$x, $y| $value,
            recorded: |$x, $y| $value,
            slopes: [
                |$x, $y| { let _: f64 = $y; $in_x },
                |$x, $y| { let _: f64 = $x; $in_y },
            ],
        }
    };
}

/// The three that Radford showed.
pub const LANDSCAPES: &[Landscape] = &[
    formulas! {
        |x, y| square(1.5 - x + x * y) + square(2.25 - x + x * y * y) + square(2.625 - x + x * y * y * y),
        2.0 * (1.5 - x + x * y) * (y - 1.0) + 2.0 * (2.25 - x + x * y * y) * (y * y - 1.0)
            + 2.0 * (2.625 - x + x * y * y * y) * (y * y * y - 1.0),
        2.0 * x * (1.5 - x + x * y) + 4.0 * x * y * (2.25 - x + x * y * y)
            + 6.0 * x * y * y * (2.625 - x + x * y * y * y);
        name: "beale",
        title: "Beale’s function",
        formula: "f = (1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²",
        start: [1.0, 1.6],
        frames: 199,
        x: [-5.0, 5.0],
        y: [-5.0, 5.0],
        pictured: Pictured::Map,
        minimum: Some([3.0, 0.5])
    },
    formulas! {
        |x, y| 5.0 * x * x - y * y,
        10.0 * x,
        -2.0 * y;
        name: "valley",
        title: "Long valley",
        formula: "f = 5x² − y²",
        start: [0.25, -1e-6],
        frames: 199,
        x: [-1.0, 0.95],
        y: [-2.0, 0.95],
        pictured: Pictured::Surface { elevation: 45.0, azimuth: -135.0, z: [-5.0, 5.0] },
        minimum: None
    },
    formulas! {
        |x, y| x * x * x - 3.0 * x * y * y,
        3.0 * x * x - 3.0 * y * y,
        -6.0 * x * y;
        name: "saddle",
        title: "Monkey saddle",
        formula: "f = x³ − 3xy²",
        start: [-0.245, -0.5],
        frames: 175,
        x: [-1.0, 0.95],
        y: [-1.0, 0.95],
        pictured: Pictured::Surface { elevation: 30.0, azimuth: -75.0, z: [-5.0, 5.0] },
        minimum: None
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The page cannot ask the tape, so its slopes are written by hand: here the tape is asked.
    #[test]
    fn the_written_slopes_are_those_of_the_tape() {
        for landscape in LANDSCAPES {
            for position in [landscape.start, [0.3, -0.7], [-1.7, 1.2], [0.0, 0.0]] {
                let (value, gradient) = landscape.value_and_gradient(position);
                assert_eq!(value, landscape.value(position), "{}", landscape.name);
                for (swept, written) in gradient.into_iter().zip(landscape.written_gradient(position)) {
                    assert!((swept - written).abs() <= 1e-12 * written.abs().max(1.0), "{}", landscape.name);
                }
            }
        }
    }

    #[test]
    fn the_minimum_is_one() {
        let beale = landscape("beale").unwrap();
        assert_eq!(beale.value_and_gradient([3.0, 0.5]), (0.0, [0.0, 0.0]));
        assert_eq!(landscape("bealle").map(|landscape| landscape.name), None);
    }
}
