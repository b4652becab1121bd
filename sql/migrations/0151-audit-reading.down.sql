drop function app.audit_altered(bigint, bigint);
drop function app.audit_names(uuid[]);
drop trigger users_forget_deletion on users;
drop function app.forget_deletion();
update export_tables set withheld = array_remove(withheld, 'status_reason') where name = 'users';
