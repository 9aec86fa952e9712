//! Pictures that show how learning works.
//!
//! A network is understood by looking: how fast does the loss fall, which classes are taken for
//! which, and what do the images look like that it gets wrong? Each question is one picture here,
//! and each picture is one value: say what it shows, then [`save`](Curves::save) it as an SVG file
//! or take the text with [`to_svg`](Curves::to_svg).
//!
//! ```
//! use ndarray::array;
//! use plot::{ConfusionMatrix, Curves, ImageSheet, Landscape, Panels, Trail};
//!
//! let folder = std::env::temp_dir().join("wengert-plot-story");
//!
//! // How did the training go?
//! let loss = Curves::new("Loss")
//!     .x_label("epoch")
//!     .y_label("cross-entropy (nats per image)")
//!     .line("training", &[2.1, 0.9, 0.4, 0.2])
//!     .line("test", &[2.0, 1.0, 0.6, 0.7])
//!     .mark("best", 3.0);
//! let accuracy = Curves::new("Accuracy")
//!     .x_label("epoch")
//!     .y_label("images classified correctly (%)")
//!     .line("training", &[31.0, 72.0, 88.0, 95.0])
//!     .line("test", &[33.0, 70.0, 84.0, 83.0]);
//! Panels::new("Digits").panel(loss).panel(accuracy).save(folder.join("curves.svg"))?;
//!
//! // Which classes are taken for which?
//! let matrix = ConfusionMatrix::new(&array![[9, 1], [0, 10]], &["three", "eight"])?.title("Test set");
//! matrix.save(folder.join("confusion.svg"))?;
//! assert!(matrix.to_string().starts_with("Test set: accuracy 95.0 % (19 of 20)\n"));
//!
//! // And what does the one look like that was wrong?
//! ImageSheet::new(2, 2)
//!     .title("Misclassified")
//!     .image(&[0.0, 0.8, 1.0, 0.1], "true three, said eight (61 %)")?
//!     .save(folder.join("wrong.svg"))?;
//!
//! // Which way does an optimizer take over an error surface?
//! Landscape::new("A bowl", |x, y| x * x + y * y, [-1.0, 1.0], [-1.0, 1.0])?
//!     .minimum(0.0, 0.0)
//!     .trail(Trail::new("SGD", &[[0.8, 0.8], [0.4, 0.4], [0.2, 0.2]]).rate(0.25))
//!     .save(folder.join("bowl.svg"))?;
//!
//! assert!(folder.join("wrong.svg").is_file() && folder.join("bowl.svg").is_file());
//! # std::fs::remove_dir_all(folder).expect("just written");
//! # Ok::<(), plot::PlotError>(())
//! ```
//!
//! All pictures are legible on light and dark paper and for colour-blind readers, show values that
//! are not numbers as what they are (a gap, a marked pixel), and are the same bytes for the same
//! data.
//!
//! From data to file: `axis` and `ticks` turn numbers into places, `chart`, `confusion_picture` and
//! `image_sheet` lay out a `scene` of shapes, `colour` knows its paints in both modes, and `save`
//! puts it on disk whole or not at all. A landscape is `terrain`, by `contour` or by `orbit`, with
//! trails; with the feature `gif`, `raster` makes pixels of the shapes and `film` a GIF of those.

mod axis;
mod box_frame;
mod chart;
mod colour;
mod colour_map;
mod confusion;
mod confusion_picture;
mod contour;
mod curves;
mod error;
#[cfg(feature = "gif")]
mod film;
mod image_sheet;
mod landscape;
mod landscape_picture;
#[cfg(feature = "gif")]
mod lettering;
mod network_picture;
mod number;
mod orbit;
mod palette;
mod panels;
#[cfg(feature = "gif")]
mod raster;
mod save;
mod scene;
mod terrain;
mod text;
mod ticks;
mod trace;
mod trail;

pub use confusion::ConfusionMatrix;
pub use curves::Curves;
pub use error::PlotError;
pub use image_sheet::ImageSheet;
pub use landscape::Landscape;
pub use network_picture::NetworkPicture;
pub use palette::Palette;
pub use panels::Panels;
pub use trail::Trail;
