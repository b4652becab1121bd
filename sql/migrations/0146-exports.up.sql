-- Old code keeps working: yes.
-- Everything that one owns, to take along: which rows these are, and the exports that are made of them.

create table export_tables (
  name text not null,
  person_columns text[] not null default '{}',
  project_column text,
  columns text[] not null default '{}',
  withheld text[] not null default '{}',
  left_out_because text,
  constraint export_tables_pkey primary key (name),
  constraint export_tables_says_why check ((left_out_because is null) = (cardinality(columns) > 0)),
  constraint export_tables_reached check (left_out_because is not null or cardinality(person_columns) > 0 or project_column is not null)
);
comment on table export_tables is
  'Of every table that may hold a person''s rows: what of it the export of an account holds, or why nothing. A table without a row here is not exported, and a test names it.';
comment on column export_tables.person_columns is 'Columns that name a person: rows in which any of them is the person are theirs.';
comment on column export_tables.project_column is 'Column of the project: rows of projects that the person owns are theirs too.';
comment on column export_tables.columns is 'What is exported. A new column is a decision.';
comment on column export_tables.withheld is 'What is not: hashes and sealed values, other people''s addresses, and the machine''s own upkeep.';
alter table export_tables enable row level security;
create policy export_tables_worker on export_tables for select to posthaste_worker using (true);
grant select on export_tables to posthaste_worker;

