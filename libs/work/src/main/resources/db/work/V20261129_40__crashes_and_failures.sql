-- A job that was interrupted often is not a job that fails. Both counts begin again with durable progress.

-- Claims that ended without a word: the lease ran out.
alter table job add column crashes int not null default 0;
-- Exceptions.
alter table job add column failures int not null default 0;
-- Since when it has waited for a resource that is away or full.
alter table job add column waits_since timestamptz;
alter table job drop column attempts;
