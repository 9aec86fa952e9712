//! Which strokes does a series of places become: where are its gaps, what is hidden, what is
//! outside?

use crate::scene::{Area, Point};

/// The stretches between gaps. A stretch of one point has no line and needs a marker to be seen.
pub(crate) fn stretches(places: &[Option<Point>]) -> Vec<Vec<Point>> {
    places
        .split(Option::is_none)
        .map(|stretch| stretch.iter().flatten().copied().collect::<Vec<Point>>())
        .filter(|stretch| !stretch.is_empty())
        .collect()
}

/// Drops what no eye can see: of the neighbours within one column of pixels stay the first, lowest,
/// highest and last. A million steps of training draw the same line as before, from a small file.
pub(crate) fn thin(line: &[Point]) -> Vec<Point> {
    let mut kept = Vec::new();
    for column in line.chunk_by(|a, b| a.0.floor() == b.0.floor()) {
        if column.len() <= 4 {
            kept.extend_from_slice(column);
            continue;
        }
        let by_height = |&a: &usize, &b: &usize| column[a].1.total_cmp(&column[b].1);
        let lowest = (0..column.len()).min_by(by_height).unwrap_or(0);
        let highest = (0..column.len()).max_by(by_height).unwrap_or(0);
        let mut corners = [0, lowest, highest, column.len() - 1];
        corners.sort_unstable();
        for (i, &corner) in corners.iter().enumerate() {
            if i == 0 || corners[i - 1] != corner {
                kept.push(column[corner]);
            }
        }
    }
    kept
}

/// The parts of a line inside an area. Cutting here instead of with SVG's `clipPath` keeps ids out
/// of the file.
pub(crate) fn cut(line: &[Point], area: Area) -> Vec<Vec<Point>> {
    let mut pieces: Vec<Vec<Point>> = Vec::new();
    for ends in line.windows(2) {
        let Some((from, to)) = cut_segment(ends[0], ends[1], area) else {
            continue;
        };
        match pieces.last_mut() {
            Some(piece) if piece.last() == Some(&from) => piece.push(to),
            _ => pieces.push(vec![from, to]),
        }
    }
    pieces
}

/// Liang and Barsky (1984): the segment is `a + t (b - a)`, and each side of the area bounds `t`
/// from one end.
fn cut_segment(a: Point, b: Point, area: Area) -> Option<(Point, Point)> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (towards, distance) in
        [(-dx, a.0 - area.x), (dx, area.right() - a.0), (-dy, a.1 - area.y), (dy, area.bottom() - a.1)]
    {
        if towards == 0.0 {
            if distance < 0.0 {
                return None;
            }
        } else if towards < 0.0 {
            enter = enter.max(distance / towards);
        } else {
            leave = leave.min(distance / towards);
        }
    }
    let at = |t: f64| match t {
        // Ends that were not cut stay as they are, so that neighbouring segments still meet
        // exactly.
        0.0 => a,
        1.0 => b,
        _ => (a.0 + t * dx, a.1 + t * dy),
    };
    (enter <= leave).then(|| (at(enter), at(leave)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: Area = Area { x: 0.0, y: 0.0, width: 10.0, height: 10.0 };

    #[test]
    fn gaps_part_a_line() {
        let (a, b, c) = (Some((0.0, 0.0)), Some((1.0, 1.0)), Some((3.0, 3.0)));
        assert_eq!(stretches(&[None, a, b, None, None, c]), [vec![(0.0, 0.0), (1.0, 1.0)], vec![(3.0, 3.0)]]);
        assert!(stretches(&[None]).is_empty() && stretches(&[]).is_empty());
    }

    #[test]
    fn what_is_outside_is_cut_and_the_slope_stays() {
        let spike = [(0.0, 5.0), (4.0, 5.0), (5.0, -5.0), (6.0, 5.0)];
        assert_eq!(cut(&spike, SQUARE), [vec![(0.0, 5.0), (4.0, 5.0), (4.5, 0.0)], vec![(5.5, 0.0), (6.0, 5.0)]]);
        assert_eq!(cut(&[(-5.0, 5.0), (15.0, 5.0)], SQUARE), [vec![(0.0, 5.0), (10.0, 5.0)]]);
        assert!(cut(&[(-5.0, 11.0), (15.0, 11.0)], SQUARE).is_empty());
        assert!(cut(&[(-5.0, 2.0), (-1.0, 20.0)], SQUARE).is_empty());
    }

    #[test]
    fn thinning_keeps_peaks_and_ends() {
        let line: Vec<Point> = (0..10_000).map(|i| (f64::from(i) / 1000.0, f64::from(i % 7))).collect();
        let thinned = thin(&line);
        assert!(thinned.len() <= 40, "{}", thinned.len());
        assert_eq!((thinned[0], thinned[thinned.len() - 1]), (line[0], line[9_999]));
        for column in thinned.chunk_by(|a, b| a.0.floor() == b.0.floor()) {
            assert!(column.iter().any(|p| p.1 == 0.0) && column.iter().any(|p| p.1 == 6.0));
            assert!(column.is_sorted_by(|a, b| a.0 < b.0));
        }
        let short = [(0.0, 1.0), (0.5, 2.0), (20.0, 3.0)];
        assert_eq!(thin(&short), short);
    }
}
