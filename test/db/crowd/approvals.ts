import type { CrowdStep } from './format.ts';

export const crowd: readonly CrowdStep[] = [];
