/** What is asked of user_preferences. Without a row all defaults hold. */
import { z } from 'zod';
import type { Json } from '../db/parameters.ts';
import { query } from '../db/statement.ts';
import { Preferences } from './shapes.ts';

export const getPreferences = query({ name: 'getPreferences', kind: 'actor', access: 'read', row: Preferences })<
  Record<never, never>
>`
  select p.time_zone, to_char(p.default_posting_time, 'HH24:MI') as default_posting_time,
    coalesce(p.email_notifications, true) as email_notifications, coalesce(p.post_failure_alerts, true) as post_failure_alerts,
    coalesce(p.enable_ai_optimization, true) as ai_optimization, p.content_tone, coalesce(p.extra, '{}') as extra,
    coalesce(p.version, 0) as version
  from (select 1) one left join user_preferences p on p.user_id = (select app.user_id())`;

/** Changes the fields that the patch names. */
export const updatePreferences = query({
  name: 'updatePreferences',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string(), ...Preferences.shape }),
})<{ patch: Json; expectedVersion: number | null }>`
  with given as (
    select ${'patch'}::jsonb as patch
  ), before as (
    select p.version from user_preferences p where p.user_id = (select app.user_id())
  ), done as (
    insert into user_preferences as p (user_id, time_zone, default_posting_time, email_notifications, post_failure_alerts,
      enable_ai_optimization, content_tone, extra)
    select app.user_id(), g.patch ->> 'timeZone', (g.patch ->> 'defaultPostingTime')::time,
      coalesce((g.patch ->> 'emailNotifications')::boolean, true), coalesce((g.patch ->> 'postFailureAlerts')::boolean, true),
      coalesce((g.patch ->> 'aiOptimization')::boolean, true), g.patch ->> 'contentTone', coalesce(g.patch -> 'extra', '{}')
    from given g left join before b on true
    where ${'expectedVersion'}::integer is null or ${'expectedVersion'}::integer = coalesce(b.version, 0)
    on conflict on constraint user_preferences_user_id_key do update
    set time_zone = case when (select g.patch ? 'timeZone' from given g) then excluded.time_zone else p.time_zone end,
      default_posting_time = case when (select g.patch ? 'defaultPostingTime' from given g) then excluded.default_posting_time
        else p.default_posting_time end,
      email_notifications = case when (select g.patch ? 'emailNotifications' from given g) then excluded.email_notifications
        else p.email_notifications end,
      post_failure_alerts = case when (select g.patch ? 'postFailureAlerts' from given g) then excluded.post_failure_alerts
        else p.post_failure_alerts end,
      enable_ai_optimization = case when (select g.patch ? 'aiOptimization' from given g) then excluded.enable_ai_optimization
        else p.enable_ai_optimization end,
      content_tone = case when (select g.patch ? 'contentTone' from given g) then excluded.content_tone else p.content_tone end,
      extra = case when (select g.patch ? 'extra' from given g) then excluded.extra else p.extra end
    where ${'expectedVersion'}::integer is null or p.version = ${'expectedVersion'}::integer
    returning p.*
  )
  select case when d.id is not null then 'ok' else 'stale' end as outcome, d.time_zone,
    to_char(d.default_posting_time, 'HH24:MI') as default_posting_time, d.email_notifications, d.post_failure_alerts,
    d.enable_ai_optimization as ai_optimization, d.content_tone, d.extra, d.version
  from (select 1) one left join done d on true`;
