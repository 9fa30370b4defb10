-- What a run waits for, as a stage told last.
create table queued (
    run text not null,
    stage text not null,
    position int not null,
    behind text[] not null,
    seconds double precision not null,
    -- What is away or full; null where it waits for a worker.
    resource text,
    time timestamptz not null,
    primary key (run, stage)
);
