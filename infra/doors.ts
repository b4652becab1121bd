/**
 * The list of all doors, read from the folder: nothing names a route, a queue worker or a schedule a second time.
 * Stacks, bundles, the local host, the OpenAPI document and the route-walking tests are loops over it.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Context } from 'aws-lambda';
import type { Contract } from '../functions/_kit/contract.ts';

export type DoorHandler = ((event: unknown, context: Context) => Promise<unknown>) & { readonly contract: Contract };

export interface Door {
  /** Folder under `functions/`. */
  readonly area: string;
  /** Kebab-case file name: `create-post`. */
  readonly name: string;
  /** The same in camelCase: `createPost`; operationId, construct id, name in logs and of the bundle. */
  readonly operation: string;
  /** Absolute path of the source file. */
  readonly file: string;
  readonly contract: Contract;
  readonly handler: DoorHandler;
}

const functionsFolder = fileURLToPath(new URL('../functions', import.meta.url));

/**
 * Imports every `<root>/<area>/<name>.ts` and returns the doors by area and name.
 * Throws when a file is no door, or when two doors claim the same operation, route or queue.
 */
export async function listDoors(root: string = functionsFolder): Promise<readonly Door[]> {
  const doors: Door[] = [];
  for (const area of await areasOf(root)) {
    const files = await readdir(path.join(root, area));
    for (const file of files.filter((name) => name.endsWith('.ts')).sort()) {
      doors.push(await readDoor(root, area, file));
    }
  }
  refuseTwice(doors, 'operation', (door) => door.operation);
  refuseTwice(doors, 'route', routeOf);
  refuseTwice(doors, 'queue', (door) => (door.contract.kind === 'worker' ? door.contract.queue : undefined));
  return doors;
}

async function areasOf(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const areas = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('_'));
  return areas.map((entry) => entry.name).sort();
}

async function readDoor(root: string, area: string, fileName: string): Promise<Door> {
  const file = path.join(root, area, fileName);
  const name = fileName.slice(0, -'.ts'.length);
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) throw new Error(`${file}: a door's file name is kebab-case`);
  const exported: Record<string, unknown> = await import(pathToFileURL(file).href);
  const handler = exported.handler;
  if (Object.keys(exported).length !== 1 || !isDoorHandler(handler)) {
    throw new Error(`${file}: a door exports one constant, "handler", made by endpoint, worker or schedule`);
  }
  refuseWrongPlace(file, area, handler.contract);
  const operation = name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return { area, name, operation, file, contract: handler.contract, handler };
}

function isDoorHandler(value: unknown): value is DoorHandler {
  if (typeof value !== 'function' || !('contract' in value)) return false;
  const contract = value.contract;
  if (typeof contract !== 'object' || contract === null || !('kind' in contract) || !('uses' in contract)) return false;
  return contract.kind === 'endpoint' || contract.kind === 'worker' || contract.kind === 'schedule';
}

const kindOfArea: Readonly<Record<string, Contract['kind']>> = { workers: 'worker', schedules: 'schedule' };

function refuseWrongPlace(file: string, area: string, contract: Contract): void {
  const expected = kindOfArea[area] ?? 'endpoint';
  if (contract.kind !== expected) throw new Error(`${file}: functions/${area} holds ${expected} doors only`);
  if (contract.kind === 'worker' && contract.batch > 10 && (contract.window ?? 0) < 1) {
    throw new Error(`${file}: Lambda takes a batch over 10 only with a window of at least one second`);
  }
  if (contract.kind === 'endpoint' && (contract.path === '$default') !== (contract.method === '$default')) {
    throw new Error(`${file}: method and path are "$default" together`);
  }
}

/** `GET /v1/posts/{}`: two routes that differ in a parameter's name alone are one to the gateway. */
function routeOf({ contract }: Door): string | undefined {
  if (contract.kind !== 'endpoint') return undefined;
  return `${contract.method} ${contract.path.replace(/\{[^}]*\}/g, '{}')}`;
}

function refuseTwice(doors: readonly Door[], what: string, keyOf: (door: Door) => string | undefined): void {
  const seen = new Map<string, string>();
  for (const door of doors) {
    const key = keyOf(door);
    if (key === undefined) continue;
    const first = seen.get(key);
    if (first !== undefined) throw new Error(`the ${what} "${key}" is claimed twice: ${first} and ${door.file}`);
    seen.set(key, door.file);
  }
}
