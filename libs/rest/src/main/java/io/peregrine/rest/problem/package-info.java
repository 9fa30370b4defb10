/// Problem details (RFC 9457): kinds, answers and their entries in OpenAPI.
package io.peregrine.rest.problem;
