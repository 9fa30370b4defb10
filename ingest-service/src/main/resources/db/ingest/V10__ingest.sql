-- What the ingest service knows of its runs.

create table ingest_run (
    run text primary key,
    dataset text not null,
    -- Reference to the listing, once every file is listed and hashed.
    listing text,
    packs int,
    rows_listed int,
    packs_made int not null default 0,
    rows_done int not null default 0,
    accepted_at timestamptz not null default now()
);

-- A run's packs by number, with what was refused in them: the manifest is made of these.
create table made_pack (
    run text not null references ingest_run (run) on delete cascade,
    number int not null,
    pixels text not null,
    refusals text not null,
    primary key (run, number)
);

-- Packs by what they were made of and how: decoded once for all later runs.
create table decoded_pack (
    decode_key text primary key,
    pixels text not null,
    refusals text not null,
    made_at timestamptz not null default now()
);
