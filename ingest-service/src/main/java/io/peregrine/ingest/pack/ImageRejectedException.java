package io.peregrine.ingest.pack;

/// A listed file is no image that we can use: its reason, and one sentence for a person. The rest goes on.
@SuppressWarnings("serial")
public final class ImageRejectedException extends Exception {
    /// What an `image.rejected` carries as its reason.
    public enum Reason {
        /// The content is none of the formats that we know, whatever the name says.
        NOT_A_IMAGE,
        /// The file ends before its pixels do.
        IMAGE_TRUNCATED,
        /// The content contradicts its own format.
        IMAGE_CORRUPT,
        /// More pixels or bytes than this service is set to take.
        IMAGE_TOO_LARGE,
        /// An image, but in a format or variant that we do not read.
        IMAGE_UNSUPPORTED,
        /// This service died twice while it decoded the file: a native decoder's fault, which no exception
        /// reports.
        DECODER_CRASH,
        /// The file system does not let us read it.
        IMAGE_UNREADABLE,
        /// Its bytes are not those that were listed.
        IMAGE_CHANGED,
        /// A link that leads out of the configured roots; never opened.
        LINK_OUTSIDE_ROOTS,
        /// A pipe, socket, device or folder by an image's name; never opened.
        NOT_A_FILE;

        /// @return whether the bytes alone decide, so that the same bytes will be refused again
        public boolean isDeterministic() {
            return compareTo(IMAGE_UNREADABLE) < 0;
        }
    }

    private final Reason reason;

    public ImageRejectedException(Reason reason, String detail) {
        super(detail);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }

    static ImageRejectedException corrupt(String detail) {
        return new ImageRejectedException(Reason.IMAGE_CORRUPT, detail);
    }

    static ImageRejectedException truncated(String detail) {
        return new ImageRejectedException(Reason.IMAGE_TRUNCATED, detail);
    }

    static ImageRejectedException unsupported(String detail) {
        return new ImageRejectedException(Reason.IMAGE_UNSUPPORTED, detail);
    }
}
