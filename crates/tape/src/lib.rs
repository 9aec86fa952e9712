//! Wengert: records scalar and tensor operations and replays them backwards: reverse-mode automatic differentiation.
