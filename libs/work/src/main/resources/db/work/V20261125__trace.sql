-- Whose trace a job or an event belongs to: a W3C traceparent, or null where nothing is traced.
alter table job add column traceparent text;
alter table outbox add column traceparent text;
