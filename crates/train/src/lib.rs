//! Wengert: data sets, mini-batches, the training loop, checkpoints and logs.
