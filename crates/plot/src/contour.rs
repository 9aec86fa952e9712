//! Where does a function of two numbers have a given value?
//!
//! Marching squares: the function is sampled on a grid, and the boundary of the region that lies at or below a level is
//! followed from cell to cell. A rim of infinite height around the grid closes every boundary, so that regions can be filled.

use crate::scene::Point;

/// A function on a grid of places; values that are not finite count as infinitely high.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    x: [f64; 2],
    y: [f64; 2],
    columns: usize,
    rows: usize,
    /// Row by row, with the rim.
    values: Vec<f64>,
}

/// A crossing of the boundary with an edge of the grid: of node `from`, towards larger `x` or `y`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Edge {
    column: usize,
    row: usize,
    upwards: bool,
}

impl Grid {
    /// Samples `f` at `columns` x `rows` places, ends included.
    pub(crate) fn sample(f: impl Fn(f64, f64) -> f64, x: [f64; 2], y: [f64; 2], columns: usize, rows: usize) -> Grid {
        let mut grid = Grid { x, y, columns, rows, values: vec![f64::INFINITY; (columns + 2) * (rows + 2)] };
        for row in 1..=rows {
            for column in 1..=columns {
                let (x, y) = grid.place(column, row);
                let value = f(x, y);
                let node = grid.node(column, row);
                grid.values[node] = if value.is_finite() { value } else { f64::INFINITY };
            }
        }
        grid
    }

    /// The finite values.
    pub(crate) fn values(&self) -> impl Iterator<Item = f64> {
        self.values.iter().copied().filter(|value| value.is_finite())
    }

    fn node(&self, column: usize, row: usize) -> usize {
        row * (self.columns + 2) + column
    }

    /// The rim lies where the outermost nodes lie.
    fn place(&self, column: usize, row: usize) -> Point {
        let along = |[low, high]: [f64; 2], index: usize, count: usize| {
            let index = index.clamp(1, count) - 1;
            low + (high - low) * index as f64 / (count - 1) as f64
        };
        (along(self.x, column, self.columns), along(self.y, row, self.rows))
    }

    /// The rings around all that is at or below the level, with that on their left if y points up.
    pub(crate) fn below(&self, level: f64) -> Vec<Vec<Point>> {
        // Where the boundary goes on to from a crossing. Every edge is crossed at most once, into one cell and out of another.
        let mut next: Vec<Option<Edge>> = vec![None; 2 * self.values.len()];
        for row in 0..=self.rows {
            for column in 0..=self.columns {
                for (from, to) in self.segments(column, row, level) {
                    next[self.index(from)] = Some(to);
                }
            }
        }
        let mut rings = Vec::new();
        for first in 0..next.len() {
            let mut ring = Vec::new();
            let mut current = next[first].take();
            while let Some(edge) = current {
                let crossing = self.crossing(edge, level);
                if ring.last() != Some(&crossing) {
                    ring.push(crossing);
                }
                current = next[self.index(edge)].take();
            }
            if ring.len() > 2 {
                rings.push(ring);
            }
        }
        rings
    }

    fn index(&self, edge: Edge) -> usize {
        2 * self.node(edge.column, edge.row) + usize::from(edge.upwards)
    }

    fn crossing(&self, edge: Edge, level: f64) -> Point {
        let (column, row) = if edge.upwards { (edge.column, edge.row + 1) } else { (edge.column + 1, edge.row) };
        let (a, b) = (self.values[self.node(edge.column, edge.row)], self.values[self.node(column, row)]);
        let (from, to) = (self.place(edge.column, edge.row), self.place(column, row));
        // Towards the rim, the crossing is at the node before it.
        let share = match (a.is_finite(), b.is_finite()) {
            (true, true) => (level - a) / (b - a),
            (true, false) => 0.0,
            (false, _) => 1.0,
        };
        (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share)
    }

