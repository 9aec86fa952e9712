//! Which way did one optimizer take?

/// The positions of one optimizer, from step 0 on, with what is read off beside them.
///
/// ```
/// use plot::{Landscape, Trail};
/// let trail = Trail::new("SGD", &[[1.0, 1.0], [0.5, 0.5]]).rate(0.25).slopes(&[2.8, 1.4]);
/// let bowl = Landscape::new("Bowl", |x, y| x * x + y * y, [-2.0, 2.0], [-2.0, 2.0])?.trail(trail);
/// // After the last step, the height and the slope are those of the last position.
/// let svg = bowl.to_svg();
/// assert!(svg.contains(">0.500</text>") && svg.contains(">1.40</text>"));
/// # Ok::<(), plot::PlotError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Trail {
    pub(crate) name: String,
    pub(crate) rate: Option<f64>,
    pub(crate) positions: Vec<[f64; 2]>,
    pub(crate) slopes: Vec<f64>,
}

impl Trail {
    /// A trail through these positions. It may be shorter than others: then it ended there.
    #[must_use]
    pub fn new(name: impl Into<String>, positions: &[[f64; 2]]) -> Self {
        Trail { name: name.into(), rate: None, positions: positions.to_vec(), slopes: Vec::new() }
    }

    /// The learning rate, for the legend.
    #[must_use]
    pub fn rate(mut self, rate: f64) -> Self {
        self.rate = Some(rate);
        self
    }

    /// The norm of the gradient at each position, for the legend; where there is none, it shows a dash.
    #[must_use]
    pub fn slopes(mut self, slopes: &[f64]) -> Self {
        self.slopes = slopes.to_vec();
        self
    }
}
