//! How are letters drawn where there is no font: as strokes of a pen.
//!
//! A glyph is a few strokes on a grid of 10 by 13. A place is two hexadecimal digits, across and up; the baseline is at 3,
//! small letters end at 9 and capitals at c. A stroke that begins with `~` is rounded at its corners, one with `o` is round
//! and closed.

use crate::scene::Point;
use crate::text;

/// A unit of the grid in font sizes: capitals are then as high as those of the fonts that browsers have.
const UNIT: f64 = 0.081;

/// Space between letters, in units.
const GAP: f64 = 2.5;

/// A pen stroke, in pixels from the start of the text, y downwards.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PenStroke {
    pub(crate) points: Vec<Point>,
    pub(crate) round: bool,
    pub(crate) closed: bool,
}

/// Superscripts are the same letters, smaller and higher.
fn raised(c: char) -> Option<char> {
    let digit = |n: u32| char::from_digit(n, 10);
    match c {
        '⁻' => Some('−'),
        '¹' => digit(1),
        '²' => digit(2),
        '³' => digit(3),
        '⁰' | '⁴'..='⁹' => digit(c as u32 - '⁰' as u32),
        _ => None,
    }
}

/// The strokes of a line of text, and how wide it is.
pub(crate) fn write(content: &str, size: f64) -> (Vec<PenStroke>, f64) {
    let (mut strokes, mut x) = (Vec::new(), 0.0);
    for c in content.chars() {
        let (c, scale, lift) = raised(c).map_or((c, UNIT * size, 0.0), |c| (c, 0.66 * UNIT * size, 4.4 * UNIT * size));
        let (width, glyph) = glyph(c).unwrap_or_else(|| {
            let width = if text::is_wide(c) { 10.0 } else { 5.0 };
            (width, "030c5c5303")
        });
        for stroke in glyph.split(' ').filter(|stroke| !stroke.is_empty()) {
            let (round, closed) = (stroke.starts_with(['~', 'o']), stroke.starts_with('o'));
            let digits: Vec<f64> = stroke.chars().filter_map(|c| c.to_digit(16)).map(f64::from).collect();
            let points = digits.chunks_exact(2).map(|p| (x + p[0] * scale, (3.0 - p[1]) * scale - lift)).collect();
            strokes.push(PenStroke { points, round, closed });
        }
        x += (width + GAP) * scale;
    }
    (strokes, (x - GAP * UNIT * size).max(0.0))
}

/// Width in units, and strokes.
fn glyph(c: char) -> Option<(f64, &'static str)> {
    letter(c).or_else(|| digit(c)).or_else(|| sign(c))
}

fn letter(c: char) -> Option<(f64, &'static str)> {
    Some(match c {
        'A' => (6.0, "033c63 1656"),
        'B' => (6.0, "030c ~0c2c5c582808 ~082868632303"),
        'C' => (6.0, "~6a6c0c036365"),
        'D' => (6.0, "030c ~0c2c6c632303"),
        'E' => (5.0, "5c0c0353 0848"),
        'F' => (5.0, "5c0c03 0848"),
        'G' => (6.0, "~6a6c0c036367 3767"),
        'H' => (6.0, "030c 636c 0868"),
        'I' => (0.0, "030c"),
        'J' => (4.0, "~4c45430305"),
        'K' => (5.0, "030c 5c07 2953"),
        'L' => (5.0, "0c0353"),
        'M' => (8.0, "030c468c83"),
        'N' => (6.0, "030c636c"),
        'O' => (7.0, "o0c7c7303"),
        'P' => (5.0, "030c ~0c2c5c572707"),
        'Q' => (7.0, "o0c7c7303 4572"),
        'R' => (5.0, "030c ~0c2c5c572707 2753"),
        'S' => (5.0, "~5a5c0c0857530305"),
        'T' => (6.0, "0c6c 3c33"),
        'U' => (6.0, "~0c060363666c"),
        'V' => (6.0, "0c336c"),
        'W' => (8.0, "0c234a638c"),
        'X' => (6.0, "036c 0c63"),
        'Y' => (6.0, "0c376c 3733"),
        'Z' => (6.0, "0c6c0363"),
        'a' => (5.0, "o09595303 5953"),
        'b' => (5.0, "0c03 o09595303"),
        'c' => (4.0, "~484909034344"),
        'd' => (5.0, "5c53 o09595303"),
        'e' => (5.0, "0656 ~565909035354"),
        'f' => (3.0, "~3c1c1913 0939"),
        'g' => (5.0, "o09595303 ~5952500001"),
        'h' => (5.0, "0c03 ~0709595753"),
        'i' => (0.0, "0903 0b0c"),
        'j' => (1.0, "~19111000 1b1c"),
        'k' => (4.0, "0c03 4905 1643"),
        'l' => (0.0, "0c03"),
        'm' => (8.0, "0903 ~0709494743 ~4749898783"),
        'n' => (5.0, "0903 ~0709595753"),
        'o' => (5.0, "o09595303"),
        'p' => (5.0, "0900 o09595303"),
        'q' => (5.0, "5950 o09595303"),
        'r' => (3.0, "0903 ~070939"),
        's' => (4.0, "~4849090646430304"),
        't' => (3.0, "~1b151333 0939"),
        'u' => (5.0, "~090503535559 5953"),
        'v' => (4.0, "092349"),
        'w' => (8.0, "0923486389"),
        'x' => (4.0, "0943 0349"),
        'y' => (4.0, "0923 4910"),
        'z' => (4.0, "09490343"),
        _ => return None,
    })
}

