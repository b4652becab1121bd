-- Old code keeps working: yes.
-- Templates with versions and wordings per platform, and the starters that everybody may begin from.

create table content_templates (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  created_by uuid,
  name text not null,
  type text not null,
  description text,
  is_active boolean not null default true,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  deleted_at timestamptz,
  version integer not null default 1,
  constraint content_templates_pkey primary key (id),
  constraint content_templates_project_id_id_key unique (project_id, id),
  constraint content_templates_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint content_templates_created_by_fkey foreign key (created_by) references users (id) on delete set null,
  constraint content_templates_name_length check (length(name) between 1 and 100),
  constraint content_templates_type_length check (length(type) between 1 and 50),
  constraint content_templates_description_length check (length(description) <= 1000)
);
comment on table content_templates is 'A pattern for content. What it says stands in content_template_versions, one of which is current.';
comment on column content_templates.type is 'What it is a template of, in the team''s own words: post, caption, script, thread.';
comment on column content_templates.is_active is 'Offered when something new is written.';
comment on column content_templates.version is 'Optimistic lock. The version of the text is content_template_versions.number.';
create unique index content_templates_name_key on content_templates (project_id, name, type) where deleted_at is null;
create index content_templates_project_id_idx on content_templates (project_id, id desc);
create index content_templates_created_by_idx on content_templates (created_by);
create trigger content_templates_touch before update on content_templates for each row execute function app.touch();

create table content_template_versions (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  template_id uuid not null,
  number integer not null,
  body text not null,
  variables text[] not null default '{}',
  is_current boolean not null default true,
  created_by uuid,
  created_at timestamptz not null default app.now(),
  constraint content_template_versions_pkey primary key (id),
  constraint content_template_versions_project_id_id_key unique (project_id, id),
  constraint content_template_versions_number_key unique (template_id, number),
  constraint content_template_versions_template_fkey foreign key (project_id, template_id)
    references content_templates (project_id, id) on delete cascade,
  constraint content_template_versions_created_by_fkey foreign key (created_by) references users (id) on delete set null,
  constraint content_template_versions_number_positive check (number >= 1),
  constraint content_template_versions_body_length check (length(body) <= 100000),
  constraint content_template_versions_variables_count check (cardinality(variables) <= 100)
);
comment on table content_template_versions is 'What a template says, from 1. Never changed; a new version becomes the current one (app.guard_template_version).';
comment on column content_template_versions.variables is 'Names that the body has in double braces.';
comment on column content_template_versions.is_current is 'Exactly one of a template, checked when the transaction ends.';
create unique index content_template_versions_current_key on content_template_versions (template_id) where is_current;
create index content_template_versions_template_idx on content_template_versions (project_id, template_id);
create index content_template_versions_created_by_idx on content_template_versions (created_by);

create table template_platform_variations (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  version_id uuid not null,
  platform text not null,
  body text not null,
  options jsonb not null default '{}',
  created_at timestamptz not null default app.now(),
  constraint template_platform_variations_pkey primary key (id),
  constraint template_platform_variations_platform_key unique (version_id, platform),
  constraint template_platform_variations_version_fkey foreign key (project_id, version_id)
    references content_template_versions (project_id, id) on delete cascade,
  constraint template_platform_variations_platform_fkey foreign key (platform) references platforms (name) on delete restrict,
  constraint template_platform_variations_body_length check (length(body) <= 100000)
);
comment on table template_platform_variations is 'The wording of a template version for one platform. Never changed, like the version.';
create index template_platform_variations_version_idx on template_platform_variations (project_id, version_id);
create index template_platform_variations_platform_idx on template_platform_variations (platform);

-- Numbers follow each other, the newest is current until another is chosen, and what a version says stays.
create function app.guard_template_version() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  newest integer;
begin
  -- One at a time: two new versions at once must not both be current.
  perform from content_templates t where t.id = new.template_id for no key update;
  if tg_op = 'INSERT' then
    select coalesce(max(v.number), 0) into newest from content_template_versions v where v.template_id = new.template_id;
    new.number := coalesce(new.number, newest + 1);
    -- The first that is known here need not be the first there was: a template may come from elsewhere.
    if newest > 0 and new.number <> newest + 1 then
      raise exception 'the next version of the template is %', newest + 1 using errcode = 'PH011';
    end if;
  elsif (new.id, new.project_id, new.template_id, new.number, new.body, new.variables, new.created_at)
    is distinct from (old.id, old.project_id, old.template_id, old.number, old.body, old.variables, old.created_at) then
    raise exception 'a template version is never changed' using errcode = 'PH011';
  elsif old.is_current and not new.is_current and pg_trigger_depth() = 1 then
    raise exception 'another version has to become the current one' using errcode = 'PH011';
  end if;
  if new.is_current and (tg_op = 'INSERT' or not old.is_current) then
    update content_template_versions v set is_current = false
    where v.template_id = new.template_id and v.is_current and v.id <> new.id;
  end if;
  return new;
end
$$;
create trigger content_template_versions_guard before insert or update on content_template_versions
  for each row execute function app.guard_template_version();

create function app.require_current_version() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  template uuid := case when tg_table_name = 'content_templates' then to_jsonb(new) ->> 'id' else to_jsonb(old) ->> 'template_id' end;
begin
  if exists (select from content_templates t where t.id = template)
    and not exists (select from content_template_versions v where v.template_id = template and v.is_current) then
    raise exception 'a template has a current version' using errcode = 'PH011';
  end if;
  return null;
end
$$;
create constraint trigger content_templates_current after insert on content_templates
  deferrable initially deferred for each row execute function app.require_current_version();
