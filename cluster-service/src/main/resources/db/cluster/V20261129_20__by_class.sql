-- What balancing made of each class lies in an artifact: an event has no room for 10,000 classes.
alter table run add column classes int;
alter table run add column balance jsonb;
alter table class add column refused bigint;
alter table class drop column synthetic;
alter table class drop column tied_rows;
alter table class drop column dropped;