fn digit(c: char) -> Option<(f64, &'static str)> {
    Some(match c {
        '0' => (5.0, "o0c5c5303"),
        '1' => (5.0, "1a3c33"),
        '2' => (5.0, "~0a0c5c5803 0353"),
        '3' => (5.0, "~0b0c5c5828 ~2858530304"),
        '4' => (5.0, "434c0656"),
        '5' => (5.0, "5c0c08 ~082959530304"),
        '6' => (5.0, "~4c0c0906 o09595303"),
        '7' => (5.0, "0c5c13"),
        '8' => (5.0, "o0c5c5808 o08585303"),
        '9' => (5.0, "o0c5c5606 ~595413"),
        _ => return None,
    })
}

fn sign(c: char) -> Option<(f64, &'static str)> {
    Some(match c {
        ' ' | '\u{a0}' => (1.5, ""),
        '.' => (0.0, "0304"),
        ',' => (1.0, "1402"),
        ':' => (0.0, "0304 0809"),
        ';' => (1.0, "1402 1819"),
        '!' => (0.0, "0c06 0304"),
        '?' => (5.0, "~0b0c5c583736 3334"),
        '\'' => (0.0, "0c0a"),
        '’' => (1.0, "1c0a"),
        '"' => (2.0, "0c0a 2c2a"),
        '(' => (2.0, "~2d0a0522"),
        ')' => (2.0, "~0d2a2502"),
        '[' => (2.0, "2d0d0222"),
        ']' => (2.0, "0d2d2202"),
        '{' => (3.0, "~3d1d1b0818131232"),
        '}' => (3.0, "~0d2d2b3818232202"),
        '-' => (3.0, "0737"),
        '–' => (5.0, "0757"),
        '−' => (6.0, "0767"),
        '+' => (6.0, "0767 3a34"),
        '=' => (6.0, "0868 0666"),
        '<' => (5.0, "5a0754"),
        '>' => (5.0, "0a5704"),
        '/' => (4.0, "024c"),
        '\\' => (4.0, "420c"),
        '|' => (0.0, "0d02"),
        '_' => (5.0, "0252"),
        '×' => (5.0, "0a54 045a"),
        '·' => (0.0, "0708"),
        '*' => (4.0, "2c27 0b48 4b08"),
        '%' => (7.0, "037c o0c2c2909 o56767353"),
        '#' => (6.0, "242b 444b 0565 0969"),
        '°' => (2.0, "o0c2c2a0a"),
        '^' => (4.0, "0a2c4a"),
        '…' => (6.0, "0304 3334 6364"),
        '∇' => (6.0, "0c6c330c"),
        '∞' => (8.0, "o09494505 o49898545"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_glyph_is_made_of_places_inside_its_width() {
        let known = (' '..='~').chain("’–−×·°…∇∞".chars());
        let mut missing = Vec::new();
        for c in known {
            let Some((width, strokes)) = glyph(c) else {
                missing.push(c);
                continue;
            };
            for stroke in strokes.split(' ').filter(|stroke| !stroke.is_empty()) {
                let places: Vec<u32> =
                    stroke.trim_start_matches(['~', 'o']).chars().map(|c| c.to_digit(16).unwrap()).collect();
                assert!(places.len().is_multiple_of(2) && places.len() >= 4, "{c}: {stroke}");
                assert!(places.chunks(2).all(|place| f64::from(place[0]) <= width && place[1] <= 13), "{c}: {stroke}");
            }
        }
        assert_eq!(missing, ['$', '&', '@', '`', '~']);
    }

    #[test]
    fn a_text_is_as_wide_as_its_letters_and_the_gaps_between() {
        let (strokes, width) = write("Il", 100.0);
        assert_eq!((strokes.len(), width), (2, GAP * UNIT * 100.0));
        assert_eq!(strokes[0].points, [(0.0, 0.0), (0.0, -9.0 * UNIT * 100.0)]);
        assert_eq!(write("", 12.0), (vec![], 0.0));
    }

    #[test]
    fn exponents_are_small_and_high_and_what_has_no_glyph_is_a_box() {
        let top = |text: &str| {
            let points = write(text, 100.0).0.into_iter().flat_map(|stroke| stroke.points);
            points.map(|point| -point.1).fold(0.0, f64::max)
        };
        assert!(top("²") > top("2") && top("²") < 1.3 * top("2"));
        assert_eq!(write("数", 10.0).0[0].points.len(), 5);
    }
}
