/// A dataset's folder to pixel packs: list, check, decode, resize. No framework, no Kafka.
///
/// In the order in which a picture passes: `Roots`, `DatasetFolder`, `Splits`, `Listing`, `PackMaker`, `PictureFile`,
/// `Header`, `PictureDecoder`, `Square`, `Resize`.
package io.peregrine.ingest.pack;
