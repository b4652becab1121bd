drop function app.refresh_niches();
drop function app.recent_uses(text);
delete from niches;
