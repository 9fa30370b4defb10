/// Networks, their tensors and batches of images.
package io.peregrine.vision.nn;
