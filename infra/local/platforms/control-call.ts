/** What the control calls of all platforms share. */
import { z } from 'zod';
import { type Answer, type Incoming, Refusal, type Route } from './http-server.ts';

/** What each simulator lends to the control calls that concern all of them. */
export interface PlatformControl {
  readonly routes: readonly Route[];
  posts(): readonly unknown[];
  settings(change: unknown): unknown;
  reset(): void;
}

/** The JSON body, checked. An empty body counts as `{}`. */
export function bodyOf<Schema extends z.ZodType>(incoming: Incoming, schema: Schema): z.output<Schema> {
  const text = incoming.body.toString('utf8');
  try {
    return schema.parse(text === '' ? {} : JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw new Refusal({ status: 400, body: { error: 'not JSON' } });
    throw error;
  }
}

export function ok(body: unknown = {}): Answer {
  return { status: 200, body };
}

export const crowdRequest = z.strictObject({ count: z.int().min(0).max(100) });
