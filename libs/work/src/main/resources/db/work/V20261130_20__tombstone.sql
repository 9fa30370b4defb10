-- The name of an artifact whose file is being deleted is a tombstone, in the code and in the documents.
alter table condemned rename to tombstone;
alter index condemned_pkey rename to tombstone_pkey;
