-- The checkpoints that were said, also those whose files are gone: who asks for one of these is told so.
create table checkpoint (
    run text not null,
    network text not null,
    epoch int not null,
    best boolean not null,
    last boolean not null,
    uri text not null,
    sha256 text not null,
    bytes bigint not null,
    -- Whether it is the best or the newest of its network; the others have expired.
    kept boolean not null default true,
    primary key (run, network, epoch)
);

-- What was said before this table.
insert into checkpoint (run, network, epoch, best, last, uri, sha256, bytes, kept)
select run, network, epoch, best, last, uri, sha256, bytes,
    epoch = max(epoch) over of_network or coalesce(epoch = max(epoch) filter (where best) over of_network, false)
from (
    select run, data ->> 'network' as network, (data ->> 'epoch')::int as epoch, (data ->> 'best')::boolean as best,
        (data ->> 'last')::boolean as last, data #>> '{weights,uri}' as uri, data #>> '{weights,sha256}' as sha256,
        (data #>> '{weights,bytes}')::bigint as bytes
    from (
        -- A zero character, which a user's text may have, is more than jsonb can hold.
        select run, replace(convert_from(data, 'UTF8'), '\u0000', '')::jsonb as data
        from outbox where type = 'io.peregrine.checkpoint.published.v1'
    ) event
) said
window of_network as (partition by run, network);

delete from needed
where exists (select from checkpoint c where c.run = needed.run and c.uri = needed.uri)
  and not exists (select from checkpoint c where c.run = needed.run and c.uri = needed.uri and c.kept);

-- A training that goes on takes back what it needed before.
update needed set job = job.id
from checkpoint c join job on job.run = c.run and job.kind = 'train' and job.key = c.network
where needed.run = c.run and needed.uri = c.uri;
