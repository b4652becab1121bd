-- Old code keeps working: yes.
-- The log as people read it: names to ids, and a look whether it is as it was sealed. And what administration left open.

update export_tables set withheld = withheld || '{status_reason}' where name = 'users';

-- Whoever is kept, by themselves or by an administrator, is due no more; else projects that were to go along would go all the same.
create function app.forget_deletion() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  delete from account_deletions d where d.user_id = new.id;
  return null;
end
$$;
create trigger users_forget_deletion after update of deletion_requested_at on users for each row
  when (old.deletion_requested_at is not null and new.deletion_requested_at is null) execute function app.forget_deletion();

-- Who acted, for those who see the rows anyway: the name, not the address.
create function app.audit_names(ids uuid[]) returns table (user_id uuid, display_name text)
language sql stable security definer rows 50 set search_path = public, pg_temp
as $$
  select distinct u.id, u.display_name
  from audit_log a join users u on u.id in (a.user_id, a.subject_id)
  where a.id = any (ids) and cardinality(ids) <= 1000 and u.deleted_at is null
    and (app.is_staff('admin') or a.project_id = any (app.projects_of('manage')))
$$;
comment on function app.audit_names is 'ids are of rows of the log, at most 1,000. Who has gone has no name any more.';
grant execute on function app.audit_names(uuid[]) to posthaste_api;

-- Rows of some seals that are not as they were sealed: gone, or changed. The hashes are computed here and not by
-- app.audit_row_hash, which somebody who changes rows could have changed as well.
create function app.audit_altered(first bigint, last bigint) returns table (sequence bigint, row_id uuid, gone boolean)
language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
  s audit_seals;
begin
  if not app.is_staff('admin') then
    return;
  end if;
  for s in select a.* from audit_seals a where a.sequence between first and least(last, first + 19) order by a.sequence loop
    -- What was archived by age is not here, and its seals say so; a verifier of the archive reads it there.
    continue when exists (
      select from partition_archives p where p.table_name = 'audit_log' and coalesce(p.from_at, '-infinity') <= s.month::timestamp at time zone 'UTC'
        and p.to_at >= (s.month + interval '1 month') at time zone 'UTC');
    return query
      select s.sequence, l.id, a.id is null
      from unnest(s.row_ids, s.row_hashes) l (id, hash)
      left join audit_log a on a.id = l.id and a.occurred_at >= s.month::timestamp at time zone 'UTC'
        and a.occurred_at < (s.month + interval '1 month') at time zone 'UTC'
      where a.id is null or l.hash <> sha256(convert_to(jsonb_build_array(a.id, extract(epoch from a.occurred_at), a.actor, a.user_id,
        a.session_id, a.api_key_id, a.request_id, a.project_id, a.subject_id, a.table_name, a.row_id, a.operation, a.old_values,
        a.new_values, encode(a.personal_sealed, 'hex'), encode(a.ip_sealed, 'hex'))::text, 'UTF8'))
      order by l.id limit 500;
  end loop;
end
$$;
comment on function app.audit_altered is 'For administrators, at most 20 seals at once (10,000 rows). Nobody else gets a row.';
grant execute on function app.audit_altered(bigint, bigint) to posthaste_api;
