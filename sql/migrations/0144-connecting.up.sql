-- Old code keeps working: yes.
-- Who was given the permission to write may connect accounts too; so far only the role counted.

create or replace function app.connect_account(user_id uuid, project_id uuid, platform text, platform_account_id text, handle text,
  display_name text, avatar_url text, base_url text, scopes text[], access_token_sealed text, refresh_token_sealed text,
  expires_in_s integer)
returns table (outcome text, account social_accounts)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  made social_accounts;
begin
  if not exists (
    select 1 from project_collaborators c join users u on u.id = c.user_id join projects p on p.id = c.project_id
    where c.user_id = connect_account.user_id and c.project_id = connect_account.project_id
      and (c.role in ('owner', 'editor') or 'write' = any (c.permissions)) and u.role <> 'viewer' and u.status = 'active'
      and u.deleted_at is null and p.deleted_at is null
  ) then
    return query select 'forbidden', null::social_accounts;
    return;
  end if;
  insert into social_accounts as s (project_id, platform, platform_account_id, handle, display_name, avatar_url, base_url, scopes, connected_by)
  values (connect_account.project_id, connect_account.platform, connect_account.platform_account_id, connect_account.handle,
    connect_account.display_name, connect_account.avatar_url, connect_account.base_url, connect_account.scopes, connect_account.user_id)
  on conflict on constraint social_accounts_identity_key do update
    set handle = excluded.handle, display_name = excluded.display_name, avatar_url = excluded.avatar_url,
      scopes = excluded.scopes, connected_by = excluded.connected_by, connected_at = app.now(),
      status = 'connected', status_reason = null, disconnected_at = null
  returning s.* into made;
  if connect_account.access_token_sealed is not null then
    insert into account_tokens as t (account_id, project_id, access_token_sealed, refresh_token_sealed, expires_at)
    values (made.id, connect_account.project_id, connect_account.access_token_sealed, connect_account.refresh_token_sealed,
      app.now() + make_interval(secs => connect_account.expires_in_s))
    on conflict on constraint account_tokens_pkey do update
      set access_token_sealed = excluded.access_token_sealed, refresh_token_sealed = excluded.refresh_token_sealed,
        expires_at = excluded.expires_at, token_version = t.token_version + 1, refresh_lease_until = null, updated_at = app.now();
  end if;
  update post_publications pp
  set state = 'scheduled', next_attempt_at = app.now(), failure_class = null, failure_code = null, failure_message = null
  where pp.project_id = made.project_id and pp.account_id = made.id and pp.state = 'failed'
    and pp.failure_class = 'reauthorize' and pp.updated_at > app.now() - interval '7 days';
  return query select 'ok', made;
end
$$;
