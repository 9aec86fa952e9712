//! A variable has the value of the plain number, bit for bit, whatever the method or the operator (R1); constants alone
//! record nothing (R7); questions and comparisons look at the value (R8).

use std::fmt::Debug;
use std::hint::black_box;

use num_traits::{Float, FloatConst, FromPrimitive, Num, NumAssign, NumCast, One, Signed, ToPrimitive, Zero};
use tape::{Real, Tape, Var};

use crate::numeric::same;

/// Ordinary numbers, ends of domains, kinks, halves, and everything extreme; of both signs.
fn grid<T: Real>() -> Vec<T> {
    let ordinary = [
        0.0, 1e-30, 1e-20, 1e-8, 0.001, 0.1, 0.25, 0.5, 0.7, 0.999, 1.0, 1.001, 1.5, 1.57, 2.0, 2.5, 3.0, 3.7, 7.5,
        10.0, 20.0, 88.0, 89.0, 100.0, 709.0, 710.0, 745.5, 1000.0, 12345.678, 8388609.0, 1e10, 1e15, 1e22, 1e30,
    ];
    let neighbours = [T::one() - T::epsilon(), T::one() + T::epsilon()];
    with_extremes(ordinary.into_iter().map(T::from_f64).chain(neighbours))
}

/// A few numbers, for operations of two and three operands.
fn few<T: Real>() -> Vec<T> {
    with_extremes([0.0, 0.3, 0.5, 1.0, 2.0, 2.5, 3.0, 17.5, 1e20].into_iter().map(T::from_f64))
}

fn with_extremes<T: Real>(numbers: impl Iterator<Item = T>) -> Vec<T> {
    let subnormal = T::min_positive_value() / T::from_f64(1024.0);
    let extremes = [subnormal, T::min_positive_value(), T::max_value(), T::infinity()];
    numbers.chain(extremes).flat_map(|x| [x, -x]).chain([T::nan()]).map(black_box).collect()
}

#[track_caller]
fn assert_value<T: Real>(found: Var<T>, expected: T, operation: &str, operands: &[T]) {
    let found = found.value();
    assert!(same(found, expected), "{operation}{operands:?}: {found:?} where {expected:?} is expected");
}

