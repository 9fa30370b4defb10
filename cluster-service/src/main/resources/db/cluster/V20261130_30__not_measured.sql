-- What was not measured is null: runs without test images, clusters without images.
alter table run add column test_images bigint;
alter table cluster alter column purity drop not null;