insert into export_tables (name, person_columns, project_column, columns, withheld, left_out_because) values
  ('users', '{id}', null,
    '{id,email,display_name,role,status,email_verified_at,created_at,updated_at,version,username,given_name,family_name,bio,
      avatar_url,avatar_media_id,last_login_at,deletion_requested_at,is_active,is_verified,locked_until,deleted_at}',
    '{failed_login_attempts,password_hash}', null),
  ('user_avatars', '{user_id}', null,
    '{id,user_id,status,declared_mime_type,declared_bytes,upload_expires_at,failure_code,failure_reason,created_at,updated_at}',
    '{}', null),
  ('user_preferences', '{user_id}', null,
    '{id,user_id,default_posting_time,time_zone,enable_ai_optimization,content_tone,email_notifications,post_failure_alerts,
      extra,created_at,updated_at,version}',
    '{}', null),
  ('user_sessions', '{user_id}', null,
    '{id,user_id,user_agent,ip,created_at,last_used_at,expires_at,revoked_at,revoked_because,device,is_active,rotated_at}',
    '{previous_hash,refresh_hash}', null),
  ('user_identities', '{user_id}', null,
    '{id,user_id,provider,subject,email,created_at,last_used_at}',
    '{}', null),
  ('mfa_factors', '{user_id}', null,
    '{id,user_id,kind,name,confirmed_at,last_used_at,created_at}',
    '{code_hashes,last_step,secret_sealed}', null),
  ('account_exports', '{user_id}', null,
    '{id,user_id,state,created_at,started_at,completed_at,expires_at,bytes,failure_reason}',
    '{}', null),
  ('account_deletions', '{user_id}', null,
    '{user_id,requested_at,due_at,delete_projects}',
    '{}', null),
  ('notifications', '{user_id}', null,
    '{id,user_id,project_id,actor_id,kind,payload,event_id,read_at,created_at}',
    '{}', null),
  ('user_followers', '{follower_id,following_id}', null,
    '{id,follower_id,following_id,created_at}',
    '{}', null),
  ('user_counters', '{user_id}', null,
    '{user_id,followers_count,following_count,posts_count}',
    '{}', null),
  ('user_analytics', '{user_id}', null,
    '{id,user_id,day,profile_views,post_impressions,post_engagements,followers_gained,followers_lost,total_likes,
      total_comments,total_shares,created_at,updated_at}',
    '{}', null),
  ('user_engagement', '{user_id}', null,
    '{id,user_id,community_post_id,type,created_at,comment_id,value,metadata}',
    '{}', null),
  ('engagement_events', '{user_id,actor_id}', null,
    '{id,occurred_at,type,user_id,actor_id,community_post_id,comment_id,metadata}',
    '{}', null),
  ('comments', '{author_id}', null,
    '{id,community_post_id,author_id,parent_id,text,created_at,deleted_at,like_count,reply_count,edited_at,is_edited,
      hidden_at,is_standing,updated_at,version}',
    '{}', null),
  ('moderation_reports', '{reporter_id}', null,
    '{id,reporter_id,target_type,target_id,reason,details,status,moderation_id,created_at,resolved_at}',
    '{}', null),
  ('content_moderation', '{moderator_id}', null,
    '{id,target_type,target_id,status,reason,automated_score,moderator_id,reviewed_at,created_at,updated_at,version}',
    '{}', null),
  ('projects', '{created_by}', 'id',
    '{id,name,description,time_zone,created_by,created_at,updated_at,deleted_at,version,type,template,platform,
      target_audience,estimated_duration,tags,is_public,status,metadata,personal}',
    '{}', null),
  ('project_collaborators', '{user_id}', 'project_id',
    '{project_id,user_id,role,created_at,permissions}',
    '{}', null),
  ('project_invitations', '{created_by,accepted_by}', 'project_id',
    '{id,project_id,role,permissions,created_by,created_at,expires_at,accepted_at,accepted_by,revoked_at}',
    '{email,token_hash}', null),
  ('content_categories', '{created_by}', 'project_id',
    '{id,project_id,name,color,created_by,created_at,updated_at,deleted_at,version}',
    '{}', null),
  ('api_keys', '{created_by}', 'project_id',
    '{id,project_id,created_by,name,prefix,scopes,is_test,expires_at,last_used_at,revoked_at,created_at}',
    '{key_hash}', null),
  ('social_accounts', '{connected_by}', 'project_id',
    '{id,project_id,platform,platform_account_id,handle,display_name,avatar_url,base_url,scopes,status,status_reason,
      connected_by,connected_at,disconnected_at,created_at,updated_at,version,health,health_checked_at,metadata,
      followers_count,following_count,posts_count,last_synced_at,last_posted_at,grant_expires_at}',
    '{}', null),
  ('account_metrics', '{}', 'project_id',
    '{id,project_id,account_id,day,followers,following,posts,demographics,fetched_at}',
    '{}', null),
  ('media', '{created_by}', 'project_id',
    '{id,project_id,created_by,status,file_name,declared_mime_type,declared_bytes,upload_expires_at,kind,mime_type,bytes,
      width,height,failure_code,failure_reason,created_at,updated_at,deleted_at,version,title,description,alt_text,folder,
      tags,metadata,duration_ms,sha256,provider,provider_key,stored_name,source_url,thumbnail_source_url}',
    '{processing_until,upload_key}', null),
  ('media_renditions', '{}', 'project_id',
    '{media_id,project_id,name,mime_type,bytes,width,height,sha256}',
    '{object_key}', null),
  ('videos', '{}', 'project_id',
    '{media_id,project_id,duration_ms,fps,video_codec,audio_codec}',
    '{}', null),
  ('video_categories', '{}', 'project_id',
    '{video_id,category_id,project_id}',
    '{}', null),
  ('clips', '{created_by}', 'project_id',
    '{id,project_id,video_id,title,start_ms,end_ms,ai_score,transcript,status,rendered_media_id,failure_code,failure_reason,
      created_by,created_at,updated_at,deleted_at,version}',
    '{}', null),
  ('clip_categories', '{}', 'project_id',
    '{clip_id,category_id,project_id}',
    '{}', null),
  ('content', '{created_by}', 'project_id',
    '{id,project_id,created_by,title,description,body,script,tone,platform,content_type,status,scheduled_at,published_at,
      thumbnail_media_id,thumbnail_url,video_media_id,video_url,tags,metadata,ai_generated,language,external_id,created_at,
      updated_at,deleted_at,version}',
    '{search}', null),
  ('content_versions', '{created_by}', 'project_id',
    '{id,project_id,content_id,number,title,description,body,script,tone,platform,content_type,tags,metadata,language,
      created_by,created_at}',
    '{}', null),
  ('content_category_links', '{}', 'project_id',
    '{content_id,category_id,project_id}',
    '{}', null),
  ('content_hashtags', '{}', 'project_id',
    '{project_id,content_id,tag}',
    '{}', null),
  ('content_templates', '{created_by}', 'project_id',
    '{id,project_id,created_by,name,type,description,is_active,created_at,updated_at,deleted_at,version}',
    '{}', null),
  ('content_template_versions', '{created_by}', 'project_id',
    '{id,project_id,template_id,number,body,variables,is_current,created_by,created_at}',
    '{}', null),
  ('template_platform_variations', '{}', 'project_id',
    '{id,project_id,version_id,platform,body,options,created_at}',
    '{}', null),
  ('hashtag_suggestions', '{decided_by}', 'project_id',
    '{id,project_id,content_id,post_id,task_id,tag,score,source,prompt_version,decision,decided_by,decided_at,created_at}',
    '{}', null),
  ('idea_suggestions', '{created_by,decided_by}', 'project_id',
    '{id,project_id,created_by,content_id,task_id,niche_id,text,relevance_score,source,prompt_version,decision,decided_text,
      decided_by,decided_at,created_at}',
    '{}', null),
  ('ai_generation_tasks', '{created_by}', 'project_id',
    '{id,project_id,created_by,content_id,kind,state,model,prompt_version,input,output,attempts,input_tokens,output_tokens,
      cost_usd,failure_code,failure_message,started_at,finished_at,created_at,updated_at,version}',
    '{lease_token,lease_until,next_attempt_at}', null),
  ('ai_content_suggestions', '{decided_by}', 'project_id',
    '{id,project_id,task_id,content_id,kind,text,score,cost_usd,decision,decided_text,decided_by,decided_at,created_at}',
    '{}', null),
  ('posts', '{created_by}', 'project_id',
    '{id,project_id,created_by,text,schedule_type,due_at,wall_time,time_zone,external_id,metadata,created_at,updated_at,
      deleted_at,version,title,slug,content_type,tags,language,location,content_id,clip_id,analytics}',
    '{metrics_requested_at,search}', null),
  ('post_media', '{}', 'project_id',
    '{id,project_id,post_id,publication_id,media_id,position,alt_text}',
    '{}', null),
  ('post_hashtags', '{}', 'project_id',
    '{project_id,post_id,tag}',
    '{}', null),
  ('post_mentions', '{}', 'project_id',
    '{project_id,post_id,handle}',
    '{}', null),
  ('post_variations', '{created_by}', 'project_id',
    '{id,project_id,post_id,created_by,variation_type,label,text,hashtags,due_at,variant_post_id,performance_metrics,
      is_winner,decided_at,created_at,updated_at,deleted_at,version}',
    '{}', null),
  ('post_publications', '{}', 'project_id',
    '{id,project_id,post_id,account_id,platform,text,options,state,due_at,attempts,scheduled_at,queued_at,publishing_at,
      published_at,platform_post_id,url,platform_published_at,failure_class,failure_code,failure_message,removed_at,likes,
      comments,shares,views,metrics_at,created_at,updated_at,version,impressions,reach,saves,clicks,engagement_rate,analytics,
      metadata,failed_at,last_retry_at,retry_count,total_engagement}',
    '{commit_started_at,generation,lease_token,lease_until,looks,metrics_lease_until,next_attempt_at,next_metrics_at,
      prepare_lease_until,prepared,prepared_expires_at,prepared_ready,refused_at,revision}', null),
  ('publication_attempts', '{}', 'project_id',
    '{id,project_id,publication_id,account_id,kind,started_at,commit_started_at,finished_at,outcome,failure_class,
      failure_code,message}',
    '{generation,lease_token}', null),
  ('publishing_schedules', '{created_by}', 'project_id',
    '{id,project_id,created_by,name,post_id,wall_time,time_zone,rrule,recurrence,exceptions,series_ends_at,schedule_rule,
      is_active,next_at,retry_count,last_attempt_at,error_message,created_at,updated_at,deleted_at,version}',
    '{}', null),
  ('schedule_slots', '{created_by}', 'project_id',
    '{id,project_id,account_id,created_by,weekday,local_time,minutes,is_active,created_at,updated_at,deleted_at,version}',
    '{week}', null),
  ('schedule_occurrences', '{}', 'project_id',
    '{id,project_id,schedule_id,occurs_at,state,post_id,attempts,error_message,created_at,updated_at,version}',
    '{}', null),
  ('report_links', '{created_by}', 'project_id',
    '{id,project_id,post_id,created_by,created_at,expires_at,revoked_at}',
    '{token_hash}', null),
  ('review_links', '{created_by}', 'project_id',
    '{id,project_id,post_id,scope,label,created_by,created_at,expires_at,revoked_at}',
    '{token_hash}', null),
  ('approval_workflows', '{created_by}', 'project_id',
    '{id,project_id,created_by,name,rule,min_approvals,allow_self_approval,is_active,created_at,updated_at,deleted_at,version}',
    '{}', null),
  ('approval_members', '{user_id}', 'project_id',
    '{id,project_id,workflow_id,user_id,role,position,created_at}',
    '{}', null),
  ('approval_requests', '{requested_by}', 'project_id',
    '{id,project_id,workflow_id,post_id,requested_by,note,state,decided_at,created_at,updated_at,version}',
    '{content_hash}', null),
  ('approval_decisions', '{user_id}', 'project_id',
    '{id,project_id,request_id,user_id,review_link_id,decision,text,created_at}',
    '{}', null),
  ('community_posts', '{author_id}', 'project_id',
    '{id,project_id,publication_id,account_id,text,media,visibility,like_count,comment_count,share_count,view_count,
      created_at,deleted_at,author_id,location,tags,is_featured,media_type,save_count,click_count,engagement_score,hidden_at,
      is_standing,updated_at,version}',
    '{project_deleted_at,scored_at,search}', null),
  ('analytics', '{}', 'project_id',
    '{id,project_id,publication_id,account_id,platform,fetched_at,source,likes,comments,shares,views,impressions,reach,saves,
      clicks,engagement_rate,demographics,metrics_by_time,created_at}',
    '{raw}', null),
  ('webhooks', '{created_by}', 'project_id',
    '{id,project_id,created_by,url,description,events,is_active,failing_since,created_at,updated_at,deleted_at,version}',
    '{previous_secret_expires_at,previous_secret_sealed,secret_sealed}', null),
  ('audit_log', '{user_id}', null,
    '{id,occurred_at,actor,user_id,session_id,api_key_id,request_id,project_id,table_name,row_id,operation,old_values,
      new_values}',
    '{ip_sealed,personal_sealed,subject_id}', null),
  ('account_tokens', '{}', null, '{}', '{}',
    'Tokens of the platforms, sealed: secrets of the connection, of no use elsewhere.'),
  ('account_health_checks', '{}', null, '{}', '{}',
    'Measurements of connections, kept 30 days; the last one is in social_accounts.'),
  ('rate_budgets', '{}', null, '{}', '{}',
    'What is left of the platforms limits at this minute.'),
  ('analytics_rollups', '{}', null, '{}', '{}',
    'Computed from analytics, which is in the export.'),
  ('analytics_touched', '{}', null, '{}', '{}',
    'A queue of what is to be computed.'),
  ('audit_keys', '{}', null, '{}', '{}',
    'The key that hides personal values in the log.'),
  ('email_verification_tokens', '{}', null, '{}', '{}',
    'Hashes of tokens.'),
  ('password_reset_tokens', '{}', null, '{}', '{}',
    'Hashes of tokens.'),
  ('oauth_states', '{}', null, '{}', '{}',
    'Sign-ins under way, for minutes.'),
  ('feed_items', '{}', null, '{}', '{}',
    'A ranking that is computed anew when it is asked for.'),
  ('realtime_connections', '{}', null, '{}', '{}',
    'Connections that are open at this moment.'),
  ('outbox_events', '{}', null, '{}', '{}',
    'What is on its way out, for minutes; sent mails are emptied.'),
  ('webhook_deliveries', '{}', null, '{}', '{}',
    'Copies of events, kept 30 days.'),
  ('idempotency_keys', '{}', null, '{}', '{}',
    'Answers to repeated requests, kept a day.'),
  ('import_ids', '{}', null, '{}', '{}',
    'What became what in an import; the rows themselves are in the export.');

