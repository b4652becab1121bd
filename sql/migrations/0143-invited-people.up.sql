-- Old code keeps working: yes.
-- Who registers by an invitation has proven the address by it; and a declined invitation opens no door any more.

create function app.verify_invited(token_hash text, invitation_hash text) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  if exists (
    select from email_verification_tokens t join users u on u.id = t.user_id join project_invitations i on i.email = u.email
    where t.token_hash = verify_invited.token_hash and i.token_hash = invitation_hash and i.expires_at > app.now()
      and i.accepted_at is null and i.declined_at is null and i.revoked_at is null
  ) then
    return query select v.outcome from app.verify_email(verify_invited.token_hash) v;
  else
    return query select 'invalid_token';
  end if;
end
$$;
comment on function app.verify_invited is
  'Uses the token of a verification mail where the invitation was sent to the same address: whoever holds its token reads that mailbox.';
grant execute on function app.verify_invited(text, text) to posthaste_public;

-- It ends at once, whoever asks only for its end.
create or replace function app.decline_invitation(token_hash text) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  update project_invitations i set declined_at = coalesce(i.declined_at, app.now()), expires_at = least(i.expires_at, app.now())
  where i.token_hash = decline_invitation.token_hash and i.accepted_at is null and i.revoked_at is null
    and (i.expires_at > app.now() or i.declined_at is not null);
  outcome := case when found then 'ok' else 'invalid_token' end;
  return next;
end
$$;
