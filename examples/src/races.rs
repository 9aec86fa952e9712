//! Optimizers race on one error surface: Alec Radford's animations of 2014, with our own tape and our own optimizers.

mod arithmetic;
mod field;
mod landscape;
mod page;
mod picture;
mod rates;
mod trajectory;

pub use arithmetic::square;
pub use field::{FIELDS, Fairness, Field, RACERS, Racer, Rule};
pub use landscape::{Code, LANDSCAPES, Landscape, Pictured, landscape};
pub use page::{page, trajectories};
pub use picture::picture;
pub use rates::{rate, tune};
pub use trajectory::{READ_OFF, Trajectory, race, race_by};
