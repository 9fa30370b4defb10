/// The files of a dataset in row order: folders, metadata, splits and classes.
package io.peregrine.ingest.dataset;
