-- A run's id is 32 hexadecimal digits. Earlier versions took others from events: their jobs cannot be read any more.
update job set state = 'failed', error = 'the run''s id is not 32 hexadecimal digits', updated_at = now()
where state in ('queued', 'running') and run !~ '^[0-9a-f]{32}$';
