-- Old code keeps working: yes (posts without a request are none of its business).
-- Asking for approval, deciding, and what an edit does to both.

create function app.post_hash(post uuid) returns text
language sql stable security definer set search_path = public, pg_temp
as $$
  select encode(sha256(convert_to(jsonb_build_object(
    'text', p.text, 'title', p.title,
    'publications', coalesce((
      select jsonb_agg(jsonb_build_array(pp.account_id, pp.text, pp.options) order by pp.account_id)
      from post_publications pp where pp.post_id = p.id), '[]'),
    'media', coalesce((
      select jsonb_agg(jsonb_build_array(pm.publication_id, pm.media_id, pm.alt_text) order by pm.publication_id nulls first, pm.position)
      from post_media pm where pm.project_id = p.project_id and pm.post_id = p.id), '[]')
  )::text, 'UTF8')), 'hex')
  from posts p where p.id = post
$$;
comment on function app.post_hash is 'sha256 of what a post says, everywhere: texts, options, media. Not of when: another time needs no new approval.';

-- Who can still bring a request to its end: approvers of the workflow who may approve in the project, are no authors of the
-- post (unless the workflow lets them) and have an account.
create function app.approvers_of(request uuid) returns table (user_id uuid, place integer, approved boolean)
language sql stable security definer set search_path = public, pg_temp
as $$
  select m.user_id, m.position,
    exists (select from approval_decisions d where d.request_id = r.id and d.user_id = m.user_id and d.decision = 'approve')
  from approval_requests r
  join approval_workflows w on w.project_id = r.project_id and w.id = r.workflow_id
  join approval_members m on m.project_id = w.project_id and m.workflow_id = w.id and m.role = 'approver'
  join project_collaborators c on c.project_id = m.project_id and c.user_id = m.user_id
    and (c.role in ('owner', 'approver') or 'approve' = any (c.permissions))
  join users u on u.id = m.user_id and u.status = 'active' and u.deleted_at is null
  left join posts p on p.project_id = r.project_id and p.id = r.post_id
  where r.id = request
    and (w.allow_self_approval or (m.user_id is distinct from r.requested_by and m.user_id is distinct from p.created_by))
$$;

-- Takes back what was about to go out: it waits for approval now.
create function app.hold_post(post uuid) returns integer
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  held integer;
begin
  update post_publications pp set state = 'scheduled', generation = pp.generation + 1 where pp.post_id = post and pp.state = 'queued';
  update post_publications pp set state = 'draft' where pp.post_id = post and pp.state = 'scheduled';
  update post_publications pp set state = 'pending_approval', next_attempt_at = null where pp.post_id = post and pp.state = 'draft';
  select count(*) into held from post_publications pp where pp.post_id = post and pp.state = 'pending_approval';
  return held;
end
$$;

create function app.bind_request() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  new.content_hash := coalesce(app.post_hash(new.post_id), 'unknown');
  return new;
end
$$;
create trigger approval_requests_bind before insert on approval_requests
  for each row when (not app.is_owner()) execute function app.bind_request();

-- At the end of the statement, so that a post may be made and submitted in one.
create function app.submit_request() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  flow approval_workflows;
  hash text;
  deciders integer;
begin
  select * into flow from approval_workflows w where w.project_id = new.project_id and w.id = new.workflow_id;
  select count(*) into deciders from app.approvers_of(new.id);
  if not flow.is_active or flow.deleted_at is not null then
    raise exception 'the workflow is not in use' using errcode = 'PH004';
  elsif deciders < (case flow.rule when 'any' then flow.min_approvals else 1 end) then
    raise exception 'the workflow has too few approvers for this post' using errcode = 'PH004';
  end if;
  -- Publications before requests, always: an edit locks them in this order.
  perform from post_publications pp where pp.post_id = new.post_id order by pp.id for no key update;
  update approval_requests r set state = 'superseded' where r.post_id = new.post_id and r.id <> new.id and r.state = 'approved';
  if exists (select from posts p where p.id = new.post_id and p.deleted_at is not null) or app.hold_post(new.post_id) = 0 then
    raise exception 'nothing of this post waits to be published' using errcode = 'PH004';
  end if;
  hash := app.post_hash(new.post_id);
  if hash <> new.content_hash then
    update approval_requests r set content_hash = hash where r.id = new.id;
  end if;
  return null;
