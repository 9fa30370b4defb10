-- Files of packs whose job was lost, while they are decoded one by one: if the process dies, it was this one.
create table suspect (
    run text not null references ingest_run (run) on delete cascade,
    pack int not null,
    place int not null,
    -- Of processes that died while they decoded it.
    deaths int not null default 0,
    -- Of the claim that decodes it now; null: nobody does.
    fence bigint,
    primary key (run, pack, place)
);
