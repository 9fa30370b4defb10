-- What makes work durable: every service has these tables in its own schema.

create table inbox (
    source text not null,
    id text not null,
    type text not null,
    digest bytea not null,
    heard_at timestamptz not null default now(),
    primary key (source, id)
);
create index inbox_heard_at on inbox (heard_at);

create table job (
    id bigint generated always as identity primary key,
    run text not null,
    run_ref text not null,
    kind text not null,
    key text not null,
    payload text not null,
    cause text,
    state text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),
    -- Grows with every claim: who holds an old one is stale.
    fence bigint not null default 0,
    -- Claims since the last durable progress.
    attempts int not null default 0,
    -- Waits for a resource since the last claim that got further.
    waits int not null default 0,
    worker text,
    lease_until timestamptz,
    not_before timestamptz not null default now(),
    saved bytea,
    error text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (run, kind, key)
);
create index job_open on job (id) where state in ('queued', 'running');

create table outbox (
    seq bigint generated always as identity primary key,
    id text not null unique,
    run text,
    type text not null,
    terminal boolean not null,
    said_at timestamptz not null default now(),
    subject text,
    cause text,
    data bytea not null,
    sent_at timestamptz
);
create index outbox_unsent on outbox (seq) where sent_at is null;

create table quarantine (
    id bigint generated always as identity primary key,
    topic text not null,
    partition int not null,
    kafka_offset bigint not null,
    digest bytea not null,
    kind text not null,
    message text not null,
    bytes bytea,
    kept_at timestamptz not null default now(),
    unique (topic, partition, kafka_offset)
);

-- The first terminal event of each run, also of one that this service has not met otherwise.
create table ended_run (
    run text primary key,
    type text not null,
    ended_at timestamptz not null default now()
);
