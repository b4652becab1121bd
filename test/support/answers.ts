/**
 * What every door answered while the tests ran, by operation and code of the problem. Each world writes its own file into one
 * folder of the run; `answers-reporter.ts` compares them with the declarations when the run is over.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { z } from 'zod';
import type { Door } from '../../infra/doors.ts';
import type { Invocation } from '../../infra/local/invoke.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the run; absent where nobody compares. */
    answers?: string;
  }
}

/** Codes that nobody can bring about although the declaration implies them, with the reason. */
export const NEVER: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  validatePost: { idempotency_in_flight: 'it writes nothing, so that nothing ever runs under its key' },
};

type Invoke = (operation: string, event: unknown) => Promise<Invocation>;

/** One answer: the code of a problem, or `ok`; and the names of its header fields. */
export const answered = z.object({
  operation: z.string(),
  code: z.string(),
  status: z.int(),
  fields: z.array(z.string()),
});

const result = z.looseObject({ statusCode: z.int(), headers: z.record(z.string(), z.unknown()).optional() });

/** The same invoker, whose endpoints' answers are written down, each kind once. */
export function recorded(doors: readonly Door[], invoke: Invoke): Invoke {
  const folder = inject('answers');
  if (folder === undefined) return invoke;
  const file = join(folder, `${process.pid}.jsonl`);
  const endpoints = new Set(
    doors.filter(({ contract }) => contract.kind === 'endpoint').map(({ operation }) => operation),
  );
  const seen = new Set<string>();
  return async (operation, event) => {
    const invocation = await invoke(operation, event);
    if (endpoints.has(operation) && invocation.kind === 'ok') {
      const line = JSON.stringify({ operation, ...kindOf(invocation.payload) });
      if (!seen.has(line)) appendFileSync(file, `${line}\n`);
      seen.add(line);
    }
    return invocation;
  };
}

function kindOf(payload: string): Omit<z.output<typeof answered>, 'operation'> {
  const { statusCode, headers = {} } = result.parse(JSON.parse(payload));
  const code = statusCode < 400 ? 'ok' : codeOfLink(String(headers.link));
  return { code, status: statusCode, fields: Object.keys(headers).toSorted() };
}

/** A problem's code by the field that leads to its row in `/errors`: it comes with pages as well. */
export function codeOfLink(link: string): string {
  const [, code] = /^<\/errors#(\w+)>; rel="help"$/.exec(link) ?? [];
  if (code === undefined) throw new Error(`${link} does not lead to an error`);
  return code;
}
