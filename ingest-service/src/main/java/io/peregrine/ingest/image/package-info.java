/// What all image formats share: pixels, orientation, resizing, and the reasons why an image is refused.
package io.peregrine.ingest.image;
