-- Whose turn it is: a row for each run that this service has had work of and that has not ended.
create table run_turn (
    run text primary key,
    -- Order of arrival.
    place bigint generated always as identity,
    priority int not null default 0,
    -- Seconds of work that the run has received, on the scale of the runs that were at work when it came.
    served double precision not null default 0,
    -- When it was last served; since when it waits, if it waits.
    since timestamptz not null default now(),
    -- How often and when it was told what the run waits for.
    told bigint not null default 0,
    told_at timestamptz
);
insert into run_turn (run)
    select run from job where state in ('queued', 'running')
        and not exists (select 1 from ended_run where ended_run.run = job.run)
    group by run order by min(id);

drop index job_open;
create index job_open on job (run, id) where state in ('queued', 'running');

-- Where the files lie that a job goes on from which gave way to another run; null: it can go on anywhere.
alter table job add column home text;
