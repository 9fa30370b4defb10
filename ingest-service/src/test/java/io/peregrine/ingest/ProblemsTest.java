package io.peregrine.ingest;

import io.peregrine.testkit.LocalPlatform;
import io.peregrine.testkit.Problems;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "ingest"))
class ProblemsTest {
    @TestHTTPResource
    String service;

    @Test
    void everyInvalidRequestReturnsItsProblemType() throws Exception {
        new Problems(service).check("""
            GET /nowhere => 404 address-unknown
            GET /api/v1/paintings => 404 address-unknown
            GET /api/v1/datasets => 405 method-not-allowed
            DELETE /api/v1/datasets => 405 method-not-allowed
            POST /api/v1/datasets Content-Type:text/plain <dataset => 415 media-type-unknown
            POST /api/v1/datasets Content-Type:application/json Accept:text/csv <{} => 406 not-acceptable
            POST /api/v1/datasets Content-Type:application/json <{"dataset": => 400 bad-json
            POST /api/v1/datasets Content-Type:application/json <[] => 400 bad-json
            POST /api/v1/datasets Content-Type:application/json <{} => 422 bad-spec
            GET /api/v1/runs/x/images/y/original => 404 run-unknown
            GET /api/v1/runs/%00/images/y/original => 400 bad-value
            POST /api/v1/runs/x/images/y/original Content-Type:application/json <{} => 405 method-not-allowed
            GET /api/v1/runs/x/images/y/original?size=64 => 400 parameter-unknown
            GET /api/v1/datasets/x/findings?kinds=HIDDEN => 400 parameter-unknown
            POST /api/v1/datasets?dry-run=true Content-Type:application/json <{} => 400 parameter-unknown
            GET /api/v1/problems/x => 404 problem-unknown
            """);
    }
}
