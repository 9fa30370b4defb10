/// Warnings about a dataset, such as duplicates of an image.
package io.peregrine.ingest.findings;
