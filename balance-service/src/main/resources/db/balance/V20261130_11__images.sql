alter table balance_class rename column real_pictures to real_images;
alter table balance_class rename column synthetic_pictures to synthetic_images;
alter table balance_class rename column dropped_pictures to dropped_images;
