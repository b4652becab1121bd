/** Who may do what, of every table: the areas' expectations together. */
import * as accounts from './accounts.ts';
import * as analytics from './analytics.ts';
import * as approvals from './approvals.ts';
import * as audit from './audit.ts';
import * as community from './community.ts';
import * as content from './content.ts';
import * as factors from './factors.ts';
import type { Fill, RightsTable } from './format.ts';
import * as identity from './identity.ts';
import * as imports from './imports.ts';
import * as media from './media.ts';
import * as messaging from './messaging.ts';
import * as projects from './projects.ts';
import * as publishing from './publishing.ts';

interface Area {
  readonly rights: RightsTable;
  readonly fill?: Fill;
}

/** In the order in which they refer to each other. */
const areas: readonly Area[] = [
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
  imports,
];

export const rights: RightsTable = Object.assign({}, ...areas.map((area) => area.rights));

export const fills: readonly Fill[] = areas.flatMap(({ fill }) => fill ?? []);
