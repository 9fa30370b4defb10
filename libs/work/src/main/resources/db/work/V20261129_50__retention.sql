-- What retention looks for, so that it neither reads a whole table nor waits for anybody.
create index job_settled on job (updated_at) where state in ('done', 'failed', 'cancelled');
create index outbox_sent on outbox (sent_at) where sent_at is not null and run is not null;
create index outbox_run on outbox (run);
-- A dataset-ready that was published over REST: it has no run yet, but its subject names it.
create index outbox_dataset_ready on outbox (subject) where run is null;
create index ended_run_ended_at on ended_run (ended_at) where deleted_at is null;
create index ended_run_deleted on ended_run (deleted_at) where deleted_at is not null;
create index quarantine_kept_at on quarantine (kept_at);

-- Tables from which rows are deleted all the time are vacuumed after 2 % of dead rows instead of 20 %: new rows take the
-- place of old ones, and the files stay as large as they are.
alter table inbox set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
alter table outbox set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
-- A heartbeat changes a row once a second: room in its page spares the indexes.
alter table job set (autovacuum_vacuum_scale_factor = 0.02, fillfactor = 80);
