drop table user_followers;
drop function app.following();
