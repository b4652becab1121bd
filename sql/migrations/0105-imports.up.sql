-- Old code keeps working: yes.
-- The way in for owners of another system: which of its rows became which of ours, and the writing of a batch.

create table import_ids (
  system text not null,
  source_table text not null,
  source_id text not null,
  target_id uuid not null,
  imported_at timestamptz not null default app.now(),
  constraint import_ids_pkey primary key (system, source_table, source_id)
);
comment on table import_ids is
  'What was imported: a second run skips it, and references find it. Written by the migrator alone. Rows of a system may be deleted once nothing more is to come from it.';
comment on column import_ids.system is 'The label of the run: the name of the system, unless two of a kind were imported.';
comment on column import_ids.source_table is 'The table there; with # and a word for what else a row became, such as users#project.';
comment on column import_ids.source_id is 'The key there, as text.';
comment on column import_ids.target_id is 'The id here; the same for all rows that one row there became.';
create index import_ids_target_id_idx on import_ids (target_id);
alter table import_ids enable row level security;

-- Writes a batch: [{id, ids: [{table, id, target}], into: [{step, table, shared, row}]}], all of it or nothing. Steps are
-- the order of the tables; rows of one table with the same columns are one insert; a shared row that is there already stays.
create function app.write_imported(system text, batch jsonb) returns void
language plpgsql set search_path = public, pg_temp
as $$
declare
  part record;
begin
  -- What is checked late is checked at the end, while it is known whose fault it is.
  set constraints all deferred;
  insert into import_ids (system, source_table, source_id, target_id)
  select write_imported.system, i."table", i.id, i.target
  from jsonb_array_elements(batch) line, jsonb_to_recordset(line.value -> 'ids') as i("table" text, id text, target uuid)
  where i."table" not like '%#%';
  -- What else a row became may have come with another row.
  insert into import_ids (system, source_table, source_id, target_id)
  select write_imported.system, i."table", i.id, i.target
  from jsonb_array_elements(batch) line, jsonb_to_recordset(line.value -> 'ids') as i("table" text, id text, target uuid)
  where i."table" like '%#%'
  on conflict do nothing;
  for part in
    select w.place, w.target, w.columns, w.shared, jsonb_agg(w.line) as lines
    from (
      select (t.value ->> 'step')::integer as place, t.value ->> 'table' as target, t.value -> 'row' as line,
        coalesce((t.value ->> 'shared')::boolean, false) as shared,
        (select string_agg(quote_ident(k), ', ' order by k) from jsonb_object_keys(t.value -> 'row') k) as columns
      from jsonb_array_elements(batch) line, jsonb_array_elements(line.value -> 'into') t
    ) w
    group by 1, 2, 3, 4 order by 1
  loop
    execute format('insert into public.%1$I (%2$s) select %2$s from jsonb_populate_recordset(null::public.%1$I, $1) %3$s',
      part.target, part.columns, case when part.shared then 'on conflict do nothing' else '' end)
    using part.lines;
  end loop;
  set constraints all immediate;
end
$$;
comment on function app.write_imported is 'Of app.import_rows.';

create function app.import_rows(system text, batch jsonb) returns table (source_id text, problem text)
language plpgsql set search_path = public, pg_temp
as $$
declare
  line jsonb;
  constraint_broken text;
begin
  perform app.write_imported(import_rows.system, batch);
exception when others then
  -- A database in trouble (lock, resources, shutdown, defect) is nobody's row.
  if left(sqlstate, 2) in ('40', '53', '55', '57', '58', 'XX') then
    raise;
  end if;
  for line in select value from jsonb_array_elements(batch) loop
    begin
      perform app.write_imported(import_rows.system, jsonb_build_array(line));
    exception when others then
      if left(sqlstate, 2) in ('40', '53', '55', '57', '58', 'XX') then
        raise;
      end if;
      get stacked diagnostics constraint_broken = constraint_name;
      source_id := line ->> 'id';
      problem := left(case when constraint_broken = '' then sqlerrm else constraint_broken end, 300);
      return next;
    end;
  end loop;
end
$$;
comment on function app.import_rows is
  'Writes a batch of rows of another system. Returns those that could not be taken, with the name of the constraint that they break; the rest is written. Runs as the migrator alone.';

-- Ids of another system may tell who somebody was there.
create function app.forget_import() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  delete from import_ids i using import_ids p
  where p.target_id = old.id and i.system = p.system and i.source_id = p.source_id
    and i.source_table in (p.source_table, p.source_table || '#project', p.source_table || '#account');
  return null;
end
$$;
comment on function app.forget_import() is 'What a person was imported from is forgotten with them.';
create trigger users_forget_import after delete on users for each row execute function app.forget_import();
