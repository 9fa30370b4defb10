-- One name for one thing: an artifact, when a record was received, when an event was created.
alter table artefact rename to artifact;
alter table inbox rename column heard_at to received_at;
alter index inbox_heard_at rename to inbox_received_at;
alter table outbox rename column said_at to created_at;
