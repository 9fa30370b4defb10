-- Real training pictures that under-sampling left out.
alter table class add column dropped bigint;