create table account_exports (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  state text not null default 'waiting',
  created_at timestamptz not null default app.now(),
  started_at timestamptz,
  completed_at timestamptz,
  expires_at timestamptz,
  lease_token uuid,
  lease_until timestamptz,
  attempts integer not null default 0,
  cursor jsonb not null default '{}',
  parts jsonb not null default '[]',
  steps_done integer not null default 0,
  steps_total integer not null default 0,
  bytes bigint not null default 0,
  failure_reason text,
  constraint account_exports_pkey primary key (id),
  constraint account_exports_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint account_exports_state_known check (state in ('waiting', 'running', 'ready', 'failed')),
  constraint account_exports_parts_array check (jsonb_typeof(parts) = 'array'),
  constraint account_exports_cursor_object check (jsonb_typeof(cursor) = 'object'),
  constraint account_exports_ready_expires check (state <> 'ready' or (completed_at is not null and expires_at is not null)),
  constraint account_exports_numbers_natural check (attempts >= 0 and steps_done >= 0 and steps_total >= 0 and bytes >= 0)
);
comment on table account_exports is
  'Exports of accounts. Files are written part by part; what a part holds is noted with it, so that whoever is killed is followed by somebody who goes on after the last one. Objects are exports/<id>/<number>.zip.';
comment on column account_exports.cursor is 'Where the next part begins.';
comment on column account_exports.parts is 'Parts that are complete: number and bytes.';
comment on column account_exports.bytes is 'Of the complete parts and what is written of the next.';
create unique index account_exports_open_key on account_exports (user_id) where state in ('waiting', 'running');
create index account_exports_user_id_idx on account_exports (user_id, id desc);
create index account_exports_open_idx on account_exports (created_at) where state in ('waiting', 'running');
create index account_exports_expires_at_idx on account_exports (expires_at) where expires_at is not null;
alter table account_exports enable row level security;
create policy account_exports_own on account_exports for all to posthaste_api using (user_id = (select app.user_id()));
create policy account_exports_worker on account_exports for all to posthaste_worker using (true) with check (true);
grant select (id, user_id, state, created_at, started_at, completed_at, expires_at, parts, steps_done, steps_total, bytes, failure_reason),
  delete on account_exports to posthaste_api;
