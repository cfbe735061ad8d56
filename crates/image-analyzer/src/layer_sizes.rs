//! What [`read_layer_sizes`](crate::read_layer_sizes) tells of each image.

pub use crate::archive::layer_sizes::{ImageLayers, LayerFile, LayerSize};
