-- Who did what to runs, artifacts and quarantined records. It outlives the runs that it tells of.
create table audit (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    action text not null,
    run text,
    -- Who asked for it: a principal, an address, a producer.
    actor text not null,
    detail text not null
);
create index audit_run on audit (run, id) where run is not null;
create index audit_at on audit (at);

-- Who asked for an event, where somebody did; it travels in the header ce_authid.
alter table outbox add column actor text;
