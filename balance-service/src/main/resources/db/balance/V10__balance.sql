-- What the balance service knows of its runs.

-- A planned run. Its row is locked when a class ends, so that of several classes that end together one is the last.
create table balance_run (
    run text primary key,
    -- References to the manifest's two files, as JSON.
    manifest text not null,
    planned_at timestamptz not null default now()
);

create table balance_class (
    run text not null references balance_run (run) on delete cascade,
    label int not null,
    name text not null,
    real_pictures bigint not null,
    synthetic_pictures bigint not null,
    -- Reference to the class's recipes, as JSON; null until they are drawn and where there are none.
    recipes text,
    tied_rows bigint not null default 0,
    primary key (run, label)
);
