//! Wengert: layers, initialisers and losses, built on the tape.
