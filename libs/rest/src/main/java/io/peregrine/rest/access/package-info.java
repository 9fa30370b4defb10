/// Who may ask a service for what.
///
/// [RequestGuard] looks at every request before anything else does: by which name it asks, and whether a web page
/// of another site sent it. [ApiKeyMechanism] says who asks, [RolePolicy] whether that role suffices;
/// [Role#required] is the one place that says which role an operation needs.
package io.peregrine.rest.access;
