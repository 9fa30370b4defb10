-- A run's id is 32 hexadecimal digits. Earlier versions took others from events: no service works on those any more.
update run set state = 'failed', ended = now(), failure = '{"stage": "ingest", "kind": "input", "reason": "BAD_RUN_ID",
    "detail": "the run''s id is not 32 hexadecimal digits; publish the dataset again under a source of your own", "errors": []}'
where state = 'running' and id !~ '^[0-9a-f]{32}$';
