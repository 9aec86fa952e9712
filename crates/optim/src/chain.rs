//! How do users join recipes to an optimizer of their own?

use std::fmt;
use std::sync::Arc;

use tape::Real;

use crate::error::Error;
use crate::method::{Method, Work};
use crate::recipe::{Adjust, Piece, Recipe};

/// Recipes one after another: the direction of each is the gradient of the next. The learning rate
/// multiplies what comes out of the last.
///
/// All of it is still one pass over memory: it goes in blocks that stay in the innermost cache.
///
/// ```
/// use ndarray::array;
/// use optim::{Chain, Descent, Optimizer, RmsPropRecipe, SgdRecipe};
/// // Gradients of the size 1, and momentum from them.
/// let momentum = SgdRecipe { momentum: 0.5, dampening: 0.0, nesterov: false };
/// let chain = Chain::new().then(RmsPropRecipe { alpha: 0.0, ..Default::default() }).then(momentum);
/// let mut optimizer = Descent::by(chain, 1.0);
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![0.0]);
/// for g in [100.0, 0.01] {
///     let gradients = tape::Gradients::for_params(&params, &[g])?;
///     optimizer.step(&mut params, &gradients)?;
/// }
/// assert!((params.values()[0] + 2.5).abs() < 1e-5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Chain<T> {
    links: Vec<Arc<dyn Link<T>>>,
}

/// A recipe for one element type.
trait Link<T>: Send + Sync {
    fn name(&self) -> &'static str;
    fn check(&self) -> Result<(), Error>;
    fn arrays(&self) -> &'static [&'static str];
    fn update(&self, t: u64, eta: f64, piece: Piece<'_, T>);
}

impl<T> fmt::Debug for dyn Link<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl<T: Real, R: Recipe + Send + Sync> Link<T> for R {
    fn name(&self) -> &'static str {
        R::NAME
    }

    fn check(&self) -> Result<(), Error> {
        Recipe::check::<T>(self)
    }

    fn arrays(&self) -> &'static [&'static str] {
        Recipe::arrays(self)
    }

    fn update(&self, t: u64, eta: f64, piece: Piece<'_, T>) {
        Recipe::update(self, t, eta, piece);
    }
}

impl<T> Clone for Chain<T> {
    fn clone(&self) -> Self {
        Self { links: self.links.clone() }
    }
}

impl<T: Real> Default for Chain<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real> Chain<T> {
    /// No recipe yet: the direction is the gradient.
    #[must_use]
    pub fn new() -> Self {
        Self { links: Vec::new() }
    }

    /// Appends a recipe.
    #[must_use]
    pub fn then(mut self, recipe: impl Recipe + Send + Sync + 'static) -> Self {
        self.links.push(Arc::new(recipe));
        self
    }
}

impl<T: Real> Method<T> for Chain<T> {
    const NAME: &'static str = "chain";

    fn check(&self) -> Result<(), Error> {
        self.links.iter().try_for_each(|link| link.check())
    }

    fn array_count(&self) -> usize {
        self.links.iter().map(|link| link.arrays().len()).sum()
    }

    fn array_name(&self, index: usize) -> String {
        let mut names =
            self.links.iter().enumerate().flat_map(|(place, link)| {
                link.arrays().iter().map(move |name| format!("{place}_{}_{name}", link.name()))
            });
        names.nth(index).unwrap_or_default()
    }

    fn update(&self, work: &mut Work<'_, T>) {
        /// Elements a block: a few arrays of so many fit the innermost cache.
        const BLOCK: usize = 1024;
        work.pieces(|t, eta, piece| {
            let Piece { theta, gradient, arrays, range, adjust } = piece;
            let (mut direction, mut moved) = ([T::zero(); BLOCK], [T::zero(); BLOCK]);
            for (block, (theta, gradient)) in theta.chunks_mut(BLOCK).zip(gradient.chunks(BLOCK)).enumerate() {
                let start = range.start + block * BLOCK;
                let (direction, moved) = (&mut direction[..theta.len()], &mut moved[..theta.len()]);
                for ((u, &g), &x) in direction.iter_mut().zip(gradient).zip(&*theta) {
                    *u = adjust.gradient(g, x);
                }
                let mut rest = &mut *arrays;
                for link in &self.links {
                    let (own, later) = rest.split_at_mut(link.arrays().len());
                    rest = later;
                    // From zero and at a rate of one, a recipe moves to minus its direction.
                    moved.fill(T::zero());
                    let piece = Piece {
                        theta: &mut *moved,
                        gradient: &*direction,
                        arrays: own,
                        range: start..start + theta.len(),
                        adjust: Adjust::nothing(),
                    };
                    link.update(t, 1.0, piece);
                    direction.iter_mut().zip(&*moved).for_each(|(u, &minus)| *u = -minus);
                }
                let eta: T = Real::from_f64(eta);
                for (x, &u) in theta.iter_mut().zip(&*direction) {
                    *x = adjust.keep * *x - eta * u;
                }
            }
        });
    }
}
