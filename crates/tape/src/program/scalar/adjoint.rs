//! The chain rule on expressions: the adjoint becomes part of the program.
//!
//! As the sweep of a tape, but that shares become expressions: from the outputs to the inputs, each operation hands its
//! adjoint on, and contributions are added up in the order in which the sweep would.

use smallvec::SmallVec;

use super::graph::{Graph, Id, Kind};
use crate::real::Real;

/// Appends the gradient of the outputs, each weighted with its seed, with respect to every input: nothing for an input
/// that no output depends on.
pub(super) fn append<T: Real>(graph: &mut Graph<T>, outputs: &[Id], seeds: &[Id], inputs: usize) -> Vec<Option<Id>> {
    let mut gradient = vec![None; inputs];
    let mut contributions: Vec<SmallVec<[Id; 2]>> = vec![SmallVec::new(); graph.expressions.len()];
    for (&output, &seed) in outputs.iter().zip(seeds) {
        contributions[output as usize].push(seed);
    }
    for id in (0..graph.expressions.len() as Id).rev() {
        let arrived = std::mem::take(&mut contributions[id as usize]);
        if arrived.is_empty() {
            continue;
        }
        let expression = graph.expressions[id as usize];
        let anchor = expression.anchor;
        let g = graph.sum(&arrived, anchor);
        // An adjoint that is zero at every point absorbs whatever comes before.
        if graph.known(g).is_some_and(|g| g == T::zero()) {
            continue;
        }
        let [a, b, c, product] = expression.operands;
        let mut hand_on = |graph: &Graph<T>, operand: Id, share: Id| {
            if graph.known(operand).is_none() {
                contributions[operand as usize].push(share);
            }
        };
        match expression.kind {
            Kind::Input => {
                // Seeds are inputs too, and nobody asks for their gradient.
                if let Some(gradient) = gradient.get_mut(a as usize) {
                    *gradient = Some(g);
                }
            }
            Kind::Constant | Kind::Copy => {}
            Kind::Unary(rule) => {
                let share = graph.unary_share(rule, a, id, g, anchor);
                hand_on(graph, a, share);
            }
            Kind::Powi(n) => {
                let share = graph.powi_share(n, a, id, g, anchor);
                hand_on(graph, a, share);
            }
            Kind::Binary(rule) => {
                if graph.known(a).is_none() {
                    let share = graph.left_share(rule, [a, b], id, g, anchor);
                    hand_on(graph, a, share);
                }
                if graph.known(b).is_none() {
                    let share = graph.right_share(rule, [a, b], id, g, anchor);
                    hand_on(graph, b, share);
                }
            }
            Kind::MulAdd => {
                hand_on(graph, product, g);
                hand_on(graph, c, g);
            }
            Kind::Sum => {
                for &term in graph.operands(id).iter().rev() {
                    hand_on(graph, term, g);
                }
            }
            Kind::UnaryShare(_) | Kind::PowiShare(_) | Kind::LeftShare(_) | Kind::RightShare(_) | Kind::Guard(..) => {
                unreachable!("the adjoint of an adjoint is not asked for")
            }
        }
    }
    gradient
}
