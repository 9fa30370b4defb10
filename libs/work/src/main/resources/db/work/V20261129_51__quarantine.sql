-- A quarantined record as it was received, so that it can be received again.
alter table quarantine
    add column record_key text,
    -- Milliseconds since 1970, as Kafka says; null of records kept before this column.
    add column record_time bigint,
    -- JSON array of {name, value}, values in Base64; null of records kept before this column.
    add column headers text,
    -- Replays that were refused.
    add column tries int not null default 0,
    add column tried_at timestamptz,
    add column size bigint generated always as (coalesce(length(bytes), 0) + coalesce(length(headers), 0)) stored;
-- Counts and sums read this index alone, not the bytes.
create index quarantine_size on quarantine (id) include (size);
