delete from export_tables where name in ('sign_in_tickets', 'provider_sign_ins', 'proof_tries');
update export_tables set columns = array_remove(array_remove(columns, 'updated_at'), 'version') where name = 'mfa_factors';
