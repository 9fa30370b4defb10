/// From a dataset's folder to pixel packs: list, check, decode, resize. Independent of frameworks and Kafka.
///
/// Classes in the order in which an image passes through them: `AllowedRoots`, `DatasetFolder`, `Splits`,
/// `Listing`, `PackMaker`, `ImageFile`, `Header`, `ImageDecoder`, `SquareFit`, `Resize`.
package io.peregrine.ingest.pack;
