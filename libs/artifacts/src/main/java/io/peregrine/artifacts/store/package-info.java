/// The store of artifacts: a folder or a bucket.
package io.peregrine.artifacts.store;
