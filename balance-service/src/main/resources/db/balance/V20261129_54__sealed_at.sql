-- When it was received that the run's packs are complete. The job that tells goes after some days.
alter table balance_run add column sealed_at timestamptz;
update balance_run set sealed_at = coalesce(
    (select created_at from job where job.run = balance_run.run and job.kind = 'plan'), planned_at);
