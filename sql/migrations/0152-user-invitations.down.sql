drop function app.is_user_invitation(text);
drop function app.resend_user_invitation(uuid, text, text);
drop function app.invite_user(text, text, text, text);
drop function app.mail_user_invitation(user_invitations, text);
create or replace function app.may_register(email text, token_hash text) returns boolean
language sql stable security definer set search_path = public, pg_temp
as $$
  select case s.registration
    when 'open' then true
    when 'invite_only' then exists (
      select from project_invitations i
      where i.token_hash = may_register.token_hash and i.email = may_register.email and i.accepted_at is null and i.revoked_at is null
        and i.expires_at > app.now())
    else false
  end
  from installation_settings s
$$;
drop trigger users_invited_later on users;
drop trigger users_invited on users;
drop function app.honour_invitation();
drop trigger users_forget_invitations on users;
drop function app.forget_invitations();
delete from export_tables where name = 'user_invitations';
drop table user_invitations;