end
$$;
create trigger approval_requests_submit after insert on approval_requests
  for each row when (not app.is_owner()) execute function app.submit_request();

create function app.guard_request() returns trigger
language plpgsql
as $$
begin
  if (case old.state
    when 'pending' then new.state = 'withdrawn' or (new.state in ('approved', 'rejected', 'superseded') and app.is_owner())
    when 'approved' then new.state = 'superseded' and app.is_owner()
    else false
  end) is not true then
    raise exception 'a request for approval cannot go from % to %', old.state, new.state using errcode = 'PH004';
  end if;
  new.decided_at := coalesce(old.decided_at, app.now());
  return new;
end
$$;
comment on function app.guard_request is
  'pending → withdrawn by whoever may write; → approved, rejected by decisions; → superseded, as from approved, by edits. Else PH004.';
create trigger approval_requests_guard before update of state on approval_requests
  for each row when (old.state is distinct from new.state) execute function app.guard_request();

create function app.end_request() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  update post_publications pp set state = case when new.state = 'approved' and pp.due_at is not null then 'scheduled' else 'draft' end
  where pp.post_id = new.post_id and pp.state = 'pending_approval';
  return null;
end
$$;
comment on function app.end_request is 'Approved: what has its time is scheduled. Rejected and withdrawn: back to draft.';
create trigger approval_requests_end after update of state on approval_requests
  for each row when (old.state = 'pending' and new.state in ('approved', 'rejected', 'withdrawn')) execute function app.end_request();

-- Who takes the last waiting publication out of approval has withdrawn it.
create function app.leave_approval() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  update approval_requests r set state = 'withdrawn'
  where r.post_id = new.post_id and r.state = 'pending'
    and not exists (select from post_publications pp where pp.post_id = new.post_id and pp.state = 'pending_approval');
  return null;
end
$$;
create trigger post_publications_leave_approval after update of state on post_publications
  for each row when (old.state = 'pending_approval' and new.state in ('draft', 'cancelled')) execute function app.leave_approval();

create function app.apply_decision(made approval_decisions) returns void
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  asked approval_requests;
  flow approval_workflows;
  done boolean;
begin
  if made.decision = 'comment' then
    return;
  end if;
  -- No key: what was said refers to the request, so everybody who says something at this moment holds its key.
  perform from approval_requests r join post_publications pp on pp.post_id = r.post_id
  where r.id = made.request_id order by pp.id for no key update of pp;
  select * into asked from approval_requests r where r.id = made.request_id for no key update;
  select * into flow from approval_workflows w where w.project_id = asked.project_id and w.id = asked.workflow_id;
  if asked.state <> 'pending' then
    raise exception 'the request is %', asked.state using errcode = 'PH004';
  elsif made.review_link_id is null and not exists (
    select from approval_members m where m.workflow_id = flow.id and m.user_id = made.user_id and m.role = 'approver') then
    raise exception 'only an approver of the workflow decides' using errcode = 'PH004';
  elsif made.review_link_id is not null and flow.rule <> 'any' then
    raise exception 'this workflow asks its own approvers' using errcode = 'PH004';
  end if;
  if made.decision = 'reject' then
    update approval_requests r set state = 'rejected' where r.id = asked.id;
    return;
  end if;
  if made.review_link_id is null and not exists (select from app.approvers_of(asked.id) a where a.user_id = made.user_id) then
    raise exception 'nobody approves what is their own' using errcode = 'PH004';
  elsif flow.rule = 'ordered' and exists (
    select from app.approvers_of(asked.id) a join app.approvers_of(asked.id) mine on mine.user_id = made.user_id
    where a.place < mine.place and not a.approved) then
    raise exception 'others decide first' using errcode = 'PH004';
  end if;
  if flow.rule = 'any' then
    select count(*) >= flow.min_approvals into done
    from approval_decisions d where d.request_id = asked.id and d.decision = 'approve';
  else
    select bool_and(a.approved) into done from app.approvers_of(asked.id) a;
  end if;
  if done then
    update approval_requests r set state = 'approved' where r.id = asked.id;
  end if;
