//! The table of elementwise operations for readers: what the book prints.

use crate::rules::{Binary, Unary};

/// An elementwise operation as the table of rules has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Operation {
    /// The method of [`Var`](crate::Var) and [`Tensor`](crate::Tensor).
    pub name: &'static str,
    /// Its value, of x or of a and b.
    pub value: &'static str,
    /// Its derivative, or its partial derivatives.
    pub derivative: &'static str,
    /// Where the tests sample each operand.
    pub intervals: &'static [&'static [(f64, f64)]],
}

/// Every elementwise operation, those of one operand first.
///
/// ```
/// let tanh = tape::operations().find(|operation| operation.name == "tanh").unwrap();
/// assert_eq!(tanh.derivative, "1 - tanh^2 x");
/// ```
pub fn operations() -> impl Iterator<Item = Operation> {
    let unary = Unary::ALL.iter().map(|rule| {
        let [value, derivative] = rule.formula();
        Operation { name: rule.name(), value, derivative, intervals: rule.intervals() }
    });
    let binary = Binary::ALL.iter().map(|rule| {
        let [value, derivative] = rule.formula();
        Operation { name: rule.name(), value, derivative, intervals: rule.intervals() }
    });
    unary.chain(binary)
}
