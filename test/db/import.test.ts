/** Who comes from one of the five systems finds everything again: each column, where sql/seed-map.json says, as what it was. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mappingsOf, readSeedMap } from '../../infra/tools/import/seed-map.ts';
import { type SystemName, systemNames, systems } from '../../infra/tools/import/systems.ts';
import { openWorld, type World } from '../support/world.ts';
import { readBack, sameValue } from './seeds/compare.ts';
import { rows as creatornexus } from './seeds/creatornexus.ts';
import type { SeedRow } from './seeds/fill.ts';
import { bring, type Owner, openOwner, type Spoken } from './seeds/owner.ts';
import { rows as segmint } from './seeds/segmint.ts';
import { rows as smmp } from './seeds/smmp.ts';
import { rows as socialLive } from './seeds/social-live.ts';
import { rows as socialflow } from './seeds/socialflow.ts';

const seedRows: Readonly<Record<SystemName, readonly SeedRow[]>> = {
  socialflow,
  smmp,
  segmint,
  creatornexus,
  'social-live': socialLive,
};

const map = await readSeedMap();
const checklist: { readonly columns: Readonly<Record<string, readonly string[]>> } = JSON.parse(
  await readFile(new URL('../../sql/seed-checklist.json', import.meta.url), 'utf8'),
);

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const counts = async () =>
  world.sql(`select c.relname as name, (xpath('/row/n/text()', query_to_xml('select count(*) as n from public.' || quote_ident(c.relname), false, true, '')))[1]::text::integer as rows
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1`);

describe.each(systemNames)('%s', (system) => {
  const { seed, tables } = systems[system];
  let owner: Owner;
  let first: Spoken;
  beforeAll(async () => {
    owner = await openOwner(system, seedRows[system]);
    const before = await counts();
    const dry = await bring(system, owner.url, { dryRun: true });
    expect(await counts(), 'a dry run keeps nothing').toEqual(before);
    first = await bring(system, owner.url);
    expect(dry.complained).toEqual(first.complained);
    await world.sql('select app.refresh_popular_posts()');
  });
  afterAll(() => owner.database.drop());

  it('has a schema with every column that its document gives', async () => {
    const client = await owner.database.connect();
    const { rows } = await client.query<{ place: string }>(
      `select c.relname || '.' || a.attname as place from pg_attribute a join pg_class c on c.oid = a.attrelid
       where c.relnamespace = 'public'::regnamespace and a.attnum > 0 and c.relkind in ('r', 'm')`,
    );
    await client.end();
    const there = new Set(rows.map(({ place }) => place));
    const wanted = Object.entries(checklist.columns)
      .filter(([table]) => table.startsWith(seed) && table !== '000.every entity')
      .flatMap(([table, columns]) => columns.map((column) => `${table.slice(4)}.${column}`))
      .filter((place) => !/\.\*$|\(/.test(place));
    expect(wanted.filter((place) => !there.has(place))).toEqual([]);
  });

  it('finds JSON only where it had JSON', async () => {
    const client = await owner.database.connect();
    const { rows } = await client.query<{ place: string }>(
      `select c.relname || '.' || a.attname as place from pg_attribute a join pg_class c on c.oid = a.attrelid
       where c.relnamespace = 'public'::regnamespace and a.atttypid in ('json'::regtype, 'jsonb'::regtype)`,
    );
    await client.end();
    const ours = await world.sql(
      `select c.relname || '.' || a.attname as place from pg_attribute a join pg_class c on c.oid = a.attrelid
       where c.relnamespace = 'public'::regnamespace and a.atttypid = 'jsonb'::regtype`,
    );
    const json = new Set([...ours.map(({ place }) => String(place)), ...rows.map(({ place }) => `${seed}.${place}`)]);
    const wrong = Object.keys(map.columns)
      .filter((name) => name.startsWith(seed))
      .flatMap((name) =>
        mappingsOf(map, name).map(({ column, table, place }) => [`${name}.${column}`, `${table}.${place}`]),
      )
      .filter(([from = '', to = '']) => json.has(to) && !json.has(from));
    expect(wrong).toEqual([]);
  });

  it('comes in whole', () => {
    expect(first.complained).toEqual([]);
    for (const table of first.report.tables) expect([table.name, table.taken]).toEqual([table.name, table.total]);
    expect(first.report.tables.filter(({ missing }) => missing)).toEqual([]);
    const filled = [...owner.filled]
      .filter(
        ([name]) => !tables.some(({ table }) => table === name) && map.columns[`${seed}.${name}`]?.rows === undefined,
      )
      .map(([name]) => name);
    expect(filled, 'tables that no plan reads').toEqual([]);
  });

  const seedTables = Object.keys(map.columns).filter((name) => name.startsWith(seed) && name !== '000.every entity');
  it.each(seedTables)('%s reads back as it was, column by column', async (seedTable) => {
    const table = seedTable.slice(4);
    const wrong: unknown[] = [];
    for (const mapping of mappingsOf(map, seedTable).filter(({ place }) => place !== null)) {
      const rows = owner.filled.get(table) ?? [];
      const told = rows.filter((row) => row[mapping.column] !== null && row[mapping.column] !== undefined);
      if (told.length === 0) wrong.push(`${mapping.column}: no row has a value`);
      for (const row of told) {
        const ours = await readBack(world.sql, { system, map, seedTable, mapping, row, plan: tables });
        if (!(await sameValue(world.sql, { system, mapping, theirs: row[mapping.column], ours, filled: owner.filled })))
          wrong.push({
            column: mapping.column,
            at: `${mapping.table}.${mapping.place}`,
            theirs: row[mapping.column],
            ours,
          });
      }
    }
    expect(wrong).toEqual([]);
  });

  it('changes nothing when it comes again', async () => {
    const before = await counts();
    const again = await bring(system, owner.url);
    expect(await counts()).toEqual(before);
    expect(again.report.tables.map(({ taken }) => taken)).toEqual(again.report.tables.map(() => 0));
    expect(again.complained).toEqual([]);
  });
});
