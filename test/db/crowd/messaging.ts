import type { CrowdStep } from './format.ts';

export const crowd: readonly CrowdStep[] = [
  `insert into outbox_events (kind, payload, dispatched_at)
   select 'mail', '{}', case when n % 50 > 0 then app.now() - interval '1 day' end from generate_series(1, 5000) n`,
];
