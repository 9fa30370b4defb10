package io.peregrine.rest;

/// What can go wrong with a request to any service.
public enum GeneralProblem implements ProblemKind {
    BAD_BODY(400, "Bad body", "Send a JSON object with what is documented, or no body where none is needed."),
    BAD_VALUE(400, "Bad value", "A part of the address holds what no text or number of ours can be; correct it."),
    BAD_LIMIT(400, "Bad limit", "Say a whole number within the range, or leave ?limit= out."),
    BAD_CURSOR(400, "Bad cursor", "Use 'nextCursor' of the page before as it is, at the same address."),
    BAD_HOST(400, "Bad Host header", "Send exactly one Host header, with the name and the port of this service."),
    HOST_NOT_ALLOWED(
            421,
            "Host not allowed",
            "Use one of the allowed names, or add this one to peregrine.http.allowed-hosts (PEREGRINE_HTTP_ALLOWED_HOSTS)."),
    KEY_REQUIRED(
            401,
            "A key is required",
            "Send 'Authorization: Bearer KEY' with a key of peregrine.http.keys-file or a token of the identity provider."),
    ROLE_REQUIRED(403, "The role does not suffice", "Use a key or a token that has the role."),
    CROSS_SITE_REQUEST(
            403,
            "Request from another site",
            "Only pages of this service may change something here; use ./peregrine or curl, which send no such header."),
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
    ARTIFACT_GONE(
            410, "The artifact is gone", "It was pruned from the store or is damaged; publish the dataset again."),
    PRUNING_GOES_ON(409, "Another pruning is at work", "Wait for its end; it deletes the same."),
    QUARANTINED_UNKNOWN(
            404,
            "No such record in quarantine",
            "Ask GET /api/v1/quarantine of this service for those that there are."),
    REPLAY_REFUSED(
            409,
            "The record was refused again",
            "It stays in quarantine. Mend what the reason names and replay it again, or purge it."),
    STORE_AWAY(503, "The store is away", "Try again in some seconds; what was not done yet can be asked for again."),
    DATABASE_AWAY(503, "The database is away", "Try again in some seconds; nothing was changed."),
    INTERNAL(500, "A bug of ours", "Look for the time of this answer in the service's log.");

    private final Meaning meaning;

    GeneralProblem(int status, String title, String remedy) {
        this.meaning = new Meaning(status, title, remedy);
    }

    @Override
    public Meaning meaning() {
        return meaning;
    }
}
