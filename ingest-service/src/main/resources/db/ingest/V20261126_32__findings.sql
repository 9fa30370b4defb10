-- When the dataset was sealed; null of a run that was sealed before there were findings.
alter table ingest_run add column sealed_at timestamptz;

-- What was found about a dataset when it was sealed: the first of each kind, as they are served ...
create table finding (
    run text not null references ingest_run (run) on delete cascade,
    ordinal int not null,
    kind text not null,
    finding text not null,
    primary key (run, ordinal)
);

-- ... and how many there are.
create table finding_total (
    run text not null references ingest_run (run) on delete cascade,
    kind text not null,
    total bigint not null,
    primary key (run, kind)
);

-- Difference hashes of a pack's pictures in the pack's order, 16 bytes each; the same in every run, and gone with the pack.
create table pack_hashes (
    uri text primary key references artefact (uri) on delete cascade,
    hashes bytea not null
);
