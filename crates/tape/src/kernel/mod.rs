//! Slices in, slices out: which loops do the arithmetic. Nothing here knows of graphs.

mod elementwise;
mod index;
mod matmul;
mod places;
mod reduce;
mod scan;
mod vector_math;
mod view;

pub(crate) use elementwise::{
    Side, binary, binary_share, compare, powi, powi_share, select, select_share, unary, unary_share,
};
pub(crate) use index::{add_rows, put_along, select_rows, take_along};
pub(crate) use matmul::{MatrixRef, Seen, matmul, matmul_seen};
pub(crate) use places::{PlaneWindows, Search};
pub(crate) use reduce::{
    log_softmax, log_softmax_share, max, min, softmax, softmax_share, split_ties, sum, sum_of_squares,
};
pub(crate) use scan::running_sum;
pub use vector_math::VectorMath;
pub(crate) use vector_math::normal_cdf;
pub(crate) use view::{
    Room, TILE, Tiles, View, add, add_strided, any_nonzero, copy, copy_strided, dense, is_dense, to_array,
};

/// Runs `work` compiled for the widest vectors of this machine: AVX-512, AVX2 with FMA, or what the target always has.
///
/// The closure is compiled once for each of them, and only what is inlined into it is. Write
/// `dispatch(#[inline(always)] || ...)`: being called from three places, a closure of some size is not inlined
/// otherwise, and then runs as slow portable code without a word. The same holds for the functions that it calls.
///
/// ```text
/// dispatch(#[inline(always)] || {
///     for (y, &x) in out.iter_mut().zip(x) {
///         *y = x.vector_exp();
///     }
/// });
/// ```
#[inline(always)]
pub(crate) fn dispatch<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}
