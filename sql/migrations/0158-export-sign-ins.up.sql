-- Old code keeps working: yes.
-- What the export of an account says of the tables of signing in.

insert into export_tables (name, left_out_because) values
  ('sign_in_tickets', 'Logins that wait for a second factor, for minutes.'),
  ('provider_sign_ins', 'Sign-ins at a provider under way, for minutes.'),
  ('proof_tries', 'Counts of wrong codes, for minutes.');
update export_tables set columns = columns || '{updated_at,version}' where name = 'mfa_factors';
