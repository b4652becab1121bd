import * as accounts from './accounts.ts';
import * as analytics from './analytics.ts';
import * as approvals from './approvals.ts';
import * as audit from './audit.ts';
import * as community from './community.ts';
import * as content from './content.ts';
import * as factors from './factors.ts';
import type { Violations } from './format.ts';
import * as identity from './identity.ts';
import * as media from './media.ts';
import * as messaging from './messaging.ts';
import * as projects from './projects.ts';
import * as publishing from './publishing.ts';

const areas = [
  identity,
  factors,
  projects,
  accounts,
  media,
  content,
  publishing,
  approvals,
  analytics,
  community,
  messaging,
  audit,
];

export const violations: Violations = Object.assign({}, ...areas.map((area) => area.violations));
