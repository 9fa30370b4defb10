/// Exact nearest neighbours of images by the Gram matrix of their pixels, tile by tile.
package io.peregrine.balance.neighbours;
