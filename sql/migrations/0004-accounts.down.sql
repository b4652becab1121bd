drop function app.connect_own_account(uuid, text, text, text, text, text, text, text[], text, text, integer);
drop function app.finish_oauth(text, text, text, text, text, text, text[], text, text, integer);
drop function app.connect_account(uuid, uuid, text, text, text, text, text, text, text[], text, text, integer);
drop function app.use_oauth_state(text);
drop table oauth_states;
drop table account_tokens;
drop table social_accounts;
drop table platform_apps;
drop table platforms;
