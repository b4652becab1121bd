drop function app.rank_feed();
drop function app.set_follow(uuid, boolean);
drop function app.profiles(uuid[]);
