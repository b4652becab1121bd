-- Old code keeps working: yes.
-- Categories by which a project sorts its content, videos and clips.

create table content_categories (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  name text not null,
  color text,
  created_by uuid,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  deleted_at timestamptz,
  version integer not null default 1,
  constraint content_categories_pkey primary key (id),
  constraint content_categories_project_id_id_key unique (project_id, id),
  constraint content_categories_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint content_categories_created_by_fkey foreign key (created_by) references users (id) on delete set null,
  constraint content_categories_name_length check (length(name) between 1 and 100),
  constraint content_categories_color_hex check (color ~ '^#[0-9A-Fa-f]{6}$')
);
comment on table content_categories is 'Categories of a project. Which content, videos and clips are in one stands in tables of links.';
comment on column content_categories.color is 'Such as #1f883d; null = none was chosen.';
create unique index content_categories_name_key on content_categories (project_id, lower(name)) where deleted_at is null;
create index content_categories_created_by_idx on content_categories (created_by);
create trigger content_categories_touch before update on content_categories for each row execute function app.touch();
alter table content_categories enable row level security;
create policy content_categories_read on content_categories for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy content_categories_insert on content_categories for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy content_categories_update on content_categories for update to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[])) with check (project_id = any ((select app.projects_of('write'))::uuid[]));
grant select, insert (project_id, name, color, created_by), update (name, color, deleted_at) on content_categories to posthaste_api;
