//! Are the numbers PyTorch's? Compares outputs, losses and gradients with those that the scripts beside this file wrote
//! down with PyTorch 2.15 in f64: one script, one text and one file of tests a family.

mod activation;
mod cross_entropy;
mod embedding;
mod linear;
mod recurrent;
mod reference;
