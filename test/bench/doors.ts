/** How long door files are, and how many Data API calls each route makes when it is used once. */
import { readFile } from 'node:fs/promises';
import { type Door, listDoors } from '../../infra/doors.ts';
import { driveAllRoutes } from './drive.ts';
import { type LogLine, startHostProcess } from './host-process.ts';
import { type Cell, percentile, printTable } from './table.ts';

export async function benchDoors(): Promise<void> {
  const doors = await listDoors();
  await printLines(doors);
  const host = await startHostProcess({ platforms: true });
  try {
    await driveAllRoutes(host);
    printCalls(doors, await host.logged());
  } finally {
    await host.stop();
  }
}

async function printLines(doors: readonly Door[]): Promise<void> {
  const linesOf = async ({ file }: Door) => (await readFile(file, 'utf8')).trimEnd().split('\n').length;
  const row = async (name: string, some: readonly Door[]): Promise<Cell[]> => {
    const lines = await Promise.all(some.map(linesOf));
    return [name, some.length, ...[0, 0.5, 0.9, 1].map((share) => percentile(lines, share))];
  };
  const ofKind = (kind: string) => doors.filter(({ contract }) => contract.kind === kind);
  printTable(
    'doors: lines of their files',
    ['doors', 'files', 'min', 'median', 'p90', 'max'],
    [
      await row('endpoints', ofKind('endpoint')),
      await row('workers', ofKind('worker')),
      await row('schedules', ofKind('schedule')),
      await row('all', doors),
    ],
  );
}

interface Route {
  readonly operation: string;
  readonly route: string;
  /** Of each time it was used with success. */
  readonly calls: readonly number[];
}

function printCalls(doors: readonly Door[], lines: readonly LogLine[]): void {
  const routes = doors.flatMap(({ operation, contract }): Route[] => {
    if (contract.kind !== 'endpoint') return [];
    const route = contract.path === '$default' ? '$default' : `${contract.method} ${contract.path}`;
    return [{ operation, route, calls: callsOf(operation, contract.path === '$default', lines) }];
  });
  printTable(
    'Data API calls per route, each used once with success',
    ['route', 'calls'],
    routes.map(({ route, calls }) => [route, calls.length === 0 ? 'not driven' : span(calls)]),
  );
  const driven = routes.filter(({ calls }) => calls.length > 0).map(({ calls }) => Math.max(...calls));
  printTable(
    'routes by Data API calls (the most a route made)',
    ['calls', 'routes'],
    [...new Set(driven)]
      .sort((a, b) => a - b)
      .map((calls) => [String(calls), driven.filter((n) => n === calls).length]),
  );
  const left = routes.filter(({ calls }) => calls.length === 0).map(({ operation }) => operation);
  if (left.length > 0) throw new Error(`not driven: ${left.join(', ')} (test/bench/drive.ts)`);
}

function callsOf(operation: string, isDefault: boolean, lines: readonly LogLine[]): number[] {
  return lines.flatMap((line) => {
    const success = (line.status ?? 500) < 400 || isDefault;
    return line.message === 'request' && line.operation === operation && success ? [line.dataApiCalls ?? 0] : [];
  });
}

function span(calls: readonly number[]): string {
  const [least, most] = [Math.min(...calls), Math.max(...calls)];
  return least === most ? String(least) : `${least}-${most}`;
}
