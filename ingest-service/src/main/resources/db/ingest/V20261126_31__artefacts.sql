-- What is published and not said, or said in other words: listings, and packs without a picture.
with told as materialized (
    select run, listing::json as ref from ingest_run where listing is not null
    union all
    select run, pixels::json from made_pack
    union all
    select null, pixels::json from decoded_pack
), kept as (
    insert into artefact (uri, bytes, published)
    select distinct on (ref ->> 'uri') ref ->> 'uri', (ref ->> 'bytes')::bigint, true from told
    on conflict do nothing
)
insert into needed (run, uri) select distinct run, ref ->> 'uri' from told where run is not null
on conflict do nothing;

-- That a pack can be reused ends in the transaction that condemns it, before its file is deleted.
alter table decoded_pack add column uri text references artefact (uri) on delete cascade;
update decoded_pack set uri = pixels::json ->> 'uri';
alter table decoded_pack alter column uri set not null;
create index decoded_pack_uri on decoded_pack (uri);
