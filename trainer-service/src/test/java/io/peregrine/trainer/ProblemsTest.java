package io.peregrine.trainer;

import io.peregrine.testkit.LocalPlatform;
import io.peregrine.testkit.Problems;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "trainer"))
class ProblemsTest {
    @TestHTTPResource
    String service;

    @Test
    void everyErrorIsAProblemOfItsType() throws Exception {
        new Problems(service).check("""
            GET /api/v1/runs => 404 address-unknown
            POST /api/v1/runs/x/checkpoints Content-Type:application/json <{} => 405 method-not-allowed
            GET /api/v1/runs/x/checkpoints Accept:text/csv => 406 not-acceptable
            GET /api/v1/runs/x/checkpoints => 404 checkpoint-unknown
            GET /api/v1/runs/x/checkpoints/classifier/1 => 404 checkpoint-unknown
            GET /api/v1/runs/x/checkpoints/x/1 => 404 checkpoint-unknown
            GET /api/v1/runs/x/checkpoints/classifier/last => 404 address-unknown
            GET /api/v1/runs/x/checkpoints?network=classifier => 400 parameter-unknown
            GET /api/v1/runs/x/checkpoints/classifier/1?last=true => 400 parameter-unknown
            PUT /api/v1/runs/x/checkpoints/classifier/1 Content-Type:application/json <{} => 405 method-not-allowed
            GET /api/v1/runs/%00/checkpoints => 400 bad-value
            """);
    }
}
