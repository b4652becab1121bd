/** The table of all doors, by the areas of functions/. */
import { accounts } from './accounts.ts';
import { admin } from './admin.ts';
import { analytics } from './analytics.ts';
import { apiKeys } from './api-keys.ts';
import { audit } from './audit.ts';
import { auth } from './auth.ts';
import { community } from './community.ts';
import { content } from './content.ts';
import { hashtags } from './hashtags.ts';
import { invitations } from './invitations.ts';
import { me } from './me.ts';
import { media } from './media.ts';
import { posts } from './posts.ts';
import { projects } from './projects.ts';
import { publications } from './publications.ts';
import { reports } from './reports.ts';
import type { Row } from './row.ts';
import { system } from './system.ts';

export const rows: Readonly<Record<string, Row>> = {
  ...accounts,
  ...admin,
  ...analytics,
  ...apiKeys,
  ...audit,
  ...auth,
  ...community,
  ...content,
  ...hashtags,
  ...invitations,
  ...me,
  ...media,
  ...posts,
  ...projects,
  ...publications,
  ...reports,
  ...system,
};
