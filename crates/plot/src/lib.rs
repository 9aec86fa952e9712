//! Pictures that show how learning works.

mod axis;
mod chart;
mod colour;
mod confusion;
mod confusion_picture;
mod curves;
mod error;
mod number;
mod panels;
mod save;
mod scene;
mod text;
mod ticks;
mod trace;

pub use confusion::ConfusionMatrix;
pub use curves::Curves;
pub use error::PlotError;
pub use panels::Panels;
