/// A dataset's folder to pixel packs: list, check, decode, resize. No framework, no Kafka.
///
/// In the order in which an image passes: `AllowedRoots`, `DatasetFolder`, `Splits`, `Listing`, `PackMaker`,
/// `ImageFile`, `Header`, `ImageDecoder`, `SquareFit`, `Resize`.
package io.peregrine.ingest.pack;
