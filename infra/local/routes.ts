/** Which function answers a request: the choice of an API Gateway HTTP API. */
import type { ThrottleSettings } from './throttle.ts';

export interface Route {
  /** Method in capitals, or `$default` for the route behind all others. */
  readonly method: string;
  /** Path with `{name}` parameters, or `$default`. */
  readonly path: string;
  readonly functionName: string;
  /** Counted for this route alone, besides the account's. */
  readonly throttle?: ThrottleSettings | undefined;
}

/** `GET /v1/posts/{id}` or `$default`. */
export function routeKeyOf({ method, path }: Pick<Route, 'method' | 'path'>): string {
  return method === '$default' ? '$default' : `${method} ${path}`;
}

export interface RouteMatch {
  /** `GET /v1/posts/{id}` or `$default`. */
  readonly routeKey: string;
  readonly functionName: string;
  readonly pathParameters: Readonly<Record<string, string>> | null;
}

/** Finds the route of a method and a decoded path; null where the gateway itself answers 404. */
export type Router = (method: string, path: string) => RouteMatch | null;

interface Pattern {
  readonly route: Route;
  /** A string is a literal segment, an object a parameter. */
  readonly segments: readonly (string | { readonly name: string })[];
}

/** Throws on two routes with one key and on patterns that this gateway does not know. */
export function createRouter(routes: readonly Route[]): Router {
  const patterns = new Map<string, Pattern[]>();
  const keys = new Set<string>();
  let fallback: RouteMatch | null = null;
  for (const route of routes) {
    const key = routeKeyOf(route);
    if (keys.has(key)) throw new Error(`two routes have the key ${key}`);
    keys.add(key);
    if (key === '$default') {
      fallback = { routeKey: key, functionName: route.functionName, pathParameters: null };
      continue;
    }
    const pattern = { route, segments: parsePattern(route.path) };
    const group = `${route.method} ${pattern.segments.length}`;
    patterns.set(group, [...(patterns.get(group) ?? []), pattern].sort(moreLiteralFirst));
  }
  return (method, path) => {
    const segments = path.slice(1).split('/');
    for (const pattern of patterns.get(`${method} ${segments.length}`) ?? []) {
      const match = matchPattern(pattern, segments);
      if (match !== null) return match;
    }
    return fallback;
  };
}

function parsePattern(path: string): Pattern['segments'] {
  if (!path.startsWith('/')) throw new Error(`the route path ${path} does not begin with /`);
  return path
    .slice(1)
    .split('/')
    .map((segment) => {
      const name = /^\{(\w+)\}$/.exec(segment)?.[1];
      if (name !== undefined) return { name };
      if (/[{}]/.test(segment)) throw new Error(`the route path ${path} has the unknown segment ${segment}`);
      return segment;
    });
}

function matchPattern(pattern: Pattern, segments: readonly string[]): RouteMatch | null {
  const parameters: Record<string, string> = {};
  for (const [index, expected] of pattern.segments.entries()) {
    const actual = segments[index] ?? '';
    if (typeof expected === 'string') {
      if (expected !== actual) return null;
    } else {
      if (actual === '') return null;
      parameters[expected.name] = actual;
    }
  }
  const { method, path, functionName } = pattern.route;
  const pathParameters = Object.keys(parameters).length === 0 ? null : parameters;
  return { routeKey: `${method} ${path}`, functionName, pathParameters };
}

/** The leftmost literal segment decides, so `/posts/validate` comes before `/posts/{id}`. */
function moreLiteralFirst(a: Pattern, b: Pattern): number {
  for (const [index, left] of a.segments.entries()) {
    const leftIsLiteral = typeof left === 'string';
    const rightIsLiteral = typeof b.segments[index] === 'string';
    if (leftIsLiteral !== rightIsLiteral) return leftIsLiteral ? -1 : 1;
  }
  return 0;
}
