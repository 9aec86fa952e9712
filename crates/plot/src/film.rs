//! How do the frames of a race become a small GIF?

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use gif::{DisposalMethod, Encoder, Frame, Repeat};

use crate::colour::Rgb;
use crate::landscape_picture::Stage;
use crate::raster::Canvas;
use crate::scene::Shape;

/// Hundredths of a second per frame: 25 frames a second.
const DELAY: u16 = 4;

/// Frames from which the palette is chosen: all of them would not choose another.
const LOOKED_AT: usize = 12;

/// The one index that says "as before".
const UNCHANGED: u8 = 255;

/// Writes a GIF that repeats for ever. Each frame after the first holds the smallest rectangle around what changed.
pub(crate) fn film(stage: &Stage<'_>, frames: usize, dark: bool) -> Vec<u8> {
    let (width, height) = stage.size();
    let (width, height) = (width as u16, height as u16);
    let mut still = Canvas::new(width, height, dark);
    stage.still.iter().for_each(|shape| still.draw(shape));
    let draw = |step: usize| -> Vec<Rgb> {
        let mut canvas = still.clone();
        let shapes: Vec<Shape> = stage.film_frame(step);
        shapes.iter().for_each(|shape| canvas.draw(shape));
        canvas.colours().collect()
    };
    let frames = frames.max(1);
    let mut counts: BTreeMap<Rgb, u64> = BTreeMap::new();
    for step in (0..frames).step_by(frames.div_ceil(LOOKED_AT)).chain([frames - 1]) {
        for colour in draw(step) {
            *counts.entry(colour).or_default() += 1;
        }
    }
    let shapes = stage.still.iter().cloned().chain(stage.film_frame(frames - 1));
    let flat: BTreeSet<Rgb> = shapes.filter_map(|shape| shape.fill()).map(|paint| still.colour(paint)).collect();
    let mut palette = Palette::of(&flat, &counts);

    let table: Vec<u8> = palette.colours.iter().flat_map(|&Rgb(r, g, b)| [r, g, b]).collect();
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width, height, &table).expect("a palette of 256 colours fits");
    encoder.set_repeat(Repeat::Infinite).expect("memory takes what is written");
    let mut before: Option<Vec<u8>> = None;
    for step in 0..frames {
        let now: Vec<u8> = draw(step).into_iter().map(|colour| palette.index(colour)).collect();
        let frame = difference(before.as_deref(), &now, width);
        encoder.write_frame(&frame).expect("a frame inside the picture, in memory");
        before = Some(now);
    }
    drop(encoder);
    file
}

fn difference(before: Option<&[u8]>, now: &[u8], width: u16) -> Frame<'static> {
    let columns = usize::from(width);
    let changed = |i: usize| before.is_none_or(|before| before[i] != now[i]);
    let places = || (0..now.len()).filter(|&i| changed(i));
    let rows = places().map(|i| i / columns);
    // A frame without a change still takes its time: one pixel of it.
    let (top, bottom) = (rows.clone().min().unwrap_or(0), rows.max().unwrap_or(0));
    let (left, right) = places().fold((columns, 0), |(left, right), i| (left.min(i % columns), right.max(i % columns)));
    let (left, right) = if left > right { (0, 0) } else { (left, right) };
    let rectangle = (top..=bottom).flat_map(|row| (left..=right).map(move |column| row * columns + column));
    let buffer: Vec<u8> = rectangle.map(|i| if changed(i) { now[i] } else { UNCHANGED }).collect();
    Frame {
        delay: DELAY,
        dispose: DisposalMethod::Keep,
        transparent: Some(UNCHANGED),
        left: left as u16,
        top: top as u16,
        width: (right - left + 1) as u16,
        height: (bottom - top + 1) as u16,
        buffer: Cow::Owned(buffer),
        ..Frame::default()
    }
}

/// 255 colours, and which of them stands for another.
struct Palette {
    colours: Vec<Rgb>,
    nearest: HashMap<Rgb, u8>,
}

impl Palette {
    /// The colours of flat areas, and for the mixtures at their edges median cut (Heckbert 1982): the box of colours that is
    /// worst served by one colour is cut at its median, until there are as many boxes as colours left. A box's colour is its
    /// most frequent one.
    fn of(flat: &BTreeSet<Rgb>, counts: &BTreeMap<Rgb, u64>) -> Palette {
        let flat: Vec<Rgb> = flat.iter().copied().take(usize::from(UNCHANGED) / 2).collect();
        let mixed = counts.iter().filter(|(colour, _)| !flat.contains(colour));
        let mut boxes: Vec<Vec<(Rgb, u64)>> = vec![mixed.map(|(&colour, &count)| (colour, count)).collect()];
        while boxes.len() + flat.len() < usize::from(UNCHANGED) {
            let worst =
                (0..boxes.len()).max_by(|&a, &b| badness(&boxes[a]).total_cmp(&badness(&boxes[b])).then(b.cmp(&a)));
            let Some(worst) = worst.filter(|&worst| boxes[worst].len() > 1) else { break };
            let upper = cut(&mut boxes[worst]);
            boxes.push(upper);
        }
        let frequent = |colours: &Vec<(Rgb, u64)>| colours.iter().max_by_key(|(_, count)| *count).map(|entry| entry.0);
        let mut colours: Vec<Rgb> = flat.iter().copied().chain(boxes.iter().filter_map(frequent)).collect();
        colours.resize(256, Rgb(0, 0, 0));
        Palette { colours, nearest: HashMap::new() }
    }

