//! Pictures that show how learning works.

mod colour;
mod error;
mod number;
mod save;
mod scene;
mod text;

pub use error::PlotError;
