/** A migration file says how it is run, and what cannot be run so is refused before anything happens. */
import { describe, expect, it } from 'vitest';
import { readMigrationFile } from '../../../infra/tools/migration-file.ts';

const outside = '-- Old code keeps working: yes.\n-- Outside a transaction: large tables.\n';

describe('readMigrationFile', () => {
  it('runs a file within a transaction unless its first lines say otherwise', () => {
    expect(readMigrationFile('-- About posts.\nselect 1;').outside).toBe(false);
    expect(readMigrationFile('select 1;\n-- Outside a transaction: too late.\nselect 2;').outside).toBe(false);
    expect(readMigrationFile(`${outside}select 1;`).outside).toBe(true);
  });

  it('knows the steps that it can find out about', () => {
    const { steps } = readMigrationFile(`${outside}
      create unique index concurrently a_idx on a (b);
      -- now without
      drop index concurrently if exists c_idx;
      -- Repeat until it changes nothing
      delete from a where ctid in (select ctid from a limit 10);
      -- Repeat until it changes nothing: select count(*) from a
      update a set b = 1;
      analyze a;`);
    expect(steps).toEqual([
      { kind: 'build index', index: 'a_idx', table: 'a', text: 'create unique index concurrently a_idx on a (b)' },
      { kind: 'drop index', index: 'c_idx', text: 'drop index concurrently if exists c_idx' },
      { kind: 'repeat', total: null, text: 'delete from a where ctid in (select ctid from a limit 10)' },
      { kind: 'repeat', total: 'select count(*) from a', text: 'update a set b = 1' },
      { kind: 'once', text: 'analyze a' },
    ]);
  });

  it.each([
    ['-- Repeat until it changes nothing\nupdate a set b = 1', /outside a transaction/],
    [`${outside}-- Repeat until it changes nothing\nselect fill()`, /changes rows/],
    [`${outside}reindex index concurrently a_idx`, /run again/],
    [`${outside}create index concurrently on a (b)`, /run again/],
  ])('refuses %j', (source, message) => {
    expect(() => readMigrationFile(source)).toThrow(message);
  });
});
