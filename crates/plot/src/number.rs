//! How are numbers written: in coordinates, in labels, as shares?

use std::fmt::Write;

/// Appends a coordinate with at most two decimals: a hundredth of a pixel cannot be seen, and a
/// fixed precision makes the same picture the same bytes. Something that is not a number must not
/// break the file and becomes 0.
pub(crate) fn push_coordinate(out: &mut String, value: f64) {
    let value = if value.is_finite() { value } else { 0.0 };
    let start = out.len();
    let _ = write!(out, "{value:.2}");
    while out.ends_with('0') {
        out.pop();
    }
    if out.ends_with('.') {
        out.pop();
    }
    if &out[start..] == "-0" {
        out.truncate(start);
        out.push('0');
    }
}

/// `1234567` as `1,234,567`.
pub(crate) fn thousands(count: u128) -> String {
    group(&count.to_string())
}

fn group(digits: &str) -> String {
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The share `part / whole` as a percentage with one decimal, a dash when there is no whole.
///
/// Only a true "all" reads 100.0 % and only a true "none" reads 0.0 %: a single error in ten
/// thousand is what a reader of a confusion matrix looks for.
pub(crate) fn percent(part: u128, whole: u128) -> String {
    if whole == 0 {
        return "–".into();
    }
    let share = 100.0 * part as f64 / whole as f64;
    let share = match part {
        0 => 0.0,
        _ if part == whole => 100.0,
        _ => share.clamp(0.1, 99.9),
    };
    format!("{share:.1} %")
}

/// Three digits, and the power of ten alone where they would stand far from the point: `51.7`, `0.0123`, `0.0012`, `1×10⁻⁷`.
/// A column of read-outs is narrow.
pub(crate) fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    if !value.is_finite() {
        return if value.is_nan() { "–".into() } else { format!("{}∞", if value < 0.0 { "−" } else { "" }) };
    }
    // What is rounded to three digits may have one power more.
    let magnitude =
        |written: &str| written.split_once('e').and_then(|(_, power)| power.parse::<i32>().ok()).unwrap_or(0);
    let decimals = match magnitude(&format!("{value:.2e}")) {
        -2..4 => 2,
        -3 => 1,
        _ => 0,
    };
    let written = format!("{value:.decimals$e}");
    let exponent = magnitude(&written);
    let digits = written.split('e').next().unwrap_or("0").replace('.', "").parse().unwrap_or(0);
    let decimal = Decimal { digits, exponent: exponent - decimals as i32 };
    if decimals > 0 { decimal.plain() } else { decimal.scientific(exponent) }
}

/// A setting as its user wrote it: all of its digits and no more.
pub(crate) fn shortest(value: f64) -> String {
    if value != 0.0 && !(1e-5..1e6).contains(&value.abs()) {
        return short(value);
    }
    value.to_string().replace('-', "−")
}

/// A decimal number `digits * 10^exponent`: what tick labels are made of, because 3 / 10 is a label
/// and 0.30000000000000004 is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Decimal {
    pub(crate) digits: i64,
    pub(crate) exponent: i32,
}

impl Decimal {
    pub(crate) fn value(self) -> f64 {
        // The decimal parser rounds once, correctly, at any exponent; a product with 10^n rounds
        // twice.
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or(f64::NAN)
    }

    /// The power of ten of the leading digit; that of zero is the lowest there is.
    pub(crate) fn magnitude(self) -> i32 {
        match self.digits.unsigned_abs().checked_ilog10() {
            Some(places) => self.exponent + places as i32,
            None => i32::MIN,
        }
    }

    /// In full: `-1,234.50`, with a proper minus sign.
    pub(crate) fn plain(self) -> String {
        if self.digits == 0 {
            return "0".into();
        }
        let decimals = usize::try_from(-self.exponent).unwrap_or(0);
        let zeros = usize::try_from(self.exponent).unwrap_or(0);
        let mut text = self.digits.unsigned_abs().to_string() + &"0".repeat(zeros);
        if text.len() <= decimals {
            text.insert_str(0, &"0".repeat(decimals + 1 - text.len()));
        }
        let (whole, fraction) = text.split_at(text.len() - decimals);
        let sign = if self.digits < 0 { "−" } else { "" };
        let point = if decimals > 0 { "." } else { "" };
        format!("{sign}{}{point}{fraction}", group(whole))
    }

