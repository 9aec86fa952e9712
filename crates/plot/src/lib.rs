//! Wengert: pictures that show how learning works: curves, confusion matrices, image sheets.
