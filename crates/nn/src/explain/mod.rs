//! Why does a network say what it says: who is responsible for its error, and what in its input decides?
//!
//! * [`responsibility`] goes through a [`Sequential`](crate::Sequential): of every node, how the error changes with it, and
//!   of every connection, its share. It is plain data, laid out so that a picture of the network can be drawn from it.
//! * [`saliency`], [`gradient_times_input`] and [`integrated_gradients`] look at the input alone, through any forward
//!   function.
//!
//! All of them evaluate: nothing is dropped, and running statistics are used as they are.

mod attribution;
mod quadrature;
mod responsibility;

pub use attribution::{Integrated, gradient_times_input, integrated_gradients, saliency};
pub use responsibility::{Connections, Nodes, Responsibility, responsibility};
