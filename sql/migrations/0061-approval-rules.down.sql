drop function app.review_by_link(text, text, text);
drop function app.review(text);
drop trigger post_publications_approved on post_publications;
drop function app.guard_approval();
drop trigger post_publications_changed on post_publications;
drop function app.change_publication();
drop trigger post_publications_add on post_publications;
create or replace function app.revise_posts(ids uuid[]) returns void
language sql security definer set search_path = public, pg_temp
as $$
  update post_publications pp
  set revision = pp.revision + 1, prepared = null, prepared_ready = false, prepared_expires_at = null
  where pp.post_id = any (ids) and pp.state in ('draft', 'pending_approval', 'scheduled', 'queued', 'failed')
    and (pp.prepared is not null or pp.prepare_lease_until is not null)
$$;
comment on function app.revise_posts is null;
drop trigger approval_decisions_stay on approval_decisions;
drop function app.keep_decision();
drop trigger approval_decisions_fixed on approval_decisions;
drop trigger approval_decisions_count on approval_decisions;
drop function app.count_decision();
drop function app.apply_decision(approval_decisions);
drop trigger post_publications_leave_approval on post_publications;
drop function app.leave_approval();
drop trigger approval_requests_end on approval_requests;
drop function app.end_request();
drop trigger approval_requests_guard on approval_requests;
drop function app.guard_request();
drop trigger approval_requests_submit on approval_requests;
drop function app.submit_request();
drop trigger approval_requests_bind on approval_requests;
drop function app.bind_request();
drop function app.hold_post(uuid);
drop function app.approvers_of(uuid);
drop function app.post_hash(uuid);
