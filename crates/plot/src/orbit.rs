//! How does a box of three dimensions look from a place on an orbit around it?

use crate::scene::{Area, Point};

/// A place in data units: x, y, z.
pub(crate) type Place = [f64; 3];

/// From the middle of the box to the eye, in widths of the box: near enough for depth, far enough for true shapes.
const DISTANCE: f64 = 8.0;

/// Height of the box in its widths.
const HEIGHT: f64 = 0.75;

/// A camera that looks at the middle of a box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Orbit {
    /// The ends of the box along x, y and z.
    pub(crate) ends: [[f64; 2]; 3],
    /// Unit vectors of the camera: to the right, up, and from the box to the eye.
    right: [f64; 3],
    up: [f64; 3],
    pub(crate) eye: [f64; 3],
    centre: Point,
    scale: f64,
}

impl Orbit {
    /// A camera `elevation` degrees above the horizon and `azimuth` degrees from x towards y, such that the box fills
    /// the area.
    pub(crate) fn new(elevation: f64, azimuth: f64, ends: [[f64; 2]; 3], area: Area) -> Orbit {
        let (sin_e, cos_e) = elevation.to_radians().sin_cos();
        let (sin_a, cos_a) = azimuth.to_radians().sin_cos();
        let camera = Orbit {
            ends,
            right: [-sin_a, cos_a, 0.0],
            up: [-sin_e * cos_a, -sin_e * sin_a, cos_e],
            eye: [cos_e * cos_a, cos_e * sin_a, sin_e],
            centre: (0.0, 0.0),
            scale: 1.0,
        };
        let corners: Vec<Point> = camera.corners().map(|corner| camera.on_paper(corner)).collect();
        let span = |of: fn(&Point) -> f64| {
            let of = || corners.iter().map(of);
            (of().fold(f64::INFINITY, f64::min), of().fold(f64::NEG_INFINITY, f64::max))
        };
        let ((left, right), (top, bottom)) = (span(|p| p.0), span(|p| p.1));
        let scale = (area.width / (right - left)).min(area.height / (bottom - top));
        let middle = (area.x + area.width / 2.0, area.y + area.height / 2.0);
        let centre = (middle.0 - scale * (left + right) / 2.0, middle.1 - scale * (top + bottom) / 2.0);
        Orbit { centre, scale, ..camera }
    }

    fn corners(&self) -> impl Iterator<Item = Place> {
        let [x, y, z] = self.ends;
        (0..8).map(move |i: usize| [x[i & 1], y[i >> 1 & 1], z[i >> 2]])
    }

    /// The place in widths of the box, from its middle.
    pub(crate) fn in_box(&self, place: Place) -> [f64; 3] {
        let along = |axis: usize| {
            let [low, high] = self.ends[axis];
            (place[axis] - (low + high) / 2.0) / (high - low)
        };
        [along(0), along(1), HEIGHT * along(2)]
    }

    /// Where a place is seen.
    pub(crate) fn on_paper(&self, place: Place) -> Point {
        let p = self.in_box(place);
        let nearer = DISTANCE / (DISTANCE - dot(p, self.eye));
        (
            self.centre.0 + self.scale * nearer * dot(p, self.right),
            self.centre.1 - self.scale * nearer * dot(p, self.up),
        )
    }

    /// How near a place is to the eye; only the order counts.
    pub(crate) fn nearness(&self, place: Place) -> f64 {
        dot(self.in_box(place), self.eye)
    }

    /// Whether the surface `height` lies between the eye and a place on it.
    pub(crate) fn hides(&self, height: &dyn Fn(f64, f64) -> f64, place: Place) -> bool {
        /// Steps across the box: half a cell of the drawn surface.
        const STEP: f64 = 1.0 / 72.0;
        /// What a surface may be above the ray before it hides: the ray leaves from the surface itself.
        const SLACK: f64 = 0.006;
        let start = self.in_box(place);
        let direction: [f64; 3] = std::array::from_fn(|axis| DISTANCE * self.eye[axis] - start[axis]);
        let across = direction[0].hypot(direction[1]);
        if across < 1e-9 {
            return false;
        }
        let [x, y, z] = self.ends;
        for step in 1.. {
            let share = f64::from(step) * STEP / across;
            let p: [f64; 3] = std::array::from_fn(|axis| start[axis] + share * direction[axis]);
            if p[0].abs() > 0.5 || p[1].abs() > 0.5 || p[2] > HEIGHT / 2.0 {
                return false;
            }
            let data = |axis: [f64; 2], p: f64| (axis[0] + axis[1]) / 2.0 + p * (axis[1] - axis[0]);
            let surface = height(data(x, p[0]), data(y, p[1])).clamp(z[0], z[1]);
            if HEIGHT * (surface - (z[0] + z[1]) / 2.0) / (z[1] - z[0]) > p[2] + SLACK {
                return true;
            }
        }
        false
    }
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Area = Area { x: 10.0, y: 20.0, width: 100.0, height: 200.0 };
    const CUBE: [[f64; 2]; 3] = [[-1.0, 1.0]; 3];

    #[test]
    fn the_box_fills_the_area_in_one_direction_and_stays_inside_in_the_other() {
        for (elevation, azimuth) in [(45.0, -135.0), (30.0, -75.0), (90.0, 0.0), (5.0, 200.0)] {
            let orbit = Orbit::new(elevation, azimuth, CUBE, AREA);
            let corners: Vec<Point> = orbit.corners().map(|corner| orbit.on_paper(corner)).collect();
            let inside = |p: &Point| {
                (AREA.x - 1e-9..=AREA.right() + 1e-9).contains(&p.0)
                    && (AREA.y - 1e-9..=AREA.bottom() + 1e-9).contains(&p.1)
            };
            assert!(corners.iter().all(inside), "{corners:?}");
            assert!(corners.iter().any(|p| (p.0 - AREA.x).abs() < 1e-9), "{corners:?}");
        }
    }

    #[test]
    fn directions_are_those_of_the_reader() {
        // From the side of negative y: x runs to the right, z up, and y away.
        let orbit = Orbit::new(0.0, -90.0, CUBE, AREA);
        let at = |place| orbit.on_paper(place);
        let middle = at([0.0; 3]);
        assert!(at([1.0, 0.0, 0.0]).0 > middle.0 && at([0.0, 0.0, 1.0]).1 < middle.1);
        assert!(orbit.nearness([0.0, -1.0, 0.0]) > orbit.nearness([0.0, 1.0, 0.0]));
        // What is near looks larger.
        assert!(at([1.0, -1.0, 0.0]).0 > at([1.0, 1.0, 0.0]).0);
    }

    #[test]
    fn a_ridge_hides_what_is_behind_it() {
        let ridge = |_: f64, y: f64| if y.abs() < 0.2 { 0.9 } else { -0.9 };
        let orbit = Orbit::new(20.0, -90.0, CUBE, AREA);
        assert!(orbit.hides(&ridge, [0.0, 0.5, -0.9]));
        assert!(!orbit.hides(&ridge, [0.0, -0.5, -0.9]));
        assert!(!orbit.hides(&ridge, [0.0, 0.0, 0.9]));
        // From above nothing is hidden.
        assert!(!Orbit::new(90.0, 0.0, CUBE, AREA).hides(&ridge, [0.0, 0.5, -0.9]));
    }
}
