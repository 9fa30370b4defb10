package io.peregrine.rest;

import java.util.List;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/// The shape of a [Page] in the OpenAPI document, which has no generics.
public abstract class PageOf<T> {
    @Schema(required = true)
    public List<T> items;

    @Schema(
            required = true,
            nullable = true,
            description = "Value of ?cursor= for the next page; null on the last page")
    public String nextCursor;
}