grant select, update, delete on account_exports to posthaste_worker;
create trigger account_exports_audit after insert or update or delete on account_exports for each row
  execute function app.audit('{id}', '', 'user_id', '{state,expires_at}', '{}', '{}');

-- The part that is being written may lie there already, unnoted.
create function app.drop_export_objects() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  insert into outbox_events (kind, payload) values ('objects.deleted', jsonb_build_object('keys', (
    select jsonb_agg('exports/' || old.id || '/' || n || '.zip') from generate_series(1, jsonb_array_length(old.parts) + 1) n)));
  return null;
end
$$;
create trigger account_exports_objects after delete on account_exports for each row execute function app.drop_export_objects();

create function app.begin_export() returns table (outcome text, id uuid)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  made uuid;
begin
  insert into account_exports as e (user_id) values (app.user_id())
  on conflict do nothing
  returning e.id into made;
  if made is null then
    return query select 'export_running', null::uuid;
    return;
  end if;
  perform app.audit_access('export.account', null, jsonb_build_object('exportId', made));
  return query select 'ok', made;
end
$$;
grant execute on function app.begin_export() to posthaste_api;

create function app.owned_projects(person uuid) returns uuid[]
language sql stable security definer set search_path = public, pg_temp
as $$
  select coalesce(array_agg(c.project_id order by c.project_id), '{}') from project_collaborators c join projects p on p.id = c.project_id
  where c.user_id = person and c.role = 'owner' and p.deleted_at is null
