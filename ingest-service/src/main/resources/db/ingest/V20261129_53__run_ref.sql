-- The run as its events name it, as JSON: where its specification lies. The job that had it goes after some days.
alter table ingest_run add column run_ref text;
update ingest_run set run_ref = job.run_ref from job where job.run = ingest_run.run and job.kind = 'list';
