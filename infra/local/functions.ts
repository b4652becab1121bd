/** The doors as functions to invoke: from the bundles that Lambda would run, or from source. */
import { pathToFileURL } from 'node:url';
import type { EndpointContract } from '../../functions/_kit/contract.ts';
import type { Door } from '../doors.ts';
import type { LambdaHandler, LocalFunction } from './invoke.ts';
import type { Route } from './routes.ts';

const defaultTimeoutS = { endpoint: 29, worker: 60, schedule: 60 } as const;
const defaultMemoryMb = 512;

/** @param entryOf path of a door's bundle; without it the doors run from source */
export function functionsOf(doors: readonly Door[], entryOf?: (operation: string) => string): LocalFunction[] {
  return doors.map(({ operation, contract, handler }) => ({
    name: operation,
    timeoutS: contract.timeout ?? defaultTimeoutS[contract.kind],
    memoryMb: contract.memory ?? defaultMemoryMb,
    load: entryOf === undefined ? async () => handler : () => importHandler(entryOf(operation)),
  }));
}

async function importHandler(entry: string): Promise<LambdaHandler> {
  const exported: { readonly handler?: unknown } = await import(pathToFileURL(entry).href);
  const { handler } = exported;
  if (typeof handler !== 'function') throw new Error(`${entry} exports no handler`);
  return (event, context) => handler(event, context);
}

export function routesOf(doors: readonly Door[]): Route[] {
  return endpointsOf(doors).map(({ operation, contract }) => ({
    method: contract.method,
    path: contract.path,
    functionName: operation,
  }));
}

export function endpointsOf(doors: readonly Door[]): { operation: string; contract: EndpointContract }[] {
  return doors.flatMap(({ operation, contract }) => (contract.kind === 'endpoint' ? [{ operation, contract }] : []));
}

export function schedulesOf(doors: readonly Door[]): { name: string; everyMinutes: number }[] {
  return doors.flatMap(({ operation, contract }) =>
    contract.kind === 'schedule' ? [{ name: operation, everyMinutes: contract.everyMinutes }] : [],
  );
}
