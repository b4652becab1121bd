/** Made-up rows are coherent, the same each time, never in the way of people's own, and go without a trace. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { clearSeed, loadSeed } from '../../../infra/tools/seed/load.ts';
import { type SeedName, scaled, seedNames, seedSets } from '../../../infra/tools/seed/sets.ts';
import { verifyDatabase } from '../../../infra/tools/verify.ts';
import { hashBy } from '../../../shared/auth/password.ts';
import { startDataApi } from '../../support/data-api.ts';
import { type OpenDatabase, openDatabase } from '../database.ts';
import { addPerson, addPost, addRow, addTenant } from '../seed.ts';

/** Ten seconds per statement, where the Data API gives 45. */
const hastyMs = 10_000;

vi.setConfig({ testTimeout: 180_000 });

let open: OpenDatabase;
let target: OpenDatabase['target'];
let close: () => Promise<void>;

beforeAll(async () => {
  open = await openDatabase();
  const hasty = await startDataApi(open.database, { limits: { statementTimeoutMs: hastyMs } });
  target = { ...open.target, client: hasty.client };
  close = hasty.close;
});
afterAll(async () => {
  await close();
  await open.close();
});

/** The log of changes stays, and counters are folded later. */
const without = ['audit_log', 'audit_keys', 'audit_unsealed', 'schema_migrations'];

async function counts(): Promise<Record<string, number>> {
  const tables = await open.sql(
    `select c.relname::text as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
       and not c.relispartition and c.relname <> all ($1) order by 1`,
    [without],
  );
  const found: Record<string, number> = {};
  for (const { name } of tables) {
    const [row] = await open.sql(`select count(*)::integer as rows from ${String(name)}`);
    found[String(name)] = Number(row?.rows);
  }
  return found;
}

const setOf = (name: SeedName) => (name === 'production-like' ? scaled(seedSets[name], 0.04) : seedSets[name]);

describe.each(seedNames)('%s', (name) => {
  const set = setOf(name);

  it('is coherent, and goes without a trace', async () => {
    const before = await counts();
    const { login, rows } = await loadSeed(target, set);
    const after = await counts();
    expect(rows).toBeGreaterThan(name === 'minimal' ? 10 : 1_000);
    expect(after.posts).toBe((before.posts ?? 0) + set.size.projects * (set.size.posts + 2));
    const wrong = (await verifyDatabase(open.target)).filter(({ problems }) => problems.length > 0);
    expect(wrong).toEqual([]);
    const [person] = await open.sql('select password_hash as hash from users where email = $1', [
      `person1@${name}.seed.example`,
    ]);
    if (login === null) expect(person?.hash).toBeNull();
    else expect(await hashBy(String(person?.hash).replace(/\$[^$]*$/, ''), login.password)).toBe(person?.hash);
    await expect(loadSeed(target, set)).rejects.toThrow(`${name} is there already`);
    await clearSeed(target, set);
    expect(await counts()).toEqual(before);
  });

  it('is the same each time', async () => {
    const shape = async () => {
      await loadSeed(target, set);
      const texts = await open.sql(
        'select p.text, pp.state, pp.likes from posts p join post_publications pp on pp.post_id = p.id order by 1, 2, 3',
      );
      await clearSeed(target, set);
      return texts;
    };
    const first = await shape();
    expect(first.length).toBeGreaterThan(0);
    expect(await shape()).toEqual(first);
  });
});

describe('people beside a set', () => {
  it('keep every row of theirs, and all three sets fit beside each other', async () => {
    const ada = await addPerson(open.sql, 'ada');
    const tenant = await addTenant(open.sql, ada.userId);
    await addPost(open.sql, tenant.projectId);
    const before = await counts();
    for (const name of seedNames) await loadSeed(target, setOf(name));
    await clearSeed(target, setOf('demo'));
    for (const name of ['minimal', 'production-like'] as const) await clearSeed(target, setOf(name));
    expect(await counts()).toEqual(before);
  });

  it('are asked before what they added to a made-up project goes', async () => {
    const ada = await addPerson(open.sql, 'ada');
    await loadSeed(target, seedSets.minimal);
    const [project] = await open.sql(`select id from projects where metadata ->> 'seed' = 'minimal'`);
    await addRow(open.sql, 'posts', {
      project_id: project?.id,
      created_by: ada.userId,
      text: 'Mine',
      schedule_type: 'draft',
    });
    await expect(clearSeed(target, seedSets.minimal)).rejects.toThrow(
      'people have added to minimal: posts (1); say --force',
    );
    expect(await open.sql(`select text from posts where text = 'Mine'`)).toHaveLength(1);
    await clearSeed(target, seedSets.minimal, { force: true });
    expect(await open.sql(`select text from posts where text = 'Mine'`)).toEqual([]);
  });

  it('are many in production, where no set is loaded unless that is meant', async () => {
    await open.sql(
      `insert into users (email, password_hash, display_name) select 'real' || n || '@example.com', 'none', 'Real' from generate_series(1, 26) n`,
    );
    await expect(loadSeed(target, seedSets.minimal)).rejects.toThrow(
      'this looks like production (more than 25 people)',
    );
    await loadSeed(target, seedSets.minimal, { force: true });
    await clearSeed(target, seedSets.minimal);
  });
});
