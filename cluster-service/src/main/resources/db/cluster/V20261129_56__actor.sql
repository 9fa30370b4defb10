-- Who published a dataset or cancelled a run; null of events that the pipeline itself published.
alter table timeline add column actor text;