    /// The boundary inside one cell: up to two segments, each from the edge where it enters to the one where it leaves.
    fn segments(&self, column: usize, row: usize, level: f64) -> Vec<(Edge, Edge)> {
        let bottom = Edge { column, row, upwards: false };
        let left = Edge { column, row, upwards: true };
        let top = Edge { row: row + 1, ..bottom };
        let right = Edge { column: column + 1, ..left };
        let corners = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)];
        let values = corners.map(|(column, row)| self.values[self.node(column, row)]);
        let below = values.map(|value| value <= level);
        match below {
            [false, false, false, false] | [true, true, true, true] => vec![],
            [true, false, false, false] => vec![(bottom, left)],
            [false, true, false, false] => vec![(right, bottom)],
            [true, true, false, false] => vec![(right, left)],
            [false, false, true, false] => vec![(top, right)],
            [false, true, true, false] => vec![(top, bottom)],
            [true, true, true, false] => vec![(top, left)],
            [false, false, false, true] => vec![(left, top)],
            [true, false, false, true] => vec![(bottom, top)],
            [true, true, false, true] => vec![(right, top)],
            [false, false, true, true] => vec![(left, right)],
            [true, false, true, true] => vec![(bottom, right)],
            [false, true, true, true] => vec![(left, bottom)],
            // A pass: its height, the mean of the corners, says which of them are joined.
            [true, false, true, false] if mean(values) <= level => vec![(bottom, right), (top, left)],
            [true, false, true, false] => vec![(bottom, left), (top, right)],
            [false, true, false, true] if mean(values) <= level => vec![(left, bottom), (right, top)],
            [false, true, false, true] => vec![(right, bottom), (left, top)],
        }
    }

    /// The parts of a ring that are not on the rim: the level line itself.
    pub(crate) fn lines(&self, ring: &[Point]) -> Vec<Vec<Point>> {
        let on_rim = |a: Point, b: Point| {
            self.x.iter().any(|&x| a.0 == x && b.0 == x) || self.y.iter().any(|&y| a.1 == y && b.1 == y)
        };
        let mut lines: Vec<Vec<Point>> = Vec::new();
        for (i, &from) in ring.iter().enumerate() {
            let to = ring[(i + 1) % ring.len()];
            if on_rim(from, to) {
                continue;
            }
            match lines.last_mut() {
                Some(line) if line.last() == Some(&from) => line.push(to),
                _ => lines.push(vec![from, to]),
            }
        }
        // A ring may begin in the middle of a line.
        if lines.len() > 1 && lines[0].first() == lines.last().and_then(|line| line.last()) {
            let first = lines.remove(0);
            if let Some(last) = lines.last_mut() {
                last.extend_from_slice(&first[1..]);
            }
        }
        lines
    }
}

fn mean(values: [f64; 4]) -> f64 {
    values.iter().sum::<f64>() / 4.0
}

/// Drops the points that lie within `tolerance` of the line without them (Ramer 1972, Douglas and Peucker 1973).
pub(crate) fn simplified(line: &[Point], tolerance: f64) -> Vec<Point> {
    let mut kept = vec![false; line.len()];
    let mut left = Vec::new();
    if let Some(last) = line.len().checked_sub(1) {
        (kept[0], kept[last]) = (true, true);
        left.push((0, last));
    }
    while let Some((first, last)) = left.pop() {
        let distances = (first + 1..last).map(|i| (i, distance(line[i], line[first], line[last])));
        let Some((i, furthest)) = distances.max_by(|one, other| one.1.total_cmp(&other.1)) else { continue };
        if furthest > tolerance {
            kept[i] = true;
            left.extend([(first, i), (i, last)]);
        }
    }
    line.iter().zip(kept).filter(|(_, kept)| *kept).map(|(&point, _)| point).collect()
}

