-- The artifact with the test's results by class, which the last checkpoint's event refers to: it is kept with the weights.
alter table checkpoint add column results text;
