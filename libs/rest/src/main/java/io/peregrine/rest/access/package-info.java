/// Access control of the services' REST APIs.
///
/// [RequestGuard] checks every request before all other handlers: its host, and whether a web page of another
/// site sent it. [ApiKeyMechanism] authenticates the caller. [RolePolicy] checks the caller's role.
/// [Role#required] is the only place that defines which role an operation requires.
package io.peregrine.rest.access;
