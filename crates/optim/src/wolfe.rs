//! How far along a line? A search for the strong Wolfe conditions, with cubic interpolation.
//!
//! loss(t) <= loss(0) + c1 t slope(0) and |slope(t)| <= c2 |slope(0)|, with c1 1e-4 and c2 0.9: Nocedal and Wright,
//! Numerical Optimization, Algorithms 3.5 and 3.6, with minFunc's safeguards, as in PyTorch.

const C1: f64 = 1e-4;
const C2: f64 = 0.9;

/// What is known at one place of the line.
#[derive(Debug, Clone)]
pub(crate) struct Point<T> {
    pub(crate) t: f64,
    pub(crate) loss: f64,
    pub(crate) slope: f64,
    pub(crate) gradient: Vec<T>,
}

/// Where to look, and how long.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) first: f64,
    /// The largest element of the direction: brackets shorter than the tolerance over it are given up.
    pub(crate) longest: f64,
    pub(crate) tolerance: f64,
    /// How often to look after the first time.
    pub(crate) tries: u64,
}

/// The best place found, and how often it looked.
pub(crate) fn search<T: Clone>(
    at: &mut impl FnMut(f64) -> Point<T>,
    origin: &Point<T>,
    line: &Line,
) -> (Point<T>, u64) {
    let (mut before, mut now) = (origin.clone(), at(line.first));
    let mut looked = 0;
    // Outwards, until there is a place that is right, or two with one between them.
    loop {
        if looked >= line.tries {
            return zoom(at, origin, line, origin.clone(), now, looked);
        }
        let rose = now.loss > origin.loss + C1 * now.t * origin.slope || (looked > 1 && now.loss >= before.loss);
        if !rose && now.slope.abs() <= -C2 * origin.slope {
            return (now, looked + 1);
        }
        if rose || now.slope >= 0.0 {
            return zoom(at, origin, line, before, now, looked);
        }
        let bounds = (now.t + 0.01 * (now.t - before.t), 10.0 * now.t);
        let t = interpolate(&before, &now, bounds);
        before = std::mem::replace(&mut now, at(t));
        looked += 1;
    }
}

/// Inwards, between two places.
fn zoom<T: Clone>(
    at: &mut impl FnMut(f64) -> Point<T>,
    origin: &Point<T>,
    line: &Line,
    one: Point<T>,
    other: Point<T>,
    mut looked: u64,
) -> (Point<T>, u64) {
    let (mut low, mut high) = if one.loss <= other.loss { (one, other) } else { (other, one) };
    let mut stuck = false;
    while looked < line.tries && (high.t - low.t).abs() * line.longest >= line.tolerance {
        let (left, right) = (low.t.min(high.t), low.t.max(high.t));
        let mut t = interpolate(&low, &high, (left, right));
        // Too near to an end, twice or at all: a tenth of the way from it.
        let guard = 0.1 * (right - left);
        if (right - t).min(t - left) < guard {
            if stuck || t >= right || t <= left {
                t = if (t - right).abs() < (t - left).abs() { right - guard } else { left + guard };
                stuck = false;
            } else {
                stuck = true;
            }
        } else {
            stuck = false;
        }
        let now = at(t);
        looked += 1;
        if now.loss > origin.loss + C1 * t * origin.slope || now.loss >= low.loss {
            high = now;
            if high.loss < low.loss {
                std::mem::swap(&mut low, &mut high);
            }
            continue;
        }
        let done = now.slope.abs() <= -C2 * origin.slope;
        if !done && now.slope * (high.t - low.t) >= 0.0 {
            high = low;
        }
        low = now;
        if done {
            break;
        }
    }
    (low, looked + 1)
}

/// The minimum of the cubic through two places with their slopes, within bounds; their middle if it has none.
fn interpolate<T>(one: &Point<T>, other: &Point<T>, (least, most): (f64, f64)) -> f64 {
    let (a, b) = if one.t <= other.t { (one, other) } else { (other, one) };
    let d1 = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.t - b.t);
    let square = d1 * d1 - a.slope * b.slope;
    if square.is_nan() || square < 0.0 {
        return f64::midpoint(least, most);
    }
    let d2 = square.sqrt();
    let t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2));
    if t.is_nan() { f64::midpoint(least, most) } else { t.max(least).min(most) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(loss: impl Fn(f64) -> f64, slope: impl Fn(f64) -> f64) -> impl FnMut(f64) -> Point<f64> {
        move |t| Point { t, loss: loss(t), slope: slope(t), gradient: Vec::new() }
    }

    #[test]
    fn a_parabola_is_solved_by_one_interpolation() {
        // (t - 3)^2 from a first try beyond the valley.
        let mut at = point(|t| (t - 3.0).powi(2), |t| 2.0 * (t - 3.0));
        let line = Line { first: 10.0, longest: 1.0, tolerance: 1e-9, tries: 20 };
        let origin = at(0.0);
        let (found, looked) = search(&mut at, &origin, &line);
        assert!((found.t - 3.0).abs() < 1e-12 && looked == 2, "{} {looked}", found.t);
    }

    #[test]
    fn it_goes_out_where_the_first_try_is_too_short() {
        let mut at = point(|t| (t - 3.0).powi(2), |t| 2.0 * (t - 3.0));
        let line = Line { first: 1e-3, longest: 1.0, tolerance: 1e-9, tries: 20 };
        let origin = at(0.0);
        let (found, _) = search(&mut at, &origin, &line);
        assert!(found.slope.abs() <= 0.9 * 6.0 && found.loss < 9.0);
    }
}
