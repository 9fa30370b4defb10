-- Neighbours that whole searches have found. A class's depend on its pictures and k alone: runs of one manifest share them,
-- whatever else they ask for. They stay while such a run does.

create table balance_neighbours (
    -- As balance_run has it.
    manifest text not null,
    label int not null,
    k int not null,
    -- [n, k] numbers of 4 bytes, the highest first: places in the class, nearest first.
    nearest bytea not null,
    tied_rows bigint not null,
    duplicates bigint not null,
    primary key (manifest, label, k)
);
create index balance_run_manifest on balance_run (manifest);
