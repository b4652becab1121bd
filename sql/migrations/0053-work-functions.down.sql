drop function app.work_account(uuid, uuid, text);
drop function app.claim(uuid[]);
