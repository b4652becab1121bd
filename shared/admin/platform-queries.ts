/** What administrators do with platforms. The apps themselves lie in Secrets Manager: here it is noted who touched them. */
import { z } from 'zod';
import { query } from '../db/statement.ts';

const outcome = z.object({ outcome: z.string() });

export const switchPlatform = query({ name: 'switchPlatform', kind: 'actor', access: 'guarded', row: outcome })<{
  platform: string;
  enabled: boolean;
}>`
  select outcome from app.switch_platform(${'platform'}, ${'enabled'}::boolean)`;

/** Says who may, before the secret is touched. */
export const notePlatformApp = query({ name: 'notePlatformApp', kind: 'actor', access: 'guarded', row: outcome })<{
  platform: string | null;
  action: string;
}>`
  select outcome from app.note_platform_app(${'platform'}, ${'action'})`;

export const listSwitches = query({
  name: 'listSwitches',
  kind: 'actor',
  access: 'read',
  row: z.object({ name: z.string(), displayName: z.string(), enabled: z.boolean() }),
})<Record<never, never>>`
  select p.name, p.display_name, p.enabled from platforms p order by p.name`;
