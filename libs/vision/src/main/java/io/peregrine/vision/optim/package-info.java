/// Training steps: gradients, Adam and its schedule.
package io.peregrine.vision.optim;