type Method<X> = (&'static str, fn(X) -> X);
type Method2<X> = (&'static str, fn(X, X) -> X);

macro_rules! methods {
    ($($name:ident)*) => { vec![$((stringify!($name), Float::$name)),*] };
}

fn unary<X: Float>() -> Vec<Method<X>> {
    methods!(floor ceil round trunc fract abs signum recip sqrt exp exp2 exp_m1 ln log2 log10 ln_1p cbrt sin cos tan asin
        acos atan sinh cosh tanh asinh acosh atanh to_degrees to_radians)
}

fn binary<X: Float>() -> Vec<Method2<X>> {
    let mut methods: Vec<Method2<X>> = methods!(powf log max min abs_sub hypot atan2 copysign);
    let operators: [Method2<X>; 5] =
        [("+", |a, b| a + b), ("-", |a, b| a - b), ("*", |a, b| a * b), ("/", |a, b| a / b), ("%", |a, b| a % b)];
    methods.extend(operators);
    methods
}

/// The same check for both element types.
macro_rules! for_both {
    ($($(#[$attribute:meta])* $test:ident = $check:ident;)*) => {$(
        $(#[$attribute])*
        #[test]
        fn $test() {
            $check::<f32>();
            $check::<f64>();
        }
    )*};
}

for_both! {
    a_unary_method_has_the_plain_value = unary_values;
    a_binary_method_or_operator_has_the_plain_value = binary_values;
    powi_has_the_plain_value = powi_values;
    mul_add_has_the_plain_value = mul_add_values;
    clamp_has_the_plain_value = clamp_values;
    sin_cos_has_the_plain_values = sin_cos_values;
    /// R8.
    questions_are_answered_by_the_value = questions;
    constants_are_the_plain_ones_and_make_no_node = constants;
    signed_has_the_plain_values = signed_values;
    casts_are_those_of_the_plain_number = casts;
    numbers_are_parsed_in_any_radix = radix;
    numbers_are_displayed_as_plain_ones = displayed;
    references_are_operands_too = references;
    sums_and_products_have_the_plain_values = sums_and_products;
    /// R7.
    constants_alone_record_nothing = constants_record_nothing;
}

fn unary_values<T: Real>() {
    for ((name, plain), (_, recorded)) in unary::<T>().into_iter().zip(unary::<Var<T>>()) {
        let tape = Tape::new();
        for x in grid() {
            let expected = plain(x);
            assert_value(recorded(Var::constant(x)), expected, name, &[x]);
            assert_value(recorded(tape.var(x)), expected, name, &[x]);
        }
    }
    let tape = Tape::new();
    for x in grid::<T>() {
        assert_value(-tape.var(x), -x, "-", &[x]);
        assert_value(-&tape.var(x), -x, "-", &[x]);
    }
}

fn binary_values<T: Real>() {
    for ((name, plain), (_, recorded)) in binary::<T>().into_iter().zip(binary::<Var<T>>()) {
        let mut tape = Tape::new();
        for a in few() {
            tape.reset();
            for b in few() {
                let expected = plain(a, b);
                let constants = [Var::constant(a), Var::constant(b)];
                let variables = [tape.var(a), tape.var(b)];
                assert_value(recorded(constants[0], constants[1]), expected, name, &[a, b]);
                assert_value(recorded(variables[0], constants[1]), expected, name, &[a, b]);
                assert_value(recorded(constants[0], variables[1]), expected, name, &[a, b]);
                assert_value(recorded(variables[0], variables[1]), expected, name, &[a, b]);
            }
        }
    }
}

fn powi_values<T: Real>() {
    let tape = Tape::new();
    for n in [0, 1, 2, 3, 4, 5, 17, 1000, i32::MAX, -1, -2, -3, -17, -1000, i32::MIN].map(black_box) {
        for x in grid::<T>() {
            let expected = Float::powi(x, n);
            assert_value(Float::powi(tape.var(x), n), expected, "powi", &[x]);
            assert_value(Float::powi(Var::constant(x), n), expected, "powi", &[x]);
        }
    }
}

fn mul_add_values<T: Real>() {
    for x in few::<T>() {
        for a in few::<T>() {
            let tape = Tape::new();
            for b in few::<T>() {
                let expected = Float::mul_add(x, a, b);
                // Each operand a variable or a constant, in every combination.
                for variables in 0..8 {
                    let operand = |bit: u32, x| if variables >> bit & 1 == 1 { tape.var(x) } else { Var::constant(x) };
                    let found = Float::mul_add(operand(0, x), operand(1, a), operand(2, b));
                    assert_value(found, expected, "mul_add", &[x, a, b]);
                }
            }
        }
    }
}

fn clamp_values<T: Real>() {
    let tape = Tape::new();
    for x in few::<T>() {
        for low in few::<T>() {
            for high in few::<T>().into_iter().filter(|&high| low <= high) {
                let found = Float::clamp(tape.var(x), Var::constant(low), tape.var(high));
                assert_value(found, num_traits::clamp(x, low, high), "clamp", &[x, low, high]);
            }
        }
    }
}

fn sin_cos_values<T: Real>() {
    for x in grid::<T>() {
        let (sin, cos) = Float::sin_cos(Tape::new().var(x));
        assert_value(sin, Float::sin(x), "sin_cos", &[x]);
        assert_value(cos, Float::cos(x), "sin_cos", &[x]);
    }
}

fn questions<T: Real>() {
    let tape = Tape::new();
    for x in grid::<T>() {
        let v = tape.var(x);
        assert_eq!(v.is_nan(), x.is_nan());
        assert_eq!(v.is_infinite(), x.is_infinite());
        assert_eq!(v.is_finite(), x.is_finite());
        assert_eq!(v.is_normal(), x.is_normal());
        assert_eq!(v.is_subnormal(), x.is_subnormal());
        assert_eq!(v.is_sign_positive(), x.is_sign_positive());
        assert_eq!(v.is_sign_negative(), x.is_sign_negative());
        assert_eq!(v.classify(), x.classify());
        assert_eq!(v.integer_decode(), x.integer_decode());
        assert_eq!(v.is_zero(), x.is_zero());
        assert_eq!(v.is_one(), x.is_one());
        for y in few::<T>() {
            // The other one is of another tape, which is nobody's business here.
            let w = Var::constant(y);
            assert_eq!(v.partial_cmp(&w), x.partial_cmp(&y));
            assert_eq!(v.partial_cmp(&y), x.partial_cmp(&y));
            assert_eq!((v == w, v == y), (x == y, x == y));
            assert_eq!((v < w, v <= w, v > w, v >= w), (x < y, x <= y, x > y, x >= y));
        }
    }
    assert_eq!(tape.len(), grid::<T>().len(), "a question records nothing");
}

fn constants<T: Real>() {
    macro_rules! check {
        ($trait:ident: $($name:ident)*) => {
            $(assert_value(<Var<T> as $trait>::$name(), <T as $trait>::$name(), stringify!($name), &[]);
            assert!(<Var<T> as $trait>::$name().is_constant());)*
        };
    }
    check!(Float: nan infinity neg_infinity neg_zero min_value min_positive_value max_value epsilon);
    check!(FloatConst: E FRAC_1_PI FRAC_1_SQRT_2 FRAC_2_PI FRAC_2_SQRT_PI FRAC_PI_2 FRAC_PI_3 FRAC_PI_4 FRAC_PI_6 FRAC_PI_8
        LN_10 LN_2 LOG10_E LOG2_E PI SQRT_2 TAU LOG10_2 LOG2_10);
    check!(Zero: zero);
    check!(One: one);
    check!(Default: default);
}

#[test]
fn epsilon_is_the_element_types_own() {
    assert_eq!(<Var<f32> as Float>::epsilon().value(), f32::EPSILON);
    assert_eq!(<Var<f64> as Float>::epsilon().value(), f64::EPSILON);
}

fn signed_values<T: Real + Signed>() {
    let tape = Tape::new();
    for x in few::<T>() {
        let v = tape.var(x);
        assert_value(Signed::abs(&v), Signed::abs(&x), "abs", &[x]);
        assert_value(Signed::signum(&v), Signed::signum(&x), "signum", &[x]);
        assert_eq!(Signed::is_positive(&v), Signed::is_positive(&x));
        assert_eq!(Signed::is_negative(&v), Signed::is_negative(&x));
        for y in few::<T>() {
            assert_value(Signed::abs_sub(&v, &Var::constant(y)), Signed::abs_sub(&x, &y), "abs_sub", &[x, y]);
        }
    }
}

fn casts<T: Real + FromPrimitive>() {
    fn check<T: Real>(found: Option<Var<T>>, expected: Option<T>) {
        assert_eq!(found.map(Var::value), expected);
        assert!(found.is_none_or(Var::is_constant));
    }
    for x in grid::<T>() {
        let v = Tape::new().var(x);
        assert_eq!(v.to_i64(), x.to_i64());
        assert_eq!(v.to_u64(), x.to_u64());
        assert_eq!(v.to_i128(), x.to_i128());
        assert_eq!(v.to_u128(), x.to_u128());
        assert_eq!((v.to_i32(), v.to_u8(), v.to_usize()), (x.to_i32(), x.to_u8(), x.to_usize()));
        assert!(same(v.to_f64().unwrap(), x.to_f64().unwrap()));
        assert!(same(v.to_f32().unwrap(), x.to_f32().unwrap()));
        if !x.is_nan() {
            check::<T>(<Var<T> as NumCast>::from(x), <T as NumCast>::from(x));
            check::<T>(FromPrimitive::from_f64(x.widen()), <T as FromPrimitive>::from_f64(x.widen()));
            check::<T>(FromPrimitive::from_f32(x.widen() as f32), FromPrimitive::from_f32(x.widen() as f32));
        }
    }
    check::<T>(FromPrimitive::from_i64(i64::MIN), FromPrimitive::from_i64(i64::MIN));
    check::<T>(FromPrimitive::from_u64(u64::MAX), FromPrimitive::from_u64(u64::MAX));
    check::<T>(FromPrimitive::from_i128(i128::MIN), FromPrimitive::from_i128(i128::MIN));
    check::<T>(FromPrimitive::from_u128(u128::MAX), FromPrimitive::from_u128(u128::MAX));
    check::<T>(FromPrimitive::from_u8(7), FromPrimitive::from_u8(7));
    check::<T>(<Var<T> as NumCast>::from(3_i32), <T as NumCast>::from(3_i32));
    assert_eq!(<Var<T> as From<T>>::from(T::one()).value(), T::one());
}

fn radix<T: Real>() {
    for (text, radix) in [("1.5", 10), ("-2e3", 10), ("ff", 16), ("101.1", 2), ("inf", 10), ("", 10), ("x", 10)] {
        match (Var::<T>::from_str_radix(text, radix), T::from_str_radix(text, radix)) {
            (Ok(found), Ok(expected)) => assert!(found.value() == expected && found.is_constant(), "{text}"),
            (found, expected) => assert!(found.is_err() && expected.is_err(), "{text}"),
        }
    }
}

fn displayed<T: Real>() {
    for x in grid::<T>() {
        let v = Tape::new().var(x);
        assert_eq!(format!("{v}"), format!("{x}"));
        assert_eq!(format!("{v:.3}"), format!("{x:.3}"));
        assert_eq!(format!("{v:>+12.1}|{v:<9}|{v:09.2}"), format!("{x:>+12.1}|{x:<9}|{x:09.2}"));
        assert_eq!(format!("{v:e} {v:.2e}"), format!("{x:e} {x:.2e}"));
    }
    let (shown, shown_constant) =
        (format!("{:?}", Tape::new().var(T::one())), format!("{:?}", Var::constant(T::one())));
    assert!(shown.starts_with("Var(1.0, node 1"), "{shown}");
    assert_eq!(shown_constant, "Var(1.0, constant)");
}

fn references<T: Real>() {
    let tape = Tape::new();
    let (x, y) = (T::from_f64(7.5), T::from_f64(-2.0));
    let (a, b) = (tape.var(x), tape.var(y));
    macro_rules! check {
        ($($operator:tt $assign:tt),*) => {$(
            let expected = x $operator y;
            for found in [a $operator b, &a $operator b, a $operator &b, &a $operator &b, a $operator y, &a $operator y] {
                assert_value(found, expected, stringify!($operator), &[x, y]);
                assert_eq!(found.backward()[a], (a $operator b).backward()[a]);
            }
            for found in [a $operator b, &a $operator b, a $operator &b, &a $operator &b] {
                assert_eq!(found.backward()[b], (a $operator b).backward()[b]);
            }
            let mut assigned = [a, a, a];
            assigned[0] $assign b;
            assigned[1] $assign &b;
            assigned[2] $assign y;
            for found in assigned {
                assert_value(found, expected, stringify!($assign), &[x, y]);
                assert_eq!(found.backward()[a], (a $operator b).backward()[a]);
            }
        )*};
    }
    check!(+ +=, - -=, * *=, / /=, % %=);
}

/// `f64 op Var` is no generic implementation, so each type has one of its own.
macro_rules! number_on_the_left {
    ($test:ident $number:ident) => {
        #[test]
        fn $test() {
            for x in few::<$number>() {
                let tape = Tape::new();
                for y in few::<$number>() {
                    let v = tape.var(y);
                    for (found, expected) in [
                        (x + v, x + y),
                        (x - v, x - y),
                        (x * v, x * y),
                        (x / v, x / y),
                        (x % v, x % y),
                        (x + &v, x + y),
                        (x - &v, x - y),
                        (x * &v, x * y),
                        (x / &v, x / y),
                        (x % &v, x % y),
                    ] {
                        assert_value(found, expected, "a number on the left", &[x, y]);
                        assert!(!found.is_constant());
                    }
                }
            }
        }
    };
}
number_on_the_left!(an_f32_on_the_left_has_the_plain_value f32);
number_on_the_left!(an_f64_on_the_left_has_the_plain_value f64);

fn sums_and_products<T: Real>() {
    let numbers = [0.1, 0.2, 0.3, -7.0, 1e10].map(T::from_f64);
    let tape = Tape::new();
    let vars = tape.vars(&numbers);
    let recorded = tape.len();
    let plain_sum = numbers.iter().copied().fold(T::zero(), |sum, x| sum + x);
    let plain_product = numbers.iter().copied().fold(T::one(), |product, x| product * x);
    assert_value(vars.iter().sum(), plain_sum, "sum", &numbers);
    assert_value(vars.iter().copied().sum(), plain_sum, "sum", &numbers);
    assert_value(vars.iter().product(), plain_product, "product", &numbers);
    assert_value(vars.iter().copied().product(), plain_product, "product", &numbers);
    assert_eq!(tape.len(), recorded + 4 * (numbers.len() - 1), "n numbers take n - 1 operations");
    let nothing: [Var<T>; 0] = [];
    assert_eq!(nothing.iter().sum::<Var<T>>().value(), T::zero());
    assert_eq!(nothing.iter().product::<Var<T>>().value(), T::one());
    assert!(nothing.iter().sum::<Var<T>>().is_constant());
}

fn constants_record_nothing<T: Real>() {
    let tape = Tape::<T>::new();
    let variable = tape.var(T::one());
    let (two, three) = (Var::constant(T::from_f64(2.0)), Var::constant(T::from_f64(3.0)));
    for (name, method) in unary::<Var<T>>() {
        assert!(method(two).is_constant(), "{name}");
    }
    for (name, method) in binary::<Var<T>>() {
        assert!(method(two, three).is_constant(), "{name}");
    }
    assert!(two.powi(3).is_constant() && two.mul_add(three, two).is_constant() && (-two).is_constant());
    assert!(variable.detach().is_constant());
    assert_eq!(variable.detach().value(), T::one());
    assert_eq!(tape.len(), 1);
    // A constant operand makes one node of the operation, none of itself.
    let _ = variable * two + three;
    assert_eq!(tape.len(), 3);
}

/// Numeric code asks for whole families of traits at once.
#[test]
fn a_variable_has_the_traits_that_numeric_code_asks_for() {
    fn accepts<T: Float + FloatConst + NumAssign + Signed + FromPrimitive + Default + Debug + Send + Sync + 'static>() {
    }
    accepts::<Var<f32>>();
    accepts::<Var<f64>>();
}
