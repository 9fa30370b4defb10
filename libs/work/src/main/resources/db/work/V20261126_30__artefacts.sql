-- Who needs what of the artefacts that this service publishes. An artefact is noted here before its file gets its name: a
-- file that no run is noted for is needed by nobody.

create table artefact (
    uri text primary key,
    bytes bigint not null,
    -- Whether it was seen to lie in the store; until then that its file is missing is no fault.
    published boolean not null default false
);

create table needed (
    run text not null,
    uri text not null references artefact (uri),
    primary key (run, uri)
);
create index needed_uri on needed (uri);

-- Names whose files are being deleted: nobody takes them up until they are gone.
create table condemned (
    uri text primary key
);

-- A deleted run keeps this row for good: nothing that is heard of it later counts.
alter table ended_run add column deleted_at timestamptz;

-- What runs before this table have published: whatever this service's own events of them point to.
with told as materialized (
    select distinct outbox.run, ref ->> 'uri' as uri, (ref ->> 'bytes')::bigint as bytes
    from outbox,
        -- A zero character, which a user's text may have, is more than jsonb can hold.
        jsonb_path_query(replace(convert_from(data, 'UTF8'), '\u0000', '')::jsonb,
            'strict $.** ? (exists (@.uri) && exists (@.sha256) && exists (@.bytes))') as ref
    where outbox.run is not null and ref ->> 'uri' ~ ('^store:(' || replace('${kinds}', ',', '|') || ')/')
), kept as (
    insert into artefact (uri, bytes, published) select distinct on (uri) uri, bytes, true from told
)
insert into needed (run, uri) select run, uri from told;
