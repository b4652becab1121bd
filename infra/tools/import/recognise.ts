/** Whose database it is: two systems have a table `users`, and rows that were read as another system's would be wrong for ever. */
import type { SeedMap } from './seed-map.ts';
import type { Source } from './source.ts';
import { type SystemName, systemNames, systems } from './systems.ts';

/** Throws a sentence where the database is none of this system, or looks more like another one. */
export async function refuseOtherSystem(source: Source, map: SeedMap, from: SystemName): Promise<void> {
  const own = await describedColumns(source, map, from);
  let best = { name: from, columns: own };
  for (const name of systemNames) {
    const columns = name === from ? own : await describedColumns(source, map, name);
    if (columns > best.columns) best = { name, columns };
  }
  if (best.columns === 0)
    throw new Error(`nothing was taken: the database has no table of ${from}; does --url name the right one?`);
  if (best.name !== from)
    throw new Error(
      `nothing was taken: this looks like a database of ${best.name} (${best.columns} of its columns are there, of ${from} ${own}); say --from ${best.name}`,
    );
}

/** How many columns that the system's documents describe are there. */
async function describedColumns(source: Source, map: SeedMap, name: SystemName): Promise<number> {
  const { seed, tables } = systems[name];
  let found = 0;
  for (const { table } of tables) {
    const described = Object.keys(map.columns[`${seed}.${table}`]?.columns ?? {});
    const present = await source.columnsOf(table);
    found += present.filter((column) => described.includes(column.name)).length;
  }
  return found;
}
