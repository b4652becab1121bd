drop function app.purge_kept(integer);
