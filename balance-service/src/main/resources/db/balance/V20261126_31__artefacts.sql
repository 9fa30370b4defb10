-- What is published and not said: classes' recipes, and shards whose run ended before they were.
with told as materialized (
    select run, recipes::jsonb as ref from balance_class where recipes is not null
    union all
    select run, jsonb_array_elements(shards::jsonb) from balance_run where shards is not null
), kept as (
    insert into artefact (uri, bytes, published)
    select distinct on (ref ->> 'uri') ref ->> 'uri', (ref ->> 'bytes')::bigint, true from told
    on conflict do nothing
)
insert into needed (run, uri) select distinct run, ref ->> 'uri' from told
on conflict do nothing;
