package io.peregrine.rest;

/// What can go wrong with a request to any service.
public enum GeneralProblem implements ProblemKind {
    BAD_BODY(400, "Bad body", "Send a JSON object with what is documented, or no body where none is needed."),
    BAD_VALUE(400, "Bad value", "A part of the address holds what no text or number of ours can be; correct it."),
    BAD_LIMIT(400, "Bad limit", "Say a whole number within the range, or leave ?limit= out."),
    BAD_CURSOR(400, "Bad cursor", "Use 'nextCursor' of the page before as it is, at the same address."),
    ADDRESS_UNKNOWN(404, "Not Found", "/q/openapi lists every address with its methods and media types."),
    METHOD_NOT_ALLOWED(405, "Method Not Allowed", "/q/openapi lists the methods of every address."),
    NOT_ACCEPTABLE(406, "Not Acceptable", "Leave the header Accept out, or ask for what /q/openapi says is answered."),
    TOO_LARGE(413, "The body is too large", "Nothing that this service takes has more than 64 KiB."),
    MEDIA_TYPE_UNKNOWN(415, "Unsupported Media Type", "Send a Content-Type that /q/openapi says is taken."),
    DRAWING_TOO_LARGE(
            422,
            "The drawing is too large",
            "Ask for fewer or smaller images; peregrine.drawing.memory sets the limit."),
    BUSY(429, "Too many costly requests at the same time", "Try again after the seconds that Retry-After states."),
    PROBLEM_UNKNOWN(404, "No such kind of problem", "Ask GET /api/v1/problems."),
    ARTEFACT_GONE(410, "The artefact is gone", "It was pruned from the store or is damaged; publish the dataset again."),
    PRUNING_GOES_ON(409, "Another pruning is at work", "Wait for its end; it deletes the same."),
    STORE_AWAY(503, "The store is away", "Try again in some seconds; what was not done yet can be asked for again."),
    DATABASE_AWAY(503, "The database is away", "Try again in some seconds; nothing was changed."),
    INTERNAL(500, "A bug of ours", "Look for the time of this answer in the service's log.");

    private final Meaning meaning;

    GeneralProblem(int status, String title, String cure) {
        this.meaning = new Meaning(status, title, cure);
    }

    @Override
    public Meaning meaning() {
        return meaning;
    }
}
