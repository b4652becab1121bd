-- Old code keeps working: yes.
-- What several statements of the artery say alike.

-- The claim: a message may carry these from now on, under a new generation. The caller has chosen and locked them.
create function app.claim(ids uuid[]) returns table (id uuid, project_id uuid, generation integer, prepare boolean, delay_s integer)
language sql
as $$
  update post_publications pp set state = 'queued', generation = pp.generation + 1
  where pp.id = any (ids)
  returning pp.id, pp.project_id, pp.generation,
    not pp.prepared_ready and exists (select from post_media pm where pm.project_id = pp.project_id and pm.post_id = pp.post_id),
    greatest(0, ceil(extract(epoch from coalesce(pp.next_attempt_at, pp.due_at) - app.now())))::integer
$$;
comment on function app.claim is 'prepare: it has media that its platform may have to take in first. delay_s: seconds until it is due.';
grant execute on function app.claim(uuid[]) to posthaste_api, posthaste_worker;

-- Plain SQL, so that it becomes part of the statement and of its plan.
create function app.work_account(project uuid, account uuid, platform text) returns table (account jsonb, token jsonb)
language sql stable
as $$
  select jsonb_build_object('platformAccountId', a.platform_account_id, 'handle', a.handle, 'baseUrl', a.base_url, 'status', a.status,
      'metricsUrl', pf.metrics_url, 'limits', pf.limits),
    case when t.account_id is not null then jsonb_build_object('access', t.access_token_sealed, 'refresh', t.refresh_token_sealed,
      'expiresInS', extract(epoch from t.expires_at - app.now())::integer, 'version', t.token_version) end
  from social_accounts a
  join platforms pf on pf.name = work_account.platform
  left join account_tokens t on t.project_id = a.project_id and t.account_id = a.id
  where a.project_id = work_account.project and a.id = work_account.account
$$;
comment on function app.work_account is 'What a connector is given of an account: where it is, and its sealed token, null where it has none.';
grant execute on function app.work_account(uuid, uuid, text) to posthaste_worker;
