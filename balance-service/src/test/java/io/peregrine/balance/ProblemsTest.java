package io.peregrine.balance;

import io.peregrine.testkit.LocalPlatform;
import io.peregrine.testkit.Problems;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "balance"))
class ProblemsTest {
    @TestHTTPResource
    String service;

    @Test
    void everyInvalidRequestReturnsItsProblemType() throws Exception {
        new Problems(service).check("""
            GET /nowhere => 404 address-unknown
            GET /api/v1/runs => 404 address-unknown
            POST /api/v1/runs/x/balance Content-Type:application/json <{} => 405 method-not-allowed
            DELETE /api/v1/runs/x/samples => 405 method-not-allowed
            GET /api/v1/runs/x/balance Accept:text/csv => 406 not-acceptable
            GET /api/v1/runs/x/samples/sheet Accept:text/csv => 406 not-acceptable
            GET /api/v1/runs/x/balance => 404 run-unknown
            GET /api/v1/runs/x/samples => 404 run-unknown
            GET /api/v1/runs/x/samples/0 => 404 run-unknown
            GET /api/v1/runs/x/samples/0/image => 404 run-unknown
            GET /api/v1/runs/x/samples/0/nearest-other-class => 404 run-unknown
            GET /api/v1/runs/x/samples/sheet => 404 run-unknown
            GET /api/v1/runs/%00/balance => 400 bad-value
            GET /api/v1/runs/x/balance?limit=1 => 400 parameter-unknown
            GET /api/v1/runs/x/samples?class=Rococo => 400 parameter-unknown
            GET /api/v1/problems/x => 404 problem-unknown
            """);
    }
}