    /// As a multiple of `10^magnitude`: `2.5×10⁻⁷`, a bare power as `10⁻⁷`.
    pub(crate) fn scientific(self, magnitude: i32) -> String {
        if self.digits == 0 {
            return "0".into();
        }
        let power = format!("10{}", superscript(magnitude));
        match (Decimal { digits: self.digits, exponent: self.exponent - magnitude }).plain().as_str() {
            "1" => power,
            mantissa => format!("{mantissa}×{power}"),
        }
    }
}

fn superscript(n: i32) -> String {
    let raised = |c: char| match c {
        '-' => '⁻',
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        // The block of superscripts is in order from 4 to 9.
        digit => char::from_u32('⁴' as u32 + (digit as u32 - '4' as u32)).unwrap_or(digit),
    };
    n.to_string().chars().map(raised).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short() {
        let written = |value| {
            let mut out = String::from("x");
            push_coordinate(&mut out, value);
            out
        };
        for (value, text) in [
            (0.1 + 0.2, "x0.3"),
            (-0.001, "x0"),
            (100.0, "x100"),
            (-12.345678, "x-12.35"),
            (f64::NAN, "x0"),
            (f64::NEG_INFINITY, "x0"),
        ] {
            assert_eq!(written(value), text);
        }
    }

    #[test]
    fn read_outs_have_three_digits() {
        for (value, text) in [
            (0.0, "0"),
            (51.71, "51.7"),
            (-0.012345, "−0.0123"),
            (0.00123, "0.0012"),
            (1234.5, "1,230"),
            (12345.0, "10⁴"),
            (2.6e-7, "3×10⁻⁷"),
            (-2.0e45, "−2×10⁴⁵"),
            (9.999, "10.0"),
            (f64::NAN, "–"),
            (f64::NEG_INFINITY, "−∞"),
        ] {
            assert_eq!(short(value), text);
        }
        assert_eq!([0.00079, 5.0, 0.0, -2.6e-9].map(shortest), ["0.00079", "5", "0", "−3×10⁻⁹"]);
    }

    #[test]
    fn thousands_are_grouped() {
        let texts: Vec<String> = [0, 999, 1000, 1_234_567].into_iter().map(thousands).collect();
        assert_eq!(texts, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn only_all_is_a_hundred_percent_and_only_none_is_zero() {
        let texts: Vec<String> =
            [(0, 5), (5, 5), (99_999, 100_000), (1, 100_000), (2, 3), (0, 0)].map(|(a, b)| percent(a, b)).into();
        assert_eq!(texts, ["0.0 %", "100.0 %", "99.9 %", "0.1 %", "66.7 %", "–"]);
    }

    #[test]
    fn decimals_are_exact() {
        let d = |digits, exponent| Decimal { digits, exponent };
        assert_eq!(d(3, -1).value(), 0.3);
        assert_eq!(d(3, -1).plain(), "0.3");
        assert_eq!(d(-5, -3).plain(), "−0.005");
        assert_eq!(d(12, 3).plain(), "12,000");
        assert_eq!(d(1250, -2).plain(), "12.50");
        assert_eq!(d(0, -3).plain(), "0");
        assert_eq!(d(25, -8).scientific(-7), "2.5×10⁻⁷");
        assert_eq!(d(1, 12).scientific(12), "10¹²");
        assert_eq!(d(-2, 9).scientific(9), "−2×10⁹");
        assert_eq!(superscript(-1_234_567_890), "⁻¹²³⁴⁵⁶⁷⁸⁹⁰");
        assert_eq!((d(1250, -2).magnitude(), d(0, 0).magnitude()), (1, i32::MIN));
    }
}
