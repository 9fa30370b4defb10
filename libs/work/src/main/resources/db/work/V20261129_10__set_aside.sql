-- An event that cannot be sent is set aside with its error, and those behind it go on.
alter table outbox add column set_aside_at timestamptz;
alter table outbox add column error text;
drop index outbox_unsent;
create index outbox_unsent on outbox (seq) where sent_at is null and set_aside_at is null;
create index outbox_set_aside on outbox (seq) where set_aside_at is not null;

-- A topic that was deleted and made anew begins at offset 0 again: another record at a known place is another record.
alter table quarantine drop constraint quarantine_topic_partition_kafka_offset_key;
alter table quarantine add unique (topic, partition, kafka_offset, digest);
