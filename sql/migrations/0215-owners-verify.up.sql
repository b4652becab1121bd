-- Old code keeps working: yes.
-- Owners check the log of their project: each of its entries against the seal that names it.

create index audit_seals_row_ids_idx on audit_seals using gin (row_ids);

-- Seals hold other projects' rows too: of them it says only whether they are whole and follow the one before.
create function app.verify_project_audit(project uuid, after uuid, until uuid, row_limit integer)
returns table (entry uuid, seal bigint, waits boolean, finding text, hash text)
language plpgsql stable security definer set search_path = public, pg_temp
as $$
begin
  if not project = any ((select app.projects_of('manage'))::uuid[]) then
    return;
  end if;
  return query
  with entries as materialized (
    select a.id, a.occurred_at, app.audit_row_hash(a) as hash
    from audit_log a
    where a.project_id = project and (after is null or a.id > after) and (until is null or a.id <= until)
    order by a.id limit least(row_limit, 201)
  ), seals as materialized (
    select s.sequence, s.row_ids, s.row_hashes, case
        when s.hash <> sha256(convert_to(jsonb_build_array(s.sequence, s.month, extract(epoch from s.sealed_at), s.row_ids,
          (select jsonb_agg(encode(h.value, 'hex') order by h.place) from unnest(s.row_hashes) with ordinality h (value, place)),
          encode(s.previous_hash, 'hex'))::text, 'UTF8')) then 'seal-changed'
        when s.previous_hash <> coalesce((select p.hash from audit_seals p where p.sequence = s.sequence - 1),
          case when s.sequence = 1 then decode(repeat('00', 32), 'hex') else '' end) then 'chain-broken' end as finding
    from audit_seals s where s.row_ids && array(select e.id from entries e)
  ), named as materialized (
    select l.id, l.hash, s.sequence, s.finding from seals s cross join lateral unnest(s.row_ids, s.row_hashes) l (id, hash)
  )
  select e.id, n.sequence, w.waits, case when n.id is null and not w.waits then 'row-unsealed'
    when n.hash <> e.hash then 'row-changed' else n.finding end, encode(e.hash, 'hex')
  from entries e
  left join named n on n.id = e.id
  cross join lateral (select n.id is null and exists (
    select from audit_unsealed u where u.occurred_at = e.occurred_at and u.audit_id = e.id) as waits) w
  order by e.id, n.sequence;
end
$$;
comment on function app.verify_project_audit is
  'For owners of the project; nobody else gets a row. Its entries in the order of their ids, at most 200 and one more.';
grant execute on function app.verify_project_audit(uuid, uuid, uuid, integer) to posthaste_api;
