/** Which methods a path takes, from the paths of the OpenAPI document: doors do not know each other. */

export interface TakenMethods {
  /** In capitals; none for a path that no route has. */
  readonly methods: readonly string[];
  /** A route has this very path, without parameters. */
  readonly exact: boolean;
}

export function methodsOf(paths: Readonly<Record<string, object>>, path: string): TakenMethods {
  const exact = Object.hasOwn(paths, path);
  const templates = Object.keys(paths).filter((template) => (exact ? template === path : fits(template, path)));
  const methods = templates.flatMap((template) => Object.keys(paths[template] ?? {}).map((name) => name.toUpperCase()));
  return { methods: [...new Set(methods)].sort(), exact };
}

function fits(template: string, path: string): boolean {
  const expected = template.split('/');
  const actual = path.split('/');
  return (
    expected.length === actual.length &&
    expected.every((segment, index) => (/^\{\w+\}$/.test(segment) ? actual[index] !== '' : segment === actual[index]))
  );
}
