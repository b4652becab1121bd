-- The versions of platforms begin at 1 again.
drop function app.rotate_api_key(uuid, uuid, text, text, integer, integer);
drop function app.remove_identity_provider(text, integer);
drop function app.remove_factor(uuid, integer);
drop function app.set_quotas(text, uuid, jsonb, integer);
drop function app.limits_version(text, uuid);
drop function app.note_platform_app(text, text, integer);
drop function app.switch_platform(text, boolean, integer);
alter table platforms drop column version;
