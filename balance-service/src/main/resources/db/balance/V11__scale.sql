-- What a run's plan says, how far its searches are, and what came out.

alter table balance_run
    -- The run as its events name it, as JSON: where its specification lies.
    add run_ref text,
    -- Multiply-adds in a second that this machine's engine managed when the plan was made.
    add products_per_second double precision,
    -- References to the ordered shards, as JSON; null until they are written.
    add shards text,
    add balanced_at timestamptz;

alter table balance_class
    add dropped_pictures bigint not null default 0,
    -- SMOTE's k for this class; null where no neighbours are looked for.
    add neighbours int,
    add weight double precision,
    add duplicates bigint not null default 0,
    -- Jobs that share the search, and how many of them are done.
    add shares int not null default 0,
    add shares_done int not null default 0,
    -- Multiply-adds of the search.
    add products bigint not null default 0,
    add products_done bigint not null default 0,
    -- Working time of all its jobs together.
    add search_seconds double precision not null default 0;

-- The nearest pictures found so far, of one job's share of a class and the pictures of one tile row; gone with the draw.
create table balance_found (
    run text not null references balance_run (run) on delete cascade,
    label int not null,
    share int not null,
    tile int not null,
    found bytea not null,
    primary key (run, label, share, tile)
);
