/** Doors made by a test, behind the real gateway. */
import type { Context } from 'aws-lambda';
import type { Contract } from '../../functions/_kit/contract.ts';
import type { Door } from '../../infra/doors.ts';
import { functionsOf, routesOf } from '../../infra/local/functions.ts';
import { createGateway } from '../../infra/local/gateway.ts';
import { createInvoker } from '../../infra/local/invoke.ts';
import { LOG_SINK } from '../../shared/log.ts';

type TestHandler = ((event: never, context: never) => Promise<unknown>) & { readonly contract: Contract };

/** Serves the doors by operation name; the caller closes. */
export async function serveDoors(handlers: Readonly<Record<string, TestHandler>>) {
  const doors = Object.entries(handlers).map(
    ([operation, handler]): Door => ({
      area: 'test',
      name: operation.toLowerCase(),
      operation,
      file: import.meta.filename,
      contract: handler.contract,
      handler: Object.assign(
        (event: unknown, context: Context) => Reflect.apply(handler, undefined, [event, context]),
        { contract: handler.contract },
      ),
    }),
  );
  const invoker = createInvoker({ functions: functionsOf(doors), log: () => {} });
  const gateway = createGateway({ routes: routesOf(doors), invoke: invoker.invoke });
  const { origin } = await gateway.listen(0);
  return { origin, doors, close: gateway.close };
}

/** What the functions log while `work` runs, one parsed JSON line each. */
export async function logsOf(work: () => Promise<unknown>): Promise<Record<string, unknown>[]> {
  const lines: string[] = [];
  const before: unknown = Reflect.get(globalThis, LOG_SINK);
  Reflect.set(globalThis, LOG_SINK, (line: string) => void lines.push(line));
  try {
    await work();
  } finally {
    Reflect.set(globalThis, LOG_SINK, before);
  }
  return lines.map((line) => JSON.parse(line));
}
