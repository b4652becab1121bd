/** What must hold of the generated types: nothing in them is `any`, and what the API refuses does not compile. */

import type createClient from 'openapi-fetch';
import type { components, operations, paths } from '#api';

type IsAny<T> = 0 extends 1 & T ? true : false;
/** Whether `any` stands somewhere in it. */
type Leaks<T, Depth extends 0[] = []> =
  IsAny<T> extends true
    ? true
    : Depth['length'] extends 12
      ? false
      : T extends readonly (infer Item)[]
        ? Leaks<Item, [...Depth, 0]>
        : T extends object
          ? true extends { [K in keyof T]-?: Leaks<T[K], [...Depth, 0]> }[keyof T]
            ? true
            : false
          : false;
type Leaking<All> = { [K in keyof All]: true extends Leaks<All[K]> ? K : never }[keyof All];

const leaking: readonly [Leaking<operations>, Leaking<components['schemas']>] extends readonly [never, never]
  ? 'none'
  : readonly [Leaking<operations>, Leaking<components['schemas']>] = 'none';

/** The check itself sees an `any` that is deep inside. */
const seen: true extends Leaks<{ a: { b: readonly ReturnType<typeof JSON.parse>[] }[] }> ? 'seen' : 'missed' = 'seen';

declare const client: ReturnType<typeof createClient<paths>>;
export const mistakes = [
  leaking,
  seen,
  // @ts-expect-error: there is no such path
  () => client.GET('/v1/nothing'),
  // @ts-expect-error: the path does not take this method
  () => client.DELETE('/v1/posts'),
  // @ts-expect-error: a project has a name
  () => client.POST('/v1/projects', { body: {} }),
  // @ts-expect-error: no such state
  () => client.GET('/v1/posts', { params: { query: { status: 'lost' } } }),
  // @ts-expect-error: a path has its parameters
  () => client.GET('/v1/posts/{postId}'),
  // @ts-expect-error: a field that nobody declared
  async () => (await client.GET('/v1/me')).data?.passwordHash,
];