    fn index(&mut self, colour: Rgb) -> u8 {
        let colours = &self.colours[..usize::from(UNCHANGED)];
        *self.nearest.entry(colour).or_insert_with(|| {
            let nearest = colours.iter().enumerate().min_by_key(|(_, other)| distance(colour, **other));
            nearest.map_or(0, |(index, _)| index as u8)
        })
    }
}

fn channels(Rgb(r, g, b): Rgb) -> [i64; 3] {
    [r, g, b].map(i64::from)
}

fn distance(one: Rgb, other: Rgb) -> i64 {
    // The eye's weights of the channels, roughly.
    let [r, g, b] = std::array::from_fn(|i| (channels(one)[i] - channels(other)[i]).pow(2));
    3 * r + 6 * g + 2 * b
}

fn longest_side(colours: &[(Rgb, u64)]) -> (usize, i64) {
    let side = |axis: usize| {
        let values = colours.iter().map(|(colour, _)| channels(*colour)[axis]);
        values.clone().max().unwrap_or(0) - values.min().unwrap_or(0)
    };
    // Of equal sides the first.
    (0..3).map(|axis| (axis, side(axis))).max_by_key(|&(axis, length)| (length, 3 - axis)).unwrap_or((0, 0))
}

/// Many pixels, and colours that are far apart.
fn badness(colours: &[(Rgb, u64)]) -> f64 {
    let pixels: u64 = colours.iter().map(|(_, count)| count).sum();
    longest_side(colours).1 as f64 * (pixels as f64).powf(0.25)
}

/// Leaves the lower half in place, and returns the upper one; neither is empty.
fn cut(colours: &mut Vec<(Rgb, u64)>) -> Vec<(Rgb, u64)> {
    let (axis, _) = longest_side(colours);
    colours.sort_by_key(|(colour, _)| (channels(*colour)[axis], *colour));
    let half: u64 = colours.iter().map(|(_, count)| count).sum::<u64>() / 2;
    let mut seen = 0;
    let middle = colours.iter().position(|(_, count)| {
        seen += count;
        seen > half
    });
    colours.split_off(middle.unwrap_or(0).clamp(1, colours.len() - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Landscape, Trail};

    fn small() -> Landscape {
        let bowl = Landscape::new("Bowl", |x, y| x * x + y * y, [-2.0, 2.0], [-2.0, 2.0]).unwrap();
        bowl.trail(Trail::new("a", &[[-1.0, 1.0], [0.0, 1.0], [1.0, 1.0], [1.0, 1.0]]))
    }

    /// The whole pictures that a viewer shows.
    fn shown(file: &[u8]) -> Vec<Vec<Rgb>> {
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(file).unwrap();
        let width = usize::from(decoder.width());
        let mut screen = vec![Rgb(0, 0, 0); width * usize::from(decoder.height())];
        let mut pictures = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            assert_eq!(frame.delay, DELAY);
            for (i, pixel) in frame.buffer.chunks(4).enumerate() {
                let (row, column) = (i / usize::from(frame.width), i % usize::from(frame.width));
                if pixel[3] > 0 {
                    let place = (row + usize::from(frame.top)) * width + column + usize::from(frame.left);
                    screen[place] = Rgb(pixel[0], pixel[1], pixel[2]);
                }
            }
            pictures.push(screen.clone());
        }
        pictures
    }

    #[test]
    fn a_viewer_sees_every_frame_as_it_was_drawn() {
        let landscape = small();
        let stage = Stage::new(&landscape);
        let pictures = shown(&film(&stage, 4, false));
        assert_eq!(pictures.len(), 4);
        for (step, picture) in pictures.iter().enumerate() {
            let mut canvas = Canvas::new(stage.size().0 as u16, stage.size().1 as u16, false);
            stage.still.iter().chain(&stage.film_frame(step)).for_each(|shape| canvas.draw(shape));
            let errors = canvas.colours().zip(picture).map(|(drawn, &shown)| distance(drawn, shown));
            let (sum, count) = errors.fold((0, 0), |(sum, count), error| (sum + error, count + 1));
            // On average less than two steps of 256.
            assert!(sum / count < 11 * 4, "{step}: {}", sum / count);
        }
        assert_ne!(pictures[0], pictures[1]);
    }

    #[test]
    fn the_same_race_is_the_same_bytes_and_dark_paper_others() {
        let landscape = small();
        assert_eq!(landscape.to_gif(), landscape.to_gif());
        assert_ne!(landscape.to_gif(), landscape.clone().dark().to_gif());
    }

    #[test]
    fn a_palette_keeps_the_colours_of_flat_areas() {
        // A thousand pixels of each grey, and one of a red that is flat.
        let greys = (0..=255).map(|v| (Rgb(v, v, v), 1000)).chain([(Rgb(200, 30, 7), 1)]);
        let mut palette = Palette::of(&BTreeSet::from([Rgb(200, 30, 7)]), &greys.collect());
        let index = palette.index(Rgb(200, 30, 7));
        assert_eq!(palette.colours[usize::from(index)], Rgb(200, 30, 7));
        assert_eq!(palette.colours.len(), 256);
        // One colour is enough for one colour.
        assert_eq!(Palette::of(&BTreeSet::new(), &BTreeMap::from([(Rgb(1, 2, 3), 5)])).index(Rgb(9, 9, 9)), 0);
    }
}
