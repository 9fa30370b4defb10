/// Image formats: headers, checks and decoding.
package io.peregrine.ingest.format;
