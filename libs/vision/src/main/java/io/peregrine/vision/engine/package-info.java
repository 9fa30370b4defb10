/// The engine, PyTorch through DJL, and kernels beside it.
package io.peregrine.vision.engine;
