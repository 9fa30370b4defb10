-- What retention looks for.
create index timeline_progress on timeline (time) where type = 'io.peregrine.stage.progressed.v1';

alter table timeline set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
alter table latent set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
