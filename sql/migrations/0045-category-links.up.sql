-- Old code keeps working: yes.
-- Which content is in which categories.

create table content_category_links (
  content_id uuid not null,
  category_id uuid not null,
  project_id uuid not null,
  constraint content_category_links_pkey primary key (content_id, category_id),
  constraint content_category_links_content_fkey foreign key (project_id, content_id) references content (project_id, id) on delete cascade,
  constraint content_category_links_category_fkey foreign key (project_id, category_id)
    references content_categories (project_id, id) on delete cascade
);
comment on table content_category_links is 'Which content is in which categories.';
create index content_category_links_content_idx on content_category_links (project_id, content_id);
create index content_category_links_category_idx on content_category_links (project_id, category_id);
alter table content_category_links enable row level security;
create policy content_category_links_read on content_category_links for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy content_category_links_insert on content_category_links for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy content_category_links_delete on content_category_links for delete to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[]));
grant select, insert, delete on content_category_links to posthaste_api;
