import type { Violations } from './format.ts';

export const violations: Violations = {};