/// From a point to a segment.
fn distance(p: Point, a: Point, b: Point) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx * dx + dy * dy;
    let share = if length > 0.0 { (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    (p.0 - a.0 - share * dx).hypot(p.1 - a.1 - share * dy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Twice the area, positive if the inside is on the left.
    fn doubled_area(ring: &[Point]) -> f64 {
        ring.iter().zip(ring.iter().cycle().skip(1)).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum()
    }

    #[test]
    fn a_bowl_has_round_level_lines() {
        let grid = Grid::sample(|x, y| x * x + y * y, [-2.0, 2.0], [-2.0, 2.0], 81, 81);
        let rings = grid.below(1.0);
        assert_eq!(rings.len(), 1);
        assert!(rings[0].iter().all(|&(x, y)| (x.hypot(y) - 1.0).abs() < 1e-3));
        assert!((doubled_area(&rings[0]) / 2.0 - std::f64::consts::PI).abs() < 0.01);
        // All of it is a line, and that is closed.
        let lines = grid.lines(&rings[0]);
        assert_eq!((lines.len(), lines[0].first()), (1, lines[0].last()));
    }

    #[test]
    fn regions_are_closed_along_the_rim_and_lines_are_not() {
        // At or below 0.5 is the left quarter of the square.
        let grid = Grid::sample(|x, _| x, [0.0, 2.0], [0.0, 2.0], 5, 5);
        let rings = grid.below(0.75);
        assert_eq!(doubled_area(&rings[0]), 2.0 * 0.75 * 2.0);
        let lines = grid.lines(&rings[0]);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].iter().all(|point| point.0 == 0.75));
        assert_eq!((lines[0][0].1, lines[0][lines[0].len() - 1].1), (0.0, 2.0));
    }

    #[test]
    fn a_pass_joins_what_its_own_height_joins() {
        let corners = |pass: f64| {
            Grid::sample(move |x, y| (2.0 * x - 1.0) * (2.0 * y - 1.0) + pass, [0.0, 1.0], [0.0, 1.0], 2, 2)
        };
        assert_eq!(corners(-0.1).below(0.0).len(), 1);
        assert_eq!(corners(0.1).below(0.0).len(), 2);
    }

    #[test]
    fn what_is_not_a_number_is_left_out() {
        let grid = Grid::sample(|x, _| if x > 0.0 { f64::NAN } else { 0.0 }, [-1.0, 1.0], [0.0, 1.0], 3, 3);
        assert_eq!(doubled_area(&grid.below(1.0)[0]), 2.0);
        assert!(Grid::sample(|_, _| f64::NAN, [0.0, 1.0], [0.0, 1.0], 4, 4).below(1.0).is_empty());
    }

    #[test]
    fn points_on_a_line_are_dropped_and_corners_kept() {
        let line = [(0.0, 0.0), (1.0, 0.01), (2.0, 0.0), (2.0, 1.0), (2.0, 2.0)];
        assert_eq!(simplified(&line, 0.1), [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0)]);
        assert_eq!(simplified(&line[..1], 0.1), line[..1]);
        assert!(simplified(&[], 0.1).is_empty());
    }

    proptest! {
        /// Of a grid of any values, the rings enclose the nodes that are below, and no other.
        #[test]
        fn rings_enclose_what_is_below(values in prop::collection::vec(-1.0..1.0f64, 36), level in -1.0..1.0f64) {
            let grid = Grid::sample(|x, y| values[y as usize * 6 + x as usize], [0.0, 5.0], [0.0, 5.0], 6, 6);
            let rings = grid.below(level);
            for row in 1..5 {
                for column in 1..5 {
                    // How many edges a ray from just right of the node crosses.
                    let (x, y) = (column as f64 + 1e-9, row as f64 + 1e-9);
                    let crossings = rings.iter().flat_map(|ring| ring.iter().zip(ring.iter().cycle().skip(1))).filter(|(a, b)| {
                        (a.1 > y) != (b.1 > y) && x < a.0 + (y - a.1) * (b.0 - a.0) / (b.1 - a.1)
                    });
                    let value = values[row * 6 + column];
                    if (value - level).abs() > 1e-6 {
                        prop_assert_eq!(crossings.count() % 2 == 1, value <= level, "{} {}", column, row);
                    }
                }
            }
        }
    }
}
