/** How long door files are. */
import { readFile } from 'node:fs/promises';
import { type Door, listDoors } from '../../infra/doors.ts';
import { type Cell, percentile, printTable } from './table.ts';

export async function benchDoors(): Promise<void> {
  await printLines(await listDoors());
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
