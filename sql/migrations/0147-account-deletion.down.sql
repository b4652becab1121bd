drop function app.finish_deletion(uuid);
drop function app.claim_erasures(integer);
drop function app.cancel_deletion();
drop function app.request_deletion(uuid[], boolean);
drop function app.ending_projects(uuid, uuid[]);
drop table account_deletions;
drop function app.deletion_grace();
