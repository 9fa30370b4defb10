alter table run rename column pictures to images;
