-- Which job noted that its run needs an artefact, so that it can take that back for itself alone. 0: one before this column.
alter table needed add column job bigint not null default 0;
alter table needed drop constraint needed_pkey;
alter table needed add primary key (run, uri, job);
