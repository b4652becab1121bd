/**
 * PostgreSQL's own count of statements, for `app.measure`. It belongs to the database's server and wants rights that a migration
 * need not have: Aurora's master user has them, on one machine the superuser does it.
 */
export const watching = `do $$ begin
  create schema if not exists watching;
  create extension if not exists pg_stat_statements schema watching;
exception when insufficient_privilege or undefined_file or feature_not_supported then null; end $$`;
