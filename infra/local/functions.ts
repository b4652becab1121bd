/** The doors as functions to invoke: from the bundles that Lambda would run, or from source. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { EndpointContract } from '../../functions/_kit/contract.ts';
import { methodsOfDoor } from '../../functions/_kit/route-table.ts';
import { type Door, listDoors } from '../doors.ts';
import { bundleDoors } from '../tools/bundle.ts';
import type { LambdaHandler, LocalFunction } from './invoke.ts';
import type { HostOptions } from './options.ts';
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
  return endpointsOf(doors).flatMap(({ operation, contract }) =>
    methodsOfDoor(contract).map((method) => ({
      method,
      path: contract.path,
      functionName: operation,
      throttle: contract.throttle,
    })),
  );
}

export function endpointsOf(doors: readonly Door[]): { operation: string; contract: EndpointContract }[] {
  return doors.flatMap(({ operation, contract }) => (contract.kind === 'endpoint' ? [{ operation, contract }] : []));
}

export function schedulesOf(doors: readonly Door[]): { name: string; everyMinutes: number }[] {
  return doors.flatMap(({ operation, contract }) =>
    contract.kind === 'schedule' ? [{ name: operation, everyMinutes: contract.everyMinutes }] : [],
  );
}

/** Where platforms send a person back to after their consent screen. */
export function callbackPaths(doors: readonly Door[]): string[] {
  return endpointsOf(doors).flatMap(({ contract: { path } }) => (/\bcallback\b/.test(path) ? [path] : []));
}

export interface PreparedDoors {
  readonly doors: readonly Door[];
  /** Path of a door's bundle; undefined where the doors run from source. */
  readonly entryOf: ((operation: string) => string) | undefined;
}

/** Lists the doors and, unless they run from source, bundles what has changed. */
export async function prepareDoors(options: HostOptions, report: (line: string) => void): Promise<PreparedDoors> {
  const doors = await listDoors(options.doors);
  if (options.source === 'source') return { doors, entryOf: undefined };
  const { bundles, cached } = await bundleDoors({
    doors,
    ...(options.doors === undefined ? {} : { outDir: join(options.dataDir, 'functions') }),
  });
  if (!cached) report(`functions: ${bundles.length} bundled`);
  const entries = new Map(bundles.map(({ operation, entry }) => [operation, entry]));
  return {
    doors,
    entryOf: (operation: string) => {
      const entry = entries.get(operation);
      if (entry === undefined) throw new Error(`there is no bundle of ${operation}`);
      return entry;
    },
  };
}
