/**
 * A statement for every CHECK, UNIQUE (constraint or index) and EXCLUDE constraint that violates exactly it. It runs as the
 * owner of the schema in the policy world, with the table's own triggers off, and is taken back.
 */
import type { PolicyWorld } from '../policy-world.ts';

export type Violations = Readonly<Record<string, string | ((world: PolicyWorld) => string)>>;
