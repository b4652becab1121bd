/** What administrators do with platforms. The apps themselves lie in Secrets Manager: here it is noted who touched them. */
import { z } from 'zod';
import { query } from '../db/statement.ts';

const outcome = z.object({ outcome: z.string() });

export const switchPlatform = query({ name: 'switchPlatform', kind: 'actor', access: 'guarded', row: outcome })<{
  platform: string;
  enabled: boolean;
  expectedVersion: number | null;
}>`
  select outcome from app.switch_platform(${'platform'}, ${'enabled'}::boolean, ${'expectedVersion'}::integer)`;

/** Says who may, and in which version, before the secret is touched. */
export const notePlatformApp = query({ name: 'notePlatformApp', kind: 'actor', access: 'guarded', row: outcome })<{
  platform: string | null;
  action: string;
  expectedVersion: number | null;
}>`
  select outcome from app.note_platform_app(${'platform'}, ${'action'}, ${'expectedVersion'}::integer)`;

export const listSwitches = query({
  name: 'listSwitches',
  kind: 'actor',
  access: 'read',
  row: z.object({ name: z.string(), displayName: z.string(), enabled: z.boolean(), version: z.int() }),
})<Record<never, never>>`
  select p.name, p.display_name, p.enabled, p.version from platforms p order by p.name`;
