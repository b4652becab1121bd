-- Old code keeps working: yes.
-- Links: whoever opens one comes in at its maker's hand, so it may what its maker may, and ends with their membership.

create function app.member_may(project uuid, person uuid, permission text) returns boolean
language sql stable security definer set search_path = public, pg_temp
as $$
  select exists (
    select from project_collaborators c join users u on u.id = c.user_id and u.status = 'active' and u.deleted_at is null
    where c.project_id = project and c.user_id = person and (permission = 'read' or u.role <> 'viewer')
      and (permission = any (c.permissions) or case permission
        when 'read' then true
        when 'review' then c.role <> 'viewer'
        when 'approve' then c.role in ('owner', 'approver')
        else false
      end))
$$;
comment on function app.member_may is 'What app.projects_of says of the actor, said of somebody else. Granted to nobody.';

create or replace function app.report(token_hash text) returns table (report jsonb)
language sql stable security definer set search_path = public, pg_temp
as $$
  select jsonb_build_object(
    'postId', p.id,
    'projectName', pr.name,
    'text', p.text,
    'dueAt', p.due_at,
    'publications', coalesce((
      select jsonb_agg(jsonb_build_object(
        'platform', pp.platform, 'handle', a.handle, 'state', pp.state, 'url', pp.url, 'dueAt', pp.due_at,
        'publishedAt', coalesce(pp.platform_published_at, pp.published_at), 'likes', pp.likes, 'comments', pp.comments, 'shares', pp.shares, 'views', pp.views,
        'metricsAt', pp.metrics_at,
        'history', coalesce((
          select jsonb_agg(jsonb_build_object('fetchedAt', h.fetched_at, 'likes', h.likes, 'comments', h.comments) order by h.fetched_at)
          from (
            select an.fetched_at, an.likes, an.comments from analytics an
            where an.project_id = pp.project_id and an.publication_id = pp.id
            order by an.fetched_at desc limit 200
          ) h), '[]'::jsonb)
        ) order by pp.id)
      from post_publications pp join social_accounts a on a.project_id = pp.project_id and a.id = pp.account_id
      where pp.project_id = p.project_id and pp.post_id = p.id), '[]'::jsonb))
  from report_links l
  join posts p on p.project_id = l.project_id and p.id = l.post_id and p.deleted_at is null
  join projects pr on pr.id = l.project_id and pr.deleted_at is null
  where l.token_hash = report.token_hash and l.revoked_at is null and l.expires_at > app.now()
    and app.member_may(l.project_id, l.created_by, 'read')
$$;

create or replace function app.review(token_hash text) returns table (review jsonb)
language sql stable security definer set search_path = public, pg_temp
as $$
  select jsonb_build_object(
    'postId', p.id, 'projectName', pr.name, 'scope', l.scope, 'label', l.label, 'title', p.title, 'text', p.text, 'dueAt', p.due_at,
    'requestState', (select r.state from approval_requests r where r.project_id = p.project_id and r.post_id = p.id order by r.id desc limit 1),
    'note', (select r.note from approval_requests r where r.project_id = p.project_id and r.post_id = p.id order by r.id desc limit 1),
    'publications', coalesce((
      select jsonb_agg(jsonb_build_object('id', pp.id, 'platform', pp.platform, 'handle', a.handle, 'state', pp.state,
        'text', coalesce(pp.text, p.text), 'dueAt', pp.due_at, 'media', coalesce((
          select jsonb_agg(jsonb_build_object('id', m ->> 'id', 'kind', m ->> 'kind', 'altText', m ->> 'altText', 'renditions', m -> 'renditions'))
          from jsonb_array_elements(app.media_of(pp.project_id, pp.post_id, pp.id)) m), '[]')) order by pp.id)
      from post_publications pp join social_accounts a on a.project_id = pp.project_id and a.id = pp.account_id
      where pp.project_id = p.project_id and pp.post_id = p.id and pp.state <> 'cancelled'), '[]'))
  from review_links l
  join posts p on p.project_id = l.project_id and p.id = l.post_id and p.deleted_at is null
  join projects pr on pr.id = l.project_id and pr.deleted_at is null
  where l.token_hash = review.token_hash and l.revoked_at is null and l.expires_at > app.now()
    and app.member_may(l.project_id, l.created_by, 'read')
$$;

create or replace function app.review_by_link(token_hash text, decision text, text text) returns table (outcome text, decision_id uuid)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  link review_links;
  asked approval_requests;
  made approval_decisions;
begin
  select l.* into link
  from review_links l
  join posts p on p.project_id = l.project_id and p.id = l.post_id and p.deleted_at is null
  join projects pr on pr.id = l.project_id and pr.deleted_at is null
  where l.token_hash = review_by_link.token_hash and l.revoked_at is null and l.expires_at > app.now()
    and app.member_may(l.project_id, l.created_by, 'read');
  if link.id is null then
    return query select 'not_found', null::uuid;
    return;
  elsif link.scope = 'view' or (link.scope = 'comment' and review_by_link.decision <> 'comment')
    or not app.member_may(link.project_id, link.created_by, case review_by_link.decision when 'comment' then 'review' else 'approve' end) then
    return query select 'forbidden', null::uuid;
    return;
  end if;
  select r.* into asked from approval_requests r
  where r.project_id = link.project_id and r.post_id = link.post_id order by r.id desc limit 1;
  if asked.id is null or (review_by_link.decision <> 'comment' and asked.state <> 'pending') then
    return query select 'wrong_state', null::uuid;
    return;
  end if;
  insert into approval_decisions (project_id, request_id, user_id, review_link_id, decision, text)
  values (asked.project_id, asked.id, null, link.id, review_by_link.decision, review_by_link.text)
  returning * into made;
  perform app.apply_decision(made);
  return query select 'ok', made.id;
end
$$;

create or replace function app.end_membership() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    update api_keys k set revoked_at = app.now()
    where k.project_id = old.project_id and k.created_by = old.user_id and k.revoked_at is null;
    update report_links l set revoked_at = app.now()
    where l.project_id = old.project_id and l.created_by = old.user_id and l.revoked_at is null;
    update review_links l set revoked_at = app.now()
    where l.project_id = old.project_id and l.created_by = old.user_id and l.revoked_at is null;
  end if;
  update project_invitations i set revoked_at = app.now()
  where i.project_id = old.project_id and i.created_by = old.user_id and i.accepted_at is null and i.declined_at is null
    and i.revoked_at is null and (tg_op = 'DELETE' or i.role = 'owner');
  return null;
end
$$;
comment on function app.end_membership() is
  'Who leaves takes their keys, links and open invitations along, so that coming back revives none; who is owner no more makes nobody owner.';

-- Before the row in users goes, and with it the name of the maker.
create function app.end_links() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  update report_links l set revoked_at = app.now() where l.created_by = new.id and l.revoked_at is null;
  update review_links l set revoked_at = app.now() where l.created_by = new.id and l.revoked_at is null;
  return null;
end
$$;
comment on function app.end_links is 'What a person who is being erased gave away ends with them.';
create trigger users_links_ended after update of deleted_at on users for each row
  when (old.deleted_at is null and new.deleted_at is not null) execute function app.end_links();

-- Of those whose maker left before.
update report_links l set revoked_at = app.now()
where l.revoked_at is null and not exists (
  select from project_collaborators c where c.project_id = l.project_id and c.user_id = l.created_by);
update review_links l set revoked_at = app.now()
where l.revoked_at is null and not exists (
  select from project_collaborators c where c.project_id = l.project_id and c.user_id = l.created_by);

create index report_links_newest_idx on report_links (project_id, id);