$$;
comment on function app.owned_projects is 'Granted to nobody: exports and deletions of accounts ask it.';

-- A page of a table: first what names the person, outside of their projects, then their projects' rows; each in the order of its
-- key. Only for an export that runs, and only the columns of export_tables.
create function app.export_page(export uuid, token uuid, table_name text, of_projects boolean, after jsonb, row_limit integer)
returns table (line text, at_key jsonb)
language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
  person uuid;
  owned uuid[];
  rules export_tables;
  keys text[];
  names text;
  key_names text;
  condition text;
  size integer := 0;
  r record;
begin
  select e.user_id into person from account_exports e where e.id = export and e.state = 'running' and e.lease_token = token;
  select * into rules from export_tables t where t.name = export_page.table_name and t.left_out_because is null;
  if person is null or rules.name is null or to_regclass(quote_ident(rules.name)) is null then
    return;
  end if;
  owned := app.owned_projects(person);
  if of_projects and rules.project_column is null or not of_projects and cardinality(rules.person_columns) = 0 then
    return;
  end if;
  -- What a later version of the table has no more is left out.
  select string_agg(quote_ident(a.attname), ', ' order by c.place) into names
  from unnest(rules.columns) with ordinality c (name, place)
  join pg_attribute a on a.attrelid = to_regclass(quote_ident(rules.name)) and a.attname = c.name and not a.attisdropped and a.attnum > 0;
  select array_agg(a.attname::text order by k.place) into keys
  from pg_index i, unnest(i.indkey::smallint[]) with ordinality k (number, place), pg_attribute a
  where i.indrelid = to_regclass(quote_ident(rules.name)) and i.indisprimary and a.attrelid = i.indrelid and a.attnum = k.number;
  if of_projects and rules.project_column <> all (keys) then
    keys := array[rules.project_column] || keys;
  end if;
  select string_agg('t.' || quote_ident(k), ', ') into key_names from unnest(keys) k;
  if of_projects then
    condition := format('t.%I = any ($2)', rules.project_column);
  else
    select '(' || string_agg(format('t.%I = $1', p), ' or ') || ')' into condition from unnest(rules.person_columns) p;
    if rules.project_column is not null then
      condition := condition || format(' and t.%I <> all ($2)', rules.project_column);
    end if;
  end if;
  if after is not null then
    condition := condition || format(' and (%s) > (%s)', key_names, (
      select string_agg(format('($3 ->> %L)::%s', k.name, format_type(a.atttypid, a.atttypmod)), ', ' order by k.place)
      from unnest(keys) with ordinality k (name, place)
      join pg_attribute a on a.attrelid = to_regclass(quote_ident(rules.name)) and a.attname = k.name));
  end if;
  for r in execute format(
    'select to_jsonb(q)::text as line, t.export_key as at_key
     from (select jsonb_build_object(%1$s) as export_key, t.* from %2$I t where %3$s order by %4$s limit $4) t
     cross join lateral (select %5$s) q order by %4$s',
    (select string_agg(format('%L, t.%I', k, k), ', ') from unnest(keys) k), rules.name, condition, key_names,
    (select string_agg('t.' || n, ', ') from unnest(string_to_array(names, ', ')) n))
    using person, owned, after, row_limit
  loop
    line := r.line;
    at_key := r.at_key;
    return next;
    -- The Data API answers a megabyte at most.
    size := size + length(line);
    exit when size > 300000;
  end loop;
