//! Which colours, on light and on dark paper, such that every reader can tell them apart?

use crate::colour_map::{height, level_line};

/// A colour of the screen, 8 bits a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Rgb(pub(crate) u8, pub(crate) u8, pub(crate) u8);

impl Rgb {
    const fn hex(code: u32) -> Self {
        Rgb((code >> 16) as u8, (code >> 8) as u8, code as u8)
    }

    /// This colour with a share of another one.
    fn mix(self, other: Rgb, share: f64) -> Rgb {
        let channel = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
        Rgb(channel(self.0, other.0), channel(self.1, other.1), channel(self.2, other.2))
    }

    /// Relative luminance (WCAG 2.2).
    pub(crate) fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }

    /// Contrast ratio (WCAG 2.2), from 1 (none) to 21 (black on white).
    pub(crate) fn contrast(self, other: Rgb) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Black or white, whichever reads better on this colour.
    fn readable_on_it(self) -> Rgb {
        let (black, white) = (Rgb::hex(0x05070a), Rgb::hex(0xffffff));
        if self.contrast(black) >= self.contrast(white) { black } else { white }
    }
}

/// Steps of the colour scales that run from nothing to all.
pub(crate) const LEVELS: u8 = 16;

/// Steps of grey in an image: finer ones cannot be seen, coarser ones would merge the 17 greys of
/// the digits data.
pub(crate) const GREYS: u8 = 64;

/// What a shape is painted with, by its role in the picture. Light and dark follow from the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Paint {
    /// The background.
    Paper,
    /// Text and whatever else carries the message.
    Ink,
    /// Text that explains.
    Muted,
    /// Axes and ticks.
    Axis,
    /// Grid lines and frames.
    Grid,
    /// The n-th line of a chart; colours repeat after [`SERIES`].
    Series(usize),
    /// A share of right answers, 0 to [`LEVELS`].
    Right(u8),
    /// A share of wrong answers, 0 to [`LEVELS`].
    Wrong(u8),
    /// Text on `Right`.
    OnRight(u8),
    /// Text on `Wrong`.
    OnWrong(u8),
    /// A pixel of an image, 0 (black) to `GREYS - 1` (white); an image looks the same on any paper.
    Grey(u8),
    /// A pixel whose value is not a number.
    NotANumber,
    /// A height on a landscape, 0 (the lowest) to [`HEIGHTS`]` - 1`.
    Height(u8),
    /// A line on that height.
    Level(u8),
    /// The goal.
    Star,
    /// The n-th of the colours that the races of 2014 had.
    Radford(usize),
}

/// Alec Radford's: red, green, magenta, blue, yellow, black. The last is white on dark paper.
pub(crate) const RADFORD: usize = 6;

/// Okabe and Ito's palette (2008) for light and for dark paper, each colour moved in Oklab until it
/// has a contrast of 3 with its paper and no two are alike for any kind of colour blindness; the
/// tests below hold that.
const PALETTE: [(Rgb, Rgb); SERIES] = [
    (Rgb::hex(0x005fa3), Rgb::hex(0x2688c9)), // blue
    (Rgb::hex(0xcb4a0a), Rgb::hex(0xf87b00)), // vermilion
    (Rgb::hex(0x1c8a6b), Rgb::hex(0x22bc72)), // bluish green
    (Rgb::hex(0xd961a6), Rgb::hex(0xdc94c5)), // reddish purple
    (Rgb::hex(0x1f2328), Rgb::hex(0xe6edf3)), // ink
    (Rgb::hex(0xb58e21), Rgb::hex(0xf0d442)), // orange, yellow
    (Rgb::hex(0x2b9cdf), Rgb::hex(0xa9d1ff)), // sky blue
];

/// Colours before a chart repeats itself (in another dash).
pub(crate) const SERIES: usize = 7;

impl Paint {
    /// Stable name for style sheets: pictures that are pasted into one page must not repaint each
    /// other.
    pub(crate) fn name(self) -> String {
        match self {
            Paint::Paper => "paper".into(),
            Paint::Ink => "ink".into(),
            Paint::Muted => "muted".into(),
            Paint::Axis => "axis".into(),
            Paint::Grid => "grid".into(),
            Paint::Series(n) => format!("series{}", n % SERIES),
            Paint::Right(level) => format!("right{level}"),
            Paint::Wrong(level) => format!("wrong{level}"),
            Paint::OnRight(level) => format!("on-right{level}"),
            Paint::OnWrong(level) => format!("on-wrong{level}"),
            Paint::Grey(level) => format!("grey{level}"),
            Paint::NotANumber => "not-a-number".into(),
            Paint::Height(level) => format!("height{level}"),
            Paint::Level(level) => format!("level{level}"),
            Paint::Star => "star".into(),
            Paint::Radford(n) => format!("radford{}", n % RADFORD),
        }
    }

    /// The colour on light paper.
    pub(crate) fn light(self) -> Rgb {
        self.both().0
    }

    /// The colour on dark paper.
    pub(crate) fn dark(self) -> Rgb {
        self.both().1
    }

