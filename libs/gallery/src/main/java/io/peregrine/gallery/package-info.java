/// Paints the demo's dataset.
package io.peregrine.gallery;
