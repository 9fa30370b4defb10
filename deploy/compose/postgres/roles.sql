-- Role and schema of one service. roles.sh sets the variables service and password.
select format('create role %I login', :'service')
where not exists (select 1 from pg_roles where rolname = :'service') \gexec
alter role :"service" with password :'password';
alter role :"service" set search_path = :"service";
create schema if not exists :"service" authorization :"service";
revoke create on schema public from public;
revoke all on database peregrine from public;
grant connect, temporary on database peregrine to :"service";
