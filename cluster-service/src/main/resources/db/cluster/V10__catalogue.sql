-- The catalogue: what is known of every run. Events fill it in whatever order they come; later ones never take back
-- what earlier ones said, and the first terminal event is the state that stays.

create table run (
    id        text primary key,
    dataset   text        not null,
    created   timestamptz not null,
    requested jsonb,                       -- the dataset-ready's data, as the user said it
    spec      jsonb,                       -- reference to run.json
    manifest  jsonb,                       -- references to the manifest's two files
    pictures  bigint,
    refused   bigint,
    duplicates_across_splits bigint,
    state     text        not null default 'running'
              check (state in ('running', 'completed', 'failed', 'cancelled')),
    ended     timestamptz,
    failure   jsonb,                       -- stage, kind, reason, detail, errors
    cancelled text                         -- the reason that was given
);
create index run_newest on run (created desc, id desc);

create table timeline (
    run    text        not null references run,
    place  bigint generated always as identity,
    source text        not null,
    id     text        not null,
    type   text        not null,
    time   timestamptz not null,
    text   text        not null,
    primary key (run, source, id)
);
create index timeline_in_order on timeline (run, time, place);

create table progress (
    run      text        not null references run,
    stage    text        not null,
    task     text        not null,
    done     bigint      not null,
    total    bigint      not null,
    unit     text,
    measures jsonb       not null,
    time     timestamptz not null,
    primary key (run, stage, task)
);

create table class (
    run        text not null references run,
    label      text not null,
    place      int  not null,              -- index of the class, in label order
    train      bigint,
    test       bigint,
    validation bigint,
    synthetic  bigint,
    tied_rows  bigint,
    primary key (run, label)
);

create table pack (
    run    text not null references run,
    number int  not null,
    pixels jsonb not null,
    encoded boolean,                       -- null: not planned for encoding yet
    primary key (run, number)
);

create table image (
    run      text   not null references run,
    image_id text   not null,
    row      bigint not null,
    label    text   not null,
    split    text   not null,
    source   text   not null,
    sha256   text,
    pack     int,
    index    int,
    reason   text,                         -- why it was refused, or null
    detail   text,
    primary key (run, image_id)
);
create unique index image_row on image (run, row);
create index image_refused on image (run, row) where reason is not null;

create table checkpoint (
    run      text        not null references run,
    network  text        not null,
    epoch    int         not null,
    epochs   int         not null,
    best     boolean     not null,
    last     boolean     not null,
    weights  jsonb       not null,
    measures jsonb       not null,
    test     jsonb,
    time     timestamptz not null,
    primary key (run, network, epoch)
);

create table latent (
    run    text   not null references run,
    row    bigint not null,
    latent real[] not null,
    primary key (run, row)
);

create table clustering (
    run        text primary key references run,
    clusters   jsonb            not null,  -- reference to the artefact
    latents    jsonb            not null,
    k          int              not null,
    iterations int              not null,
    inertia    double precision not null,
    measures   jsonb            not null,
    time       timestamptz      not null default now()
);

create table cluster (
    run    text             not null references run,
    index  int              not null,
    name   text             not null,
    size   bigint           not null,
    purity double precision not null,
    classes jsonb           not null,      -- class to number of pictures, without zeros
    primary key (run, index)
);

create table point (
    run      text   not null references run,
    row      bigint not null,
    cluster  int    not null,
    distance double precision not null,    -- to the cluster's centre
    x        real   not null,
    y        real   not null,
    z        real   not null,
    primary key (run, row)
);
create index point_member on point (run, cluster, distance, row);
