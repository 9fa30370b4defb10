/// Decodes the images of a dataset into packs and seals the manifest.
package io.peregrine.ingest.pack;
