drop function app.rotate_api_key(uuid, uuid, text, text, integer);
drop function app.create_api_key(uuid, text, text, text, text[], timestamptz);
drop trigger api_keys_narrow on api_keys;
drop function app.keep_key_narrow();
drop trigger api_keys_touch on api_keys;
revoke update (scopes, expires_at) on api_keys from posthaste_api;
drop index api_keys_replaced_by_idx;
alter table api_keys
  drop constraint api_keys_replaced_by_fkey,
  drop column replaced_by,
  drop column version,
  drop column updated_at;
