/** Which routes the gateway has, and which methods a path takes: from contracts, and for doors, which do not know each other, from the OpenAPI document. */
import type { EndpointContract } from './contract.ts';

/**
 * Methods under which the gateway knows a door. A GET that needs no sign-in answers HEAD as well, so that a monitor or a
 * calendar may ask; one that leads elsewhere or uses something up does not, since what follows it would happen.
 */
export function methodsOfDoor(door: Pick<EndpointContract, 'method' | 'auth' | 'status' | 'once'>) {
  const { method, auth, status, once = false } = door;
  const isOpen = auth === 'public' || auth === 'page';
  return method === 'GET' && isOpen && status === 200 && !once ? (['GET', 'HEAD'] as const) : ([method] as const);
}

/** In capitals; none for a path that no route has. */
export function methodsOf(paths: Readonly<Record<string, object>>, path: string): readonly string[] {
  const exact = Object.hasOwn(paths, path);
  const templates = Object.keys(paths).filter((template) => (exact ? template === path : fits(template, path)));
  const methods = templates.flatMap((template) =>
    Object.entries(paths[template] ?? {}).flatMap(([name, operation]) => {
      const method = name.toUpperCase();
      return method === 'GET' && isOpen(operation) ? [method, 'HEAD'] : [method];
    }),
  );
  return [...new Set(methods)].sort();
}

interface Operation {
  readonly security?: readonly object[];
  readonly responses?: object;
  readonly 'x-once'?: boolean;
}

function isOpen({ security, responses = {}, 'x-once': once = false }: Operation): boolean {
  return security?.length === 0 && Object.hasOwn(responses, '200') && !once;
}

function fits(template: string, path: string): boolean {
  const expected = template.split('/');
  const actual = path.split('/');
  return (
    expected.length === actual.length &&
    expected.every((segment, index) => (/^\{\w+\}$/.test(segment) ? actual[index] !== '' : segment === actual[index]))
  );
}
