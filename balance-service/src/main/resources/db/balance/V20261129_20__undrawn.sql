-- Whether a run's last class has its recipes is asked after each of them, of which there may be 10,000.
create index balance_class_undrawn on balance_class (run) where shares > 0 and recipes is null;
