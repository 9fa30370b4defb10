package io.peregrine.ingest.image;

/// A listed file cannot be used as an image: the reason and a sentence for readers. The run continues without it.
@SuppressWarnings("serial")
public final class ImageRejectedException extends Exception {
    /// The reason in `image.rejected`.
    public enum Reason {
        /// The content is not a known image format, regardless of the file name.
        NOT_AN_IMAGE,
        /// The file ends before its pixels do.
        IMAGE_TRUNCATED,
        /// The content contradicts its own format.
        IMAGE_CORRUPT,
        /// More pixels or bytes than the configured limit.
        IMAGE_TOO_LARGE,
        /// A known image format, but a format or variant that is not supported.
        IMAGE_UNSUPPORTED,
        /// The service crashed twice while decoding the file. This is a fault in a native decoder, which cannot
        /// be caught as an exception.
        DECODER_CRASH,
        /// The file system denies reading.
        IMAGE_UNREADABLE,
        /// The bytes differ from those that were listed.
        IMAGE_CHANGED,
        /// A link that leads out of the configured roots; it is never opened.
        LINK_OUTSIDE_ROOTS,
        /// A pipe, socket, device or folder with the name of an image; it is never opened.
        NOT_A_FILE;

        /// @return whether the reason depends only on the bytes, so that the same bytes will be rejected again
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

    public static ImageRejectedException corrupt(String detail) {
        return new ImageRejectedException(Reason.IMAGE_CORRUPT, detail);
    }

    public static ImageRejectedException truncated(String detail) {
        return new ImageRejectedException(Reason.IMAGE_TRUNCATED, detail);
    }

    public static ImageRejectedException unsupported(String detail) {
        return new ImageRejectedException(Reason.IMAGE_UNSUPPORTED, detail);
    }
}
