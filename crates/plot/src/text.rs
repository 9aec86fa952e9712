//! How wide will a text be, when nobody knows the reader's font?

/// Line height as a multiple of the font size.
pub(crate) const LINE: f64 = 1.3;

/// Width in pixels that a text of this font size takes in a sans-serif font.
///
/// An estimate from the advance widths of a wide one (DejaVu Sans), so that a narrower font only
/// leaves more room.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size
}

fn advance(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 'I' | 'J' | '\'' => 0.29,
        ' ' | '\u{a0}' | '.' | ',' | ':' | ';' | '!' | '|' => 0.34,
        'f' | 'r' | 't' | '(' | ')' | '[' | ']' | '-' | '/' | '·' => 0.41,
        '⁰'..='⁹' | '⁻' | '¹' | '²' | '³' => 0.42,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '…' | '—' => 1.0,
        'A'..='Z' => 0.71,
        _ if is_wide(c) => 1.0,
        '+' | '=' | '<' | '>' | '−' | '×' | '~' | '#' => 0.84,
        _ => 0.63,
    }
}

/// Does the character fill a square, as those of Chinese, Japanese and Korean do?
pub(crate) fn is_wide(c: char) -> bool {
    matches!(c as u32, 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f
        | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd)
}

/// The text itself if it fits, else its beginning and an ellipsis.
pub(crate) fn shorten(text: &str, size: f64, limit: f64) -> String {
    if width(text, size) <= limit {
        return text.to_owned();
    }
    let room = limit - width("…", size);
    let mut used = 0.0;
    let kept: String = text
        .chars()
        .take_while(|&c| {
            used += advance(c) * size;
            used <= room
        })
        .collect();
    kept.trim_end().to_owned() + "…"
}

/// Breaks a text between words into at most `lines` lines; what does not fit is shortened.
pub(crate) fn wrap(text: &str, size: f64, limit: f64, lines: usize) -> Vec<String> {
    // A number and its percent sign stay together; so does what the author joined with a no-break
    // space.
    let text = text.replace(" %", "\u{a0}%");
    let mut broken: Vec<String> = Vec::new();
    for word in text.split_ascii_whitespace() {
        let full = broken.len() >= lines;
        match broken.last_mut() {
            // The last line takes all that is left, and its end is cut below.
            Some(line) if full || width(line, size) + width(" ", size) + width(word, size) <= limit => {
                line.push(' ');
                line.push_str(word);
            }
            _ => broken.push(word.to_owned()),
        }
    }
    broken.iter().map(|line| shorten(line, size, limit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_character_is_a_square() {
        assert_eq!(width("数字", 10.0), 20.0);
        assert!(width("W", 10.0) > width("i", 10.0));
    }

    #[test]
    fn a_shortened_text_fits_and_says_that_it_was_cut() {
        let long = "a class name that nobody should have chosen";
        let short = shorten(long, 12.0, 100.0);
        assert!(width(&short, 12.0) <= 100.0);
        assert!(short.ends_with('…') && long.starts_with(short.trim_end_matches('…')));
        assert_eq!(shorten("fits", 12.0, 100.0), "fits");
    }

    #[test]
    fn captions_break_between_words_and_never_run_on() {
        assert_eq!(wrap("true 3, said 8 (61 %)", 11.0, 100.0, 3), ["true 3, said 8", "(61\u{a0}%)"]);
        assert_eq!(wrap("a b c d", 10.0, 7.0, 2), ["a", "…"]);
        assert!(wrap("  ", 10.0, 50.0, 2).is_empty());
    }
}
