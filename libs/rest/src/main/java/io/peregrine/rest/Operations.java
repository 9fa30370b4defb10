package io.peregrine.rest;

import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.spi.Bean;
import jakarta.enterprise.inject.spi.BeanManager;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.QueryParam;
import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jboss.resteasy.reactive.RestQuery;

/// The REST operations of this service, read from the annotations of its resource classes.
@Singleton
public final class Operations {
    /// A variable of a path, such as `{run}`.
    private static final Pattern VARIABLE = Pattern.compile("\\{[^}]*}");

    private record Operation(String method, Pattern path) {}

    private final List<Operation> all;
    private final ConcurrentMap<Method, Set<String>> parameters = new ConcurrentHashMap<>();

    @Inject
    Operations(BeanManager beans) {
        this(beans.getBeans(Object.class, Any.Literal.INSTANCE).stream()
                .map(Bean::getBeanClass)
                .filter(type -> type.isAnnotationPresent(Path.class))
                .distinct()
                .toList());
    }

    /// @param resources classes with the annotation [Path]
    Operations(Collection<? extends Class<?>> resources) {
        this.all = resources.stream().flatMap(Operations::of).toList();
    }

    private static Stream<Operation> of(Class<?> resource) {
        return Arrays.stream(resource.getMethods())
                .flatMap(method ->
                        httpMethod(method).stream().map(name -> new Operation(name, path(resource, method))));
    }

    private static Optional<String> httpMethod(Method method) {
        return Arrays.stream(method.getAnnotations())
                .map(one -> one.annotationType().getAnnotation(HttpMethod.class))
                .filter(one -> one != null)
                .map(HttpMethod::value)
                .findFirst();
    }

    private static Pattern path(Class<?> resource, Method method) {
        StringBuilder pattern = new StringBuilder();
        for (AnnotatedElement element : List.of(resource, method)) {
            Path path = element.getAnnotation(Path.class);
            String segments = path == null ? "" : path.value().replaceAll("^/|/$", "");
            if (!segments.isEmpty()) {
                pattern.append('/').append(pattern(segments));
            }
        }
        return Pattern.compile(pattern + "/?");
    }

    private static String pattern(String template) {
        StringBuilder pattern = new StringBuilder();
        Matcher variable = VARIABLE.matcher(template);
        int at = 0;
        while (variable.find()) {
            pattern.append(Pattern.quote(template.substring(at, variable.start())))
                    .append("[^/]+");
            at = variable.end();
        }
        return pattern.append(Pattern.quote(template.substring(at))).toString();
    }

    /// @param path path of a request
    /// @return the methods that the path allows, sorted; empty if no operation has this path
    Set<String> allowedMethods(String path) {
        Set<String> allowed = new TreeSet<>();
        for (Operation operation : all) {
            if (operation.path().matcher(path).matches()) {
                allowed.add(operation.method());
            }
        }
        if (allowed.contains(HttpMethod.GET)) {
            allowed.add(HttpMethod.HEAD);
        }
        if (!allowed.isEmpty()) {
            allowed.add(HttpMethod.OPTIONS);
        }
        return allowed;
    }

    /// @param operation method of a resource class
    /// @return names of the query parameters that it declares, sorted
    Set<String> queryParameters(Method operation) {
        return parameters.computeIfAbsent(operation, method -> {
            Set<String> names = new TreeSet<>();
            for (Parameter parameter : method.getParameters()) {
                add(names, parameter, parameter.getName(), parameter.getType());
            }
            return Collections.unmodifiableSet(names);
        });
    }

    private static void add(Set<String> names, AnnotatedElement declared, String name, Class<?> type) {
        for (Annotation annotation : declared.getAnnotations()) {
            switch (annotation) {
                case QueryParam query -> names.add(query.value());
                case RestQuery query -> names.add(query.value().isEmpty() ? name : query.value());
                case BeanParam bean -> addAll(names, type);
                default -> {
                    // Not a query parameter.
                }
            }
        }
    }

    private static void addAll(Set<String> names, Class<?> bean) {
        for (Class<?> at = bean; at != null && at != Object.class; at = at.getSuperclass()) {
            for (Field field : at.getDeclaredFields()) {
                add(names, field, field.getName(), field.getType());
            }
            for (Constructor<?> constructor : at.getDeclaredConstructors()) {
                for (Parameter parameter : constructor.getParameters()) {
                    add(names, parameter, parameter.getName(), parameter.getType());
                }
            }
        }
    }
}
