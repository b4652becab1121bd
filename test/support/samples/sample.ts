/** What an area's file says of its doors: see test/README.md, "A row for a new door". */
import type { z } from 'zod';
import type { Person } from '../people.ts';
import type { World } from '../world.ts';

export type Fields = Readonly<Record<string, unknown>>;

export interface Sample {
  readonly params?: Readonly<Record<string, string>>;
  /** A filter by the owner's ids, for lists. */
  readonly query?: Readonly<Record<string, string>>;
  /** Bodies that the door takes, one for each form that it has. */
  readonly bodies?: readonly Fields[];
  /**
   * What a stranger gets who sends this. `missing`: 404, as for ids that nothing has. `empty`: a list without items.
   * `own`: the stranger's own things, or the same as everybody.
   */
  readonly stranger: 'missing' | 'empty' | 'own';
  /** What the owner gets, where it is not the declared success: status and code. */
  readonly owner?: readonly [status: number, code: string];
}

export type Rows = Readonly<Record<string, Sample>>;

/** Operation → sample, by when the owner can run it. */
export interface Samples {
  /** Change nothing that another row needs. */
  readonly reads?: Rows;
  /** Make and change things; what the seed made is there afterwards. */
  readonly writes?: Rows;
  /** Take away what the seed made: run last, the areas in reverse. */
  readonly ends?: Rows;
}

/** What a POST of the seed made. */
export async function made<S extends z.ZodType>(
  world: World,
  { token }: Person,
  path: string,
  json: Fields,
  shape: S,
): Promise<z.output<S>> {
  const answer = await world.call('POST', path, { token, json });
  if (answer.status !== 201) throw new Error(`POST ${path} answered ${answer.text}`);
  return answer.json(shape);
}
