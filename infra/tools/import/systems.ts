/** The five systems whose owners can come over. */
import { creatornexus } from './creatornexus.ts';
import type { SystemPlan } from './plan.ts';
import { segmint } from './segmint.ts';
import { smmp } from './smmp.ts';
import { socialLive } from './social-live.ts';
import { socialflow } from './socialflow.ts';

export const systems = {
  socialflow,
  smmp,
  segmint,
  creatornexus,
  'social-live': socialLive,
} as const satisfies Readonly<Record<string, SystemPlan>>;

export type SystemName = keyof typeof systems;
export const systemNames = [
  'socialflow',
  'smmp',
  'segmint',
  'creatornexus',
  'social-live',
] as const satisfies readonly SystemName[];
