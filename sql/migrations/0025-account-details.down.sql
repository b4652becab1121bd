revoke select (platform, base_url, redirect_uri, client_id, created_at) on platform_apps from posthaste_api;
grant select on platform_apps to posthaste_api;
drop table rate_budgets;
drop trigger post_publications_note_posted on post_publications;
drop function app.note_posted();
drop table account_health_checks;
drop function app.note_health();
drop index account_tokens_expires_at_idx;
drop index social_accounts_status_idx;
revoke update (display_name, avatar_url) on social_accounts from posthaste_worker;
comment on column social_accounts.platform_account_id is null;
comment on column social_accounts.base_url is null;
comment on column social_accounts.status is null;
update social_accounts set status = 'reauthorization_needed', status_reason = coalesce(status_reason, 'It was never granted.')
where status = 'pending';
alter table social_accounts
  drop constraint social_accounts_status_known,
  drop column health,
  drop column health_checked_at,
  drop column metadata,
  drop column followers_count,
  drop column following_count,
  drop column posts_count,
  drop column last_synced_at,
  drop column last_posted_at,
  drop column grant_expires_at,
  add constraint social_accounts_status_known check (status in ('connected', 'reauthorization_needed', 'restricted', 'disconnected'));
delete from platforms where name in ('instagram', 'facebook', 'twitter', 'linkedin', 'tiktok', 'youtube');
comment on column platforms.enabled is null;
comment on column platforms.base_url is null;
comment on column platforms.authorize_url is null;
comment on column platforms.metrics_url is null;
alter table platforms drop column sandbox_base_url, drop column limits, drop column created_at;