end
$$;
comment on function app.apply_decision is
  'What a decision does, in turn with the others of its request. PH004: no longer pending, not an approver of the workflow, one''s own post, out of order.';

create function app.count_decision() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  perform app.apply_decision(new);
  return null;
end
$$;
create trigger approval_decisions_count after insert on approval_decisions
  for each row when (not app.is_owner()) execute function app.count_decision();
-- By columns: that a person or a link goes is no change of what was said.
create trigger approval_decisions_fixed before update of id, project_id, request_id, decision, text, created_at on approval_decisions
  for each row execute function app.refuse_change();
create function app.keep_decision() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  if exists (select from approval_requests r where r.id = old.request_id) then
    raise exception 'what was said stays' using errcode = 'PH008';
  end if;
  return old;
end
$$;
create trigger approval_decisions_stay before delete on approval_decisions for each row execute function app.keep_decision();

create or replace function app.revise_posts(ids uuid[]) returns void
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  stale approval_requests;
begin
  update post_publications pp
  set revision = pp.revision + 1, prepared = null, prepared_ready = false, prepared_expires_at = null
  where pp.post_id = any (ids) and pp.state in ('draft', 'pending_approval', 'scheduled', 'queued', 'failed')
    and (pp.prepared is not null or pp.prepare_lease_until is not null);
  for stale in
    select * from approval_requests r
    where r.post_id = any (ids) and r.state in ('pending', 'approved') and r.content_hash <> app.post_hash(r.post_id)
    order by r.id for no key update
  loop
    update approval_requests r set state = 'superseded' where r.id = stale.id;
    if exists (
      select from post_publications pp
      where pp.post_id = stale.post_id and pp.state in ('pending_approval', 'scheduled', 'queued')) then
      perform app.hold_post(stale.post_id);
      insert into approval_requests (project_id, workflow_id, post_id, requested_by, note, content_hash)
      values (stale.project_id, stale.workflow_id, stale.post_id, coalesce(app.user_id(), stale.requested_by), stale.note,
        app.post_hash(stale.post_id));
    end if;
  end loop;
end
$$;
comment on function app.revise_posts is
  'What posts say has changed: what was prepared of it is worthless, and who was asked to approve it is asked again.';

create trigger post_publications_add after insert on post_publications referencing new table as changed
  for each statement when (not app.is_owner()) execute function app.change_media();
create function app.change_publication() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  perform app.revise_posts(array[new.post_id]);
  return null;
end
$$;
create trigger post_publications_changed after update of text, options on post_publications
  for each row when ((old.text, old.options) is distinct from (new.text, new.options)) execute function app.change_publication();

-- What waits for approval is set free by the decision alone, and nothing else of its post goes out meanwhile.
create function app.guard_approval() returns trigger
language plpgsql
as $$
begin
  if old.state = 'pending_approval' or exists (
    select from approval_requests r where r.project_id = new.project_id and r.post_id = new.post_id and r.state = 'pending') then
    raise exception 'the post waits for approval' using errcode = 'PH004';
  end if;
  return new;
end
$$;
create trigger post_publications_approved before update of state on post_publications
  for each row when (old.state in ('draft', 'pending_approval') and new.state = 'scheduled' and not app.is_owner())
  execute function app.guard_approval();

-- What a review link shows, as one JSON value; nothing where it is unknown, expired or revoked.
create function app.review(token_hash text) returns table (review jsonb)
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
$$;

-- Says something of the post's latest request by a link: ok, not_found, forbidden (the link's scope), wrong_state (nothing
-- is asked, or it is decided).
create function app.review_by_link(token_hash text, decision text, text text) returns table (outcome text, decision_id uuid)
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
  where l.token_hash = review_by_link.token_hash and l.revoked_at is null and l.expires_at > app.now();
  if link.id is null then
    return query select 'not_found', null::uuid;
    return;
  elsif link.scope = 'view' or (link.scope = 'comment' and review_by_link.decision <> 'comment') then
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
grant execute on function app.review(text), app.review_by_link(text, text, text) to posthaste_public;
