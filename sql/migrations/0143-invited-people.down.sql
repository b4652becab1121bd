drop function app.verify_invited(text, text);

create or replace function app.decline_invitation(token_hash text) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  update project_invitations i set declined_at = coalesce(i.declined_at, app.now())
  where i.token_hash = decline_invitation.token_hash and i.accepted_at is null and i.revoked_at is null and i.expires_at > app.now();
  outcome := case when found then 'ok' else 'invalid_token' end;
  return next;
end
$$;
