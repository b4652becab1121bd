import type { Violations } from './format.ts';

export const violations: Violations = {
  outbox_events_kind_known: "update outbox_events set kind = 'nothing.known'",
};