    fn both(self) -> (Rgb, Rgb) {
        let pair = |light, dark| (Rgb::hex(light), Rgb::hex(dark));
        match self {
            Paint::Paper => pair(0xffffff, 0x14171c),
            Paint::Ink => pair(0x1f2328, 0xe6edf3),
            Paint::Muted => pair(0x59636e, 0x9aa4af),
            Paint::Axis => pair(0x8c959f, 0x6e7781),
            Paint::Grid => pair(0xe4e8ec, 0x2a3038),
            Paint::Series(n) => PALETTE[n % SERIES],
            Paint::Right(level) => scale(level, pair(0xa8cdea, 0x1f4f77), pair(0x00568a, 0x64b9f5)),
            Paint::Wrong(level) => scale(level, pair(0xfbbd7f, 0x80460f), pair(0xb84800, 0xf79450)),
            Paint::OnRight(level) => readable(Paint::Right(level)),
            Paint::OnWrong(level) => readable(Paint::Wrong(level)),
            Paint::Grey(level) => {
                let grey = (f64::from(level) * 255.0 / f64::from(GREYS - 1)).round() as u8;
                (Rgb(grey, grey, grey), Rgb(grey, grey, grey))
            }
            Paint::NotANumber => pair(0xd55e00, 0xd55e00),
            Paint::Height(level) => height(level),
            Paint::Level(level) => level_line(level),
            Paint::Star => pair(0xffd23f, 0xffd23f),
            Paint::Radford(n) => {
                let light = [0xff0000, 0x00c000, 0xff00ff, 0x0000ff, 0xffff00, 0x000000][n % RADFORD];
                pair(light, if light == 0 { 0xffffff } else { light })
            }
        }
    }
}

/// From almost paper by a pale colour to the full one. A straight mixture with paper would be a
/// muddy grey where the small shares are, which matter.
fn scale(level: u8, pale: (Rgb, Rgb), full: (Rgb, Rgb)) -> (Rgb, Rgb) {
    const PALE_AT: f64 = 0.4;
    let share = f64::from(level) / f64::from(LEVELS);
    let nothing = (Rgb::hex(0xf3f5f7), Rgb::hex(0x1d2229));
    let mix = |nothing: Rgb, pale: Rgb, full: Rgb| {
        if share <= PALE_AT {
            nothing.mix(pale, share / PALE_AT)
        } else {
            pale.mix(full, (share - PALE_AT) / (1.0 - PALE_AT))
        }
    };
    (mix(nothing.0, pale.0, full.0), mix(nothing.1, pale.1, full.1))
}

fn readable(paint: Paint) -> (Rgb, Rgb) {
    (paint.light().readable_on_it(), paint.dark().readable_on_it())
}

#[cfg(test)]
pub(crate) use tests::{SIGHT, seen};

#[cfg(test)]
mod tests {
    use super::*;

    fn linear(c: u8) -> f64 {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    }

    /// Oklab of a linear colour (Ottosson 2020).
    fn oklab([r, g, b]: [f64; 3]) -> [f64; 3] {
        let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
        let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
        let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
        [
            0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s,
            1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s,
            0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s,
        ]
    }

    /// How the fully colour-blind see it (Machado, Oliveira and Fernandes 2009, severity 1):
    /// red-blind, green-blind, blue-blind, and first everybody else.
    pub(crate) const SIGHT: [(&str, [[f64; 3]; 3]); 4] = [
        ("full", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        ("protan", [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
        ("deutan", [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
        ("tritan", [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
    ];

    pub(crate) fn seen(c: Rgb, by: &[[f64; 3]; 3]) -> [f64; 3] {
        let c = [linear(c.0), linear(c.1), linear(c.2)];
        oklab(by.map(|row| row.iter().zip(c).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0)))
    }

    #[test]
    fn no_two_lines_look_alike_whoever_looks() {
        for (sight, matrix) in SIGHT {
            for (i, one) in PALETTE.iter().enumerate() {
                for (j, other) in PALETTE[..i].iter().enumerate() {
                    for (a, b) in [(one.0, other.0), (one.1, other.1)] {
                        let (a, b) = (seen(a, &matrix), seen(b, &matrix));
                        let distance = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                        // 0.02 is about the least difference that is seen at all.
                        assert!(distance > 0.06, "series {j} and {i}, {sight}: {distance:.3}");
                    }
                }
            }
        }
    }

    #[test]
    fn lines_and_text_stand_out_from_the_paper() {
        let lines = (0..SERIES).map(|n| (Paint::Series(n), 3.0));
        for (paint, least) in lines.chain([(Paint::Ink, 7.0), (Paint::Muted, 4.5), (Paint::Axis, 3.0)]) {
            let light = paint.light().contrast(Paint::Paper.light());
            let dark = paint.dark().contrast(Paint::Paper.dark());
            assert!(light >= least && dark >= least, "{paint:?}: {light:.2} on light, {dark:.2} on dark");
        }
    }

    #[test]
    fn counts_are_readable_in_every_cell() {
        for level in 0..=LEVELS {
            for (cell, text) in
                [(Paint::Right(level), Paint::OnRight(level)), (Paint::Wrong(level), Paint::OnWrong(level))]
            {
                let (light, dark) = (cell.light().contrast(text.light()), cell.dark().contrast(text.dark()));
                assert!(light >= 4.5 && dark >= 4.5, "{cell:?}: {light:.2} on light, {dark:.2} on dark");
            }
        }
    }

    #[test]
    fn contrast_is_that_of_the_standard() {
        assert!((Rgb::hex(0).contrast(Rgb::hex(0xffffff)) - 21.0).abs() < 1e-12);
        // The grey that WCAG's own examples name as the lightest one readable on white.
        assert!((Rgb::hex(0x767676).contrast(Rgb::hex(0xffffff)) - 4.54).abs() < 0.005);
    }

    #[test]
    fn images_keep_black_and_white() {
        assert_eq!(Paint::Grey(0).light(), Rgb(0, 0, 0));
        assert_eq!(Paint::Grey(GREYS - 1).dark(), Rgb(255, 255, 255));
    }
}
