/** What one run of the importer is given. */
import type { SystemPlan } from './plan.ts';
import type { Reporter } from './report.ts';
import type { SeedMap } from './seed-map.ts';
import type { Source } from './source.ts';
import type { Writer } from './target.ts';

export interface ImportJob {
  readonly plan: SystemPlan;
  readonly map: SeedMap;
  readonly source: Source;
  readonly writer: Writer;
  readonly seal: (plain: string, binding: string) => Promise<string>;
  /** Tells one source from another in the ids that are made: the label of the run. */
  readonly system: string;
  readonly now: Date;
  readonly platforms: ReadonlyMap<string, string | null>;
  readonly reporter: Reporter;
  readonly batchSize: number;
}
