//! What an element type must offer: [`Real`], implemented by `f32` and `f64`.

use std::cell::RefCell;
use std::fmt;
use std::iter::{Product, Sum};
use std::ptr::NonNull;
use std::thread::LocalKey;

use num_traits::{Float, FloatConst, NumAssign};

use crate::elements::Elements;
use crate::gradients::Adjoints;
use crate::kernel::VectorMath;
use crate::living::Recent;
use crate::tape::{Storage, Tape};

/// An element type of tapes, variables and tensors: `f32` or `f64`.
///
/// The trait is sealed. Numeric code that wants to be differentiated does not mention it: it is generic over
/// [`num_traits::Float`], which both the plain number and its recorded twin [`Var`](crate::Var) implement.
///
/// ```
/// fn machine_epsilon<T: tape::Real>() -> T {
///     T::epsilon()
/// }
/// assert_eq!(machine_epsilon::<f32>(), f32::EPSILON);
/// ```
pub trait Real:
    Float
    + FloatConst
    + NumAssign
    + Sum
    + Product
    + Default
    + fmt::Display
    + fmt::Debug
    + fmt::LowerExp
    + Send
    + Sync
    + Sized
    + VectorMath
    + Elements<Self>
    + sealed::Sealed
    + 'static
{
    /// The name of the type as Rust writes it, for messages and files.
    const NAME: &'static str;

    /// The nearest value of this type.
    fn from_f64(value: f64) -> Self;

    /// The exact value as `f64`.
    fn widen(self) -> f64;
}

/// A number that was widened, as its own type of this name prints it: with as many digits as it has.
pub(crate) fn shortest(value: f64, element: &str) -> String {
    if element == f32::NAME { (value as f32).to_string() } else { value.to_string() }
}

pub(crate) mod sealed {
    use super::{Adjoints, LocalKey, NonNull, Recent, RefCell, Storage, Tape, fmt};

    /// What the tape needs of an element type and users do not.
    pub trait Sealed: Sized + 'static {
        /// An unsigned integer as wide as the number: a tape node keeps either a constant's bits or a node number in it.
        type Bits: Copy + Eq + std::hash::Hash + fmt::Debug + Send + Sync;

        fn into_bits(self) -> Self::Bits;
        fn out_of_bits(bits: Self::Bits) -> Self;
        fn word_into_bits(word: u32) -> Self::Bits;
        fn word_out_of_bits(bits: Self::Bits) -> u32;

        /// The bits that an adjoint has before the first contribution arrives: those of the negative zero, the one number
        /// that leaves whatever is added to it as it is. Whoever adds a contribution makes sure that the sum is not it.
        const UNREACHED: Self::Bits;

        /// The tape that this thread used last.
        fn recent() -> &'static LocalKey<Recent<Self>>
        where
            Self: super::Real;

        /// The living tapes of this thread.
        fn living() -> &'static LocalKey<RefCell<Vec<NonNull<Storage<Self>>>>>
        where
            Self: super::Real;

        /// Tapes that nobody uses at present, of this thread.
        fn spare_tapes() -> &'static LocalKey<RefCell<Vec<Tape<Self>>>>
        where
            Self: super::Real;

        /// Buffers of gradient maps that were dropped, for the next sweep of this thread.
        fn spare() -> &'static LocalKey<RefCell<Vec<Box<Adjoints<Self>>>>>
        where
            Self: super::Real;
    }
}

macro_rules! real {
    ($type:ident, $bits:ident, $name:literal) => {
        impl Real for $type {
            const NAME: &'static str = $name;

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $type
            }

            #[inline(always)]
            fn widen(self) -> f64 {
                f64::from(self)
            }
        }

        impl sealed::Sealed for $type {
            type Bits = $bits;

            const UNREACHED: $bits = (-0.0 as $type).to_bits();

            #[inline(always)]
            fn into_bits(self) -> $bits {
                self.to_bits()
            }

            #[inline(always)]
            fn out_of_bits(bits: $bits) -> Self {
                $type::from_bits(bits)
            }

            #[inline(always)]
            fn word_into_bits(word: u32) -> $bits {
                $bits::from(word)
            }

            #[inline(always)]
            fn word_out_of_bits(bits: $bits) -> u32 {
                bits as u32
            }

            // Without this, only a build with link-time optimisation has it inlined into the code that records.
            #[inline]
            fn recent() -> &'static LocalKey<Recent<Self>> {
                thread_local! {
                    static RECENT: Recent<$type> = const { Recent::none() };
                }
                &RECENT
            }

            fn living() -> &'static LocalKey<RefCell<Vec<NonNull<Storage<Self>>>>> {
                thread_local! {
                    static LIVING: RefCell<Vec<NonNull<Storage<$type>>>> = const { RefCell::new(Vec::new()) };
                }
                &LIVING
            }

            fn spare_tapes() -> &'static LocalKey<RefCell<Vec<Tape<Self>>>> {
                thread_local! {
                    static TAPES: RefCell<Vec<Tape<$type>>> = const { RefCell::new(Vec::new()) };
                }
                &TAPES
            }

            fn spare() -> &'static LocalKey<RefCell<Vec<Box<Adjoints<Self>>>>> {
                thread_local! {
                    static SPARE: RefCell<Vec<Box<Adjoints<$type>>>> = const { RefCell::new(Vec::new()) };
                }
                &SPARE
            }
        }
    };
}

real!(f32, u32, "f32");
real!(f64, u64, "f64");
