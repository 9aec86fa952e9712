//! Are the numbers PyTorch's? Compares outputs, losses and gradients with those that the scripts beside this file wrote
//! down with PyTorch 2.15 in f64: one script, one text and one file of tests a family.

mod activation;
mod attention;
mod bilinear;
mod convolution;
mod cross_entropy;
mod embedding;
mod linear;
mod loss;
mod norm;
mod parametrization;
mod pool;
mod recurrent;
mod reference;
mod reshape;
mod transformer;
