/// Beans, configuration, health checks and metrics that run `libs/work` inside a Quarkus service.
package io.peregrine.work.quarkus;
