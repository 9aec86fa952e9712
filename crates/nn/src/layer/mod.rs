//! Which layers are there?
//!
//! A layer is one struct that exists in two states, told apart by what stands in the place of its parameters: an
//! [`Init`](crate::Init) while it is planned, a [`ParamId`](tape::ParamId) once `build` has added them. So a plan is plain
//! data, a built layer is plain data, and only the latter has a `forward`.

pub(crate) mod activation;
pub(crate) mod attention;
pub(crate) mod bilinear;
pub(crate) mod chained;
pub(crate) mod conv_transpose;
pub(crate) mod convolution;
pub(crate) mod dropout;
pub(crate) mod embedding;
pub(crate) mod linear;
pub(crate) mod norm;
pub(crate) mod parametrization;
pub(crate) mod pool;
pub(crate) mod position;
pub(crate) mod prelu;
pub mod recurrent;
pub(crate) mod reshape;
pub(crate) mod residual;
pub(crate) mod sequential;
pub(crate) mod transformer;
pub(crate) mod upsample;
