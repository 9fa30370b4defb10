package io.peregrine.cluster;

import io.peregrine.testkit.LocalPlatform;
import io.peregrine.testkit.Problems;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "cluster"))
class ProblemsTest {
    @TestHTTPResource
    String service;

    @Test
    void everyErrorIsAProblemOfItsType() throws Exception {
        new Problems(service).check("""
            GET /nowhere => 404 address-unknown
            GET /api/v1/paintings => 404 address-unknown
            GET /api/v1/runs/x/y/z => 404 address-unknown
            DELETE /api/v1/problems => 405 method-not-allowed
            POST /api/v1/quarantine Content-Type:application/json <{} => 405 method-not-allowed
            GET /api/v1/runs Accept:text/csv => 406 not-acceptable
            GET /api/v1/runs/x/charts/history.svg Accept:video/mp4 => 406 not-acceptable
            GET /api/v1/runs?limit=0 => 400 bad-limit
            GET /api/v1/runs?limit=99999999999999999999 => 400 bad-limit
            GET /api/v1/runs?limit=-1 => 400 bad-limit
            GET /api/v1/runs?cursor=*** => 400 bad-cursor
            GET /api/v1/runs?state=lost => 400 bad-filter
            GET /api/v1/runs/%00 => 400 bad-value
            GET /api/v1/runs/x => 404 run-unknown
            GET /api/v1/runs/x/timeline => 404 run-unknown
            GET /api/v1/runs/x/clusters => 404 run-unknown
            GET /api/v1/runs/x/clusters/0 => 404 run-unknown
            GET /api/v1/runs/x/clusters/0/members => 404 run-unknown
            GET /api/v1/runs/x/projection => 404 run-unknown
            GET /api/v1/runs/x/images => 404 run-unknown
            GET /api/v1/runs/x/images/y => 404 run-unknown
            GET /api/v1/runs/x/images/y/pixels => 404 run-unknown
            GET /api/v1/runs/x/images/y/reconstruction => 404 run-unknown
            GET /api/v1/runs/x/images/y/original => 404 run-unknown
            GET /api/v1/runs/x/refused => 404 run-unknown
            GET /api/v1/runs/x/charts/history.svg => 404 run-unknown
            GET /api/v1/runs/x/charts/confusion.png => 404 run-unknown
            GET /api/v1/runs/x/charts/clusters.png => 404 run-unknown
            GET /api/v1/runs/x/charts/clusters.gif => 404 chart-format-unknown
            GET /api/v1/runs/x/charts/clusters.svg?by=y => 400 bad-filter
            POST /api/v1/runs/x/cancel => 404 run-unknown
            POST /api/v1/runs/x/cancel Content-Type:application/json <{ => 400 bad-body
            POST /api/v1/runs/x/cancel Content-Type:application/json <[] => 400 bad-body
            GET /api/v1/quarantine?limit=x => 400 bad-limit
            GET /api/v1/quarantine?cursor=*** => 400 bad-cursor
            GET /api/v1/artifacts/check?cursor=*** => 400 bad-cursor
            GET /api/v1/artifacts/check?cursor=store:../../../etc/passwd => 400 bad-cursor
            GET /api/v1/runs?page=2 => 400 parameter-unknown
            DELETE /api/v1/quarantine?al=true => 400 parameter-unknown
            GET /api/v1/problems/x => 404 problem-unknown
            """);
    }
}
