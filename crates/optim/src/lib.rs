//! Wengert: optimizers, learning-rate schedules and clipping: they consume the gradient map.
