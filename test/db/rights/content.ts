import type { RightsTable } from './format.ts';

export const rights: RightsTable = {};
