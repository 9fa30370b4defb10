package io.peregrine.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.rest.problem.Problem;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.container.ResourceInfo;
import jakarta.ws.rs.core.MultivaluedHashMap;
import jakarta.ws.rs.core.UriInfo;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.List;
import org.jboss.resteasy.reactive.RestQuery;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OperationsTest {
    /// A resource.
    @Path("/api/v1/runs")
    public static final class Runs {
        @GET
        public void list(@QueryParam("state") String state, @RestQuery String dataset, @BeanParam PageRequest page) {}

        @DELETE
        @Path("/{run}")
        public void delete(@PathParam("run") String run) {}

        public void none(@QueryParam("ignored") String ignored) {}
    }

    /// Another resource with the same first segments.
    @Path("/api/v1/runs/{run}")
    public static final class Charts {
        @GET
        @Path("/charts/history.{format}")
        public void chart(@PathParam("format") String format, @RestQuery("by") String grouping) {}

        @POST
        @Path("cancel")
        public void cancel() {}
    }

    private final Operations operations = new Operations(List.of(Runs.class, Charts.class));

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/api/v1/runs | GET, HEAD, OPTIONS",
                "/api/v1/runs/ | GET, HEAD, OPTIONS",
                "/api/v1/runs/7 | DELETE, OPTIONS",
                "/api/v1/runs/7/cancel | OPTIONS, POST",
                "/api/v1/runs/7/charts/history.svg | GET, HEAD, OPTIONS",
                "/api/v1/runs/7/charts/historyXsvg | ''",
                "/api/v1/runs/7/8/cancel | ''",
                "/api/v1 | ''",
                "/nowhere | ''"
            })
    void aPathAllowsTheMethodsOfEveryResource(String path, String methods) {
        assertThat(String.join(", ", operations.allowedMethods(path))).isEqualTo(methods);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"list | cursor, dataset, limit, state", "chart | by", "cancel | ''", "delete | ''"})
    void anOperationDeclaresItsQueryParameters(String operation, String parameters) {
        assertThat(String.join(", ", operations.queryParameters(method(operation))))
                .isEqualTo(parameters);
    }

    @Test
    void declaredParametersPass() {
        filter("list", "state", "dataset", "limit", "cursor");
        filter("list");
        filter("cancel");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "list | stat | did you mean 'state'? Allowed: cursor, dataset, limit, state.",
                "list | LIMIT | did you mean 'limit'?",
                "list | datasets | did you mean 'dataset'?",
                "list | page | is not a query parameter of this operation. Allowed: cursor, dataset, limit, state.",
                "chart | limit | is not a query parameter of this operation. Allowed: by.",
                "cancel | force | which has none"
            })
    void anyOtherParameterIsRejectedWithASimilarName(String operation, String name, String message) {
        assertThatThrownBy(() -> filter(operation, name))
                .isInstanceOf(Problem.ProblemException.class)
                .hasMessageContaining("'" + name + "'")
                .hasMessageContaining(message);
    }

    private void filter(String operation, String... names) {
        MultivaluedHashMap<String, String> query = new MultivaluedHashMap<>();
        Arrays.stream(names).forEach(name -> query.add(name, "x"));
        UriInfo uri = (UriInfo) Proxy.newProxyInstance(
                UriInfo.class.getClassLoader(), new Class<?>[] {UriInfo.class}, (proxy, method, arguments) -> query);
        ResourceInfo resource = (ResourceInfo) Proxy.newProxyInstance(
                ResourceInfo.class.getClassLoader(),
                new Class<?>[] {ResourceInfo.class},
                (proxy, method, arguments) -> method(operation));
        new RestFilters(operations).rejectUnknownParameters(uri, resource);
    }

    private static Method method(String name) {
        return List.of(Runs.class, Charts.class).stream()
                .flatMap(type -> Arrays.stream(type.getDeclaredMethods()))
                .filter(method -> method.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
