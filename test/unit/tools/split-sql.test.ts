/** A migration file becomes the statements that its author sees. */
import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { splitSql } from '../../../infra/tools/split-sql.ts';

describe('splitSql', () => {
  it.each([
    ['nothing', '', []],
    ['white space and comments', ' \n-- one;\n/* two; */ ;; ', []],
    ['two statements', 'select 1;select 2;', ['select 1', 'select 2']],
    ['a last statement without its semicolon', 'select 1;\nselect 2\n', ['select 1', 'select 2']],
    ['a semicolon in a string', "select 'a;b'; select 2", ["select 'a;b'", 'select 2']],
    ['a doubled quote', "select 'it''s;'; select 2", ["select 'it''s;'", 'select 2']],
    ['a quoted name', 'select 1 as "a;b"; select 2', ['select 1 as "a;b"', 'select 2']],
    ['a line comment', 'select 1 -- no; end\n+ 1; select 2', ['select 1 -- no; end\n+ 1', 'select 2']],
    ['a comment with a quote', "-- it's\nselect 1; select 2", ["-- it's\nselect 1", 'select 2']],
    ['a block comment', 'select /* ; */ 1; select 2', ['select /* ; */ 1', 'select 2']],
    ['a nested block comment', 'select /* a /* ; */ ; */ 1; select 2', ['select /* a /* ; */ ; */ 1', 'select 2']],
    ['a dollar-quoted body', 'do $$ begin; end $$; select 2', ['do $$ begin; end $$', 'select 2']],
    ['a named dollar quote', 'do $a$ x; $$ y; $$ $a$; select 2', ['do $a$ x; $$ y; $$ $a$', 'select 2']],
    ['a quote inside a dollar quote', "do $$ it's; $$; select 2", ["do $$ it's; $$", 'select 2']],
    ['a parameter, which is no dollar quote', 'select $1; select $2', ['select $1', 'select $2']],
    ['a dollar inside a name', 'select a$b$c; select 2', ['select a$b$c', 'select 2']],
    ['an escape string', "select E'it\\'s;'; select 2", ["select E'it\\'s;'", 'select 2']],
    ['a backslash in a plain string', "select 'a\\'; select 2", ["select 'a\\'", 'select 2']],
  ])('cuts %s', (_name, source, statements) => {
    expect(splitSql(source)).toEqual(statements);
  });

  it('loses nothing of our own migrations but semicolons and the space between', async () => {
    const folder = new URL('../../../sql/migrations/', import.meta.url);
    for (const file of await readdir(folder)) {
      const source = await readFile(new URL(file, folder), 'utf8');
      const bare = (text: string) => text.replace(/[;\s]/g, '');
      const statements = splitSql(source);
      expect(statements.length, file).toBeGreaterThan(0);
      expect(bare(statements.join('')), file).toBe(bare(source));
    }
  });
});
