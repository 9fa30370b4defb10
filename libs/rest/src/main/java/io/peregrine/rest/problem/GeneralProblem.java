package io.peregrine.rest.problem;

/// Problems that every service may answer.
public enum GeneralProblem implements ProblemKind {
    BAD_BODY(400, "Bad body", "Send a JSON object as documented, or no body if none is needed."),
    BAD_VALUE(400, "Bad value", "Correct the value in the URL: it is not a valid string or number."),
    BAD_REQUEST(400, "Bad request", "Send a request line, headers and a URL that are valid HTTP, percent-encoded."),
    PARAMETER_UNKNOWN(400, "Unknown query parameter", "Correct the name or omit it; /q/openapi lists all parameters."),
    BAD_LIMIT(400, "Bad limit", "Set ?limit= to a whole number within the range, or omit it."),
    BAD_CURSOR(400, "Bad cursor", "Use 'nextCursor' of the previous page unchanged, at the same URL."),
    BAD_HOST(400, "Bad Host header", "Send exactly one Host header, with the name and the port of this service."),
    HOST_NOT_ALLOWED(
            421,
            "Host not allowed",
            "Use one of the allowed names, or add this one to peregrine.http.allowed-hosts (PEREGRINE_HTTP_ALLOWED_HOSTS)."),
    KEY_REQUIRED(
            401,
            "A key is required",
            "Send 'Authorization: Bearer KEY' with a key of peregrine.http.keys-file or a token of the identity provider."),
    ROLE_REQUIRED(403, "Insufficient role", "Use a key or a token that has the required role."),
    CROSS_SITE_REQUEST(
            403,
            "Request from another site",
            "Use ./peregrine or curl: only pages of this service may send requests that change data."),
    ADDRESS_UNKNOWN(404, "Not Found", "/q/openapi lists every URL with its methods and media types."),
    METHOD_NOT_ALLOWED(405, "Method Not Allowed", "/q/openapi lists the methods of every URL."),
    NOT_ACCEPTABLE(406, "Not Acceptable", "Omit the header Accept, or request a media type that /q/openapi lists."),
    PRECONDITION_FAILED(412, "Precondition failed", "Omit If-Match, or get the content again and use its ETag."),
    TOO_LARGE(413, "The body is too large", "The maximum size of a body is 64 KiB."),
    MEDIA_TYPE_UNKNOWN(415, "Unsupported Media Type", "Send a Content-Type that /q/openapi lists."),
    URL_TOO_LONG(414, "The URL is too long", "The request line has at most 4,096 bytes."),
    RANGE_NOT_SATISFIABLE(
            416,
            "The range is not in the file",
            "Request a range within the length that Content-Range states, or omit the header Range."),
    HEADERS_TOO_LARGE(431, "The headers are too large", "All headers together have at most 20 KiB."),
    DRAWING_TOO_LARGE(
            422,
            "The drawing is too large",
            "Request fewer or smaller images; peregrine.drawing.memory sets the limit."),
    BUSY(429, "Too many expensive requests at the same time", "Try again after the seconds that Retry-After states."),
    PROBLEM_UNKNOWN(404, "No such kind of problem", "GET /api/v1/problems lists all kinds."),
    ARTIFACT_GONE(
            410,
            "The artifact is no longer available",
            "It was pruned from the store or is damaged; publish the dataset again."),
    PRUNE_IN_PROGRESS(409, "Another pruning is running", "Wait until it ends; it deletes the same artifacts."),
    QUARANTINED_UNKNOWN(
            404,
            "No such record in quarantine",
            "GET /api/v1/quarantine of this service lists all quarantined records."),
    REPLAY_REFUSED(
            409,
            "The record was rejected again",
            "It stays in quarantine. Fix the reported cause and replay it again, or purge it."),
    STORE_UNAVAILABLE(503, "The store is unavailable", "Retry in a few seconds; it is safe to send the request again."),
    DATABASE_UNAVAILABLE(503, "The database is unavailable", "Retry in a few seconds; nothing was changed."),
    INTERNAL(500, "Internal error", "Look for the time of this response in the service's log.");

    private final Meaning meaning;

    GeneralProblem(int status, String title, String remedy) {
        this.meaning = new Meaning(status, title, remedy);
    }

    @Override
    public Meaning meaning() {
        return meaning;
    }
}