end
$$;
comment on function app.export_page is 'At most row_limit rows and about 300,000 characters, a row at least; nothing once there are no more.';
grant execute on function app.export_page(uuid, uuid, text, boolean, jsonb, integer) to posthaste_worker;

create function app.export_files(export uuid, token uuid, after uuid, row_limit integer)
returns table (media_id uuid, project_id uuid, file_name text, renditions jsonb)
language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
  person uuid;
  owned uuid[];
begin
  select e.user_id into person from account_exports e where e.id = export and e.state = 'running' and e.lease_token = token;
  owned := app.owned_projects(person);
  return query
    select f.id, f.project_id, f.file_name, coalesce((
      select jsonb_agg(jsonb_build_object('name', r.name, 'key', r.object_key, 'bytes', r.bytes) order by r.name)
      from media_renditions r where r.project_id = f.project_id and r.media_id = f.id), '[]')
    from (
      (select m.id, m.project_id, m.file_name from media m
       where m.project_id = any (owned) and m.deleted_at is null and (after is null or m.id > after) order by m.id limit row_limit)
      union
      (select m.id, m.project_id, m.file_name from media m
       where m.created_by = person and m.deleted_at is null and (after is null or m.id > after) order by m.id limit row_limit)
    ) f
    order by f.id limit row_limit;
end
$$;
comment on function app.export_files is 'Media of one''s projects, and those that one brought into others'', by id.';
grant execute on function app.export_files(uuid, uuid, uuid, integer) to posthaste_worker;
