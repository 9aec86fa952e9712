//! The element types that files of arrays hold, and which of their elements a parameter can take without loss.

use std::fmt;

use half::{bf16, f16};
use tape::Real;

/// An element type of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    Bool,
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    F16,
    Bf16,
    F32,
    F64,
}

impl Element {
    /// The type that holds every `T`.
    pub(crate) fn of<T: Real>() -> Self {
        if size_of::<T>() == 4 { Self::F32 } else { Self::F64 }
    }

    /// The bytes that an element takes.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 | Self::Bf16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// Whether `T` can be given arrays of this type. Rounding double precision would make another model, which is the
    /// caller's to decide. Integers are taken one by one: see [`Element::decode`].
    pub(crate) fn suits<T: Real>(self) -> bool {
        self != Self::F64 || Self::of::<T>() == Self::F64
    }

    /// The number in these bytes, the lowest first; `None` if `T` cannot take it without loss, as `f32` cannot take
    /// 2²⁴ + 1.
    ///
    /// # Panics
    /// If the bytes are not as many as an element has.
    pub(crate) fn decode<T: Real>(self, bytes: &[u8]) -> Option<T> {
        macro_rules! number {
            ($type:ty) => {
                <$type>::from_le_bytes(bytes.try_into().expect("an element's bytes"))
            };
        }
        macro_rules! integer {
            ($type:ty) => {{
                let integer = number!($type);
                let taken = <T as Real>::from_f64(integer as f64);
                // In 128 bits, because 2⁶⁴ as `f64` comes back as 2⁶⁴ - 1 where the integer has 64.
                (Real::widen(taken) as i128 == i128::from(integer)).then_some(taken)
            }};
        }
        let wide = match self {
            Self::Bool => f64::from(u8::from(number!(u8) != 0)),
            Self::U8 => return integer!(u8),
            Self::U16 => return integer!(u16),
            Self::U32 => return integer!(u32),
            Self::U64 => return integer!(u64),
            Self::I8 => return integer!(i8),
            Self::I16 => return integer!(i16),
            Self::I32 => return integer!(i32),
            Self::I64 => return integer!(i64),
            Self::F16 => number!(f16).to_f64(),
            Self::Bf16 => number!(bf16).to_f64(),
            Self::F32 => f64::from(number!(f32)),
            Self::F64 => number!(f64),
        };
        Some(<T as Real>::from_f64(wide))
    }

    /// Appends the bytes of an element of `T`, the lowest first; this is the type of [`Element::of`].
    pub(crate) fn encode<T: Real>(elements: &[T]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(size_of_val(elements));
        for element in elements {
            let element = Real::widen(*element);
            match Self::of::<T>() {
                Self::F32 => bytes.extend((element as f32).to_le_bytes()),
                _ => bytes.extend(element.to_le_bytes()),
            }
        }
        bytes
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "BOOL",
            Self::U8 => "U8",
            Self::U16 => "U16",
            Self::U32 => "U32",
            Self::U64 => "U64",
            Self::I8 => "I8",
            Self::I16 => "I16",
            Self::I32 => "I32",
            Self::I64 => "I64",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::F32 => "F32",
            Self::F64 => "F64",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_widen() {
        // One and a half, and the largest number of each.
        assert_eq!(Element::F16.decode::<f32>(&0x3e00_u16.to_le_bytes()), Some(1.5));
        assert_eq!(Element::F16.decode::<f32>(&0x7bff_u16.to_le_bytes()), Some(65504.0));
        assert_eq!(Element::Bf16.decode::<f64>(&0x3fc0_u16.to_le_bytes()), Some(1.5));
        let largest = (2.0 - 2.0_f64.powi(-7)) * 2.0_f64.powi(127);
        assert_eq!(Element::Bf16.decode::<f64>(&0x7f7f_u16.to_le_bytes()), Some(largest));
    }

    #[test]
    fn integers_are_taken_where_they_are_exact() {
        let exact = 1_i64 << 24;
        assert_eq!(Element::I64.decode::<f32>(&exact.to_le_bytes()), Some(16_777_216.0));
        assert_eq!(Element::I64.decode::<f32>(&(exact + 1).to_le_bytes()), None);
        assert_eq!(Element::I64.decode::<f64>(&(exact + 1).to_le_bytes()), Some(16_777_217.0));
        assert_eq!(Element::I64.decode::<f64>(&i64::MAX.to_le_bytes()), None);
        assert_eq!(Element::U64.decode::<f64>(&u64::MAX.to_le_bytes()), None);
        assert_eq!(Element::I64.decode::<f64>(&i64::MIN.to_le_bytes()), Some(-(2.0_f64.powi(63))));
        assert_eq!(Element::I8.decode::<f32>(&[0xff]), Some(-1.0));
        assert_eq!(Element::Bool.decode::<f32>(&[1]), Some(1.0));
    }

    #[test]
    fn only_double_precision_is_refused_whatever_it_holds() {
        assert!(!Element::F64.suits::<f32>() && Element::F64.suits::<f64>());
        assert!(Element::F32.suits::<f64>() && Element::I64.suits::<f32>());
    }
}