create constraint trigger content_template_versions_current after delete on content_template_versions
  deferrable initially deferred for each row execute function app.require_current_version();

create trigger template_platform_variations_fixed before update on template_platform_variations
  for each row execute function app.refuse_change();

create table starter_templates (
  slug text not null,
  name text not null,
  type text not null,
  description text not null,
  body text not null,
  variables text[] not null default '{}',
  variations jsonb not null default '{}',
  position integer not null,
  enabled boolean not null default true,
  constraint starter_templates_pkey primary key (slug),
  constraint starter_templates_slug_shape check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$')
);
comment on table starter_templates is 'Templates to begin with, the same for everybody. Reference data: changed by operators, copied by app.use_starter_template.';
comment on column starter_templates.variations is 'Wordings by the name of the platform.';
insert into starter_templates (slug, name, type, description, body, variables, variations, position) values
  ('announcement', 'Announcement', 'post', 'Something new, and where to find it.',
    E'{{headline}}\n\n{{details}}\n\n{{link}}', '{headline,details,link}',
    '{"bluesky": "{{headline}}\n\n{{link}}", "mastodon": "{{headline}}\n\n{{details}}\n\n{{link}}"}', 1),
  ('question', 'Question to the audience', 'post', 'Opens a conversation.',
    E'{{question}}\n\nTell us below. {{hashtag}}', '{question,hashtag}', '{}', 2),
  ('tip', 'Tip of the week', 'post', 'One thing to learn, one thing to try.',
    E'Tip: {{tip}}\n\nWhy it works: {{reason}}\n\nTry it: {{task}}', '{tip,reason,task}',
    '{"bluesky": "Tip: {{tip}}\n\nTry it: {{task}}", "threads": "Tip: {{tip}}\n\nTry it: {{task}}"}', 3),
  ('event', 'Event', 'post', 'What, when, where.',
    E'{{event}}\n{{date}}, {{place}}\n\n{{details}}\n\nSign up: {{link}}', '{event,date,place,details,link}',
    '{"bluesky": "{{event}}\n{{date}}, {{place}}\n\n{{link}}"}', 4),
  ('behind-the-scenes', 'Behind the scenes', 'caption', 'A caption for a picture of the work.',
    E'{{moment}}\n\n{{story}}', '{moment,story}', '{}', 5),
  ('customer-story', 'Customer story', 'post', 'Before, change, after.',
    E'{{customer}} had a problem: {{problem}}\n\n{{change}}\n\nToday: {{result}}', '{customer,problem,change,result}', '{}', 6),
  ('short-video', 'Short video', 'script', 'Hook, three points, call to action: under a minute.',
    E'Hook (3 s): {{hook}}\n\n1. {{first}}\n2. {{second}}\n3. {{third}}\n\nEnd: {{call_to_action}}', '{hook,first,second,third,call_to_action}', '{}', 7),
  ('thread', 'Thread', 'thread', 'An opening, the steps, a summary.',
    E'{{opening}}\n\n{{steps}}\n\nIn short: {{summary}}', '{opening,steps,summary}', '{}', 8);

-- Copies a starter into a project as a template of its own. Runs under the caller's policies.
create function app.use_starter_template(project_id uuid, slug text) returns table (outcome text, template_id uuid)
language plpgsql set search_path = public, pg_temp
as $$
declare
  starter starter_templates;
  template uuid;
  first_version uuid := uuidv7();
begin
  select * into starter from starter_templates s where s.slug = use_starter_template.slug and s.enabled;
  if starter.slug is null or use_starter_template.project_id <> all (app.projects_of('read')) then
    return query select 'not_found', null::uuid;
    return;
  elsif use_starter_template.project_id <> all (app.projects_of('write')) then
    return query select 'forbidden', null::uuid;
    return;
  end if;
  insert into content_templates as t (project_id, created_by, name, type, description)
  values (use_starter_template.project_id, app.user_id(), starter.name, starter.type, starter.description)
  returning t.id into template;
  insert into content_template_versions (id, project_id, template_id, number, body, variables, created_by)
  values (first_version, use_starter_template.project_id, template, 1, starter.body, starter.variables, app.user_id());
  insert into template_platform_variations (project_id, version_id, platform, body)
  select use_starter_template.project_id, first_version, v.key, v.value
  from jsonb_each_text(starter.variations) v join platforms p on p.name = v.key;
  return query select 'ok', template;
end
$$;
grant execute on function app.use_starter_template(uuid, text) to posthaste_api;

alter table content_templates enable row level security;
create policy content_templates_read on content_templates for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy content_templates_insert on content_templates for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy content_templates_update on content_templates for update to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[])) with check (project_id = any ((select app.projects_of('write'))::uuid[]));
grant select, insert, update (name, type, description, is_active, deleted_at) on content_templates to posthaste_api;

alter table content_template_versions enable row level security;
create policy content_template_versions_read on content_template_versions for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy content_template_versions_insert on content_template_versions for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy content_template_versions_choose on content_template_versions for update to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[])) with check (project_id = any ((select app.projects_of('write'))::uuid[]));
grant select, insert, update (is_current) on content_template_versions to posthaste_api;

alter table template_platform_variations enable row level security;
create policy template_platform_variations_read on template_platform_variations for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy template_platform_variations_insert on template_platform_variations for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('write'))::uuid[]));
grant select, insert on template_platform_variations to posthaste_api;

alter table starter_templates enable row level security;
create policy starter_templates_read on starter_templates for select to posthaste_api using (true);
grant select on starter_templates to posthaste_api;
